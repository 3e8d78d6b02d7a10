import { SsoError } from '../errors.ts';
import { diagnosis } from './database-error.ts';

const unreachable = 'Is the server running, and may this machine reach it? It is the one that database.url names.';
const untrusted = 'Name the authority that signed its certificate in database.caFile.';

/** By SQLSTATE, or code of Node or postgres.js. @see https://www.postgresql.org/docs/current/errcodes-appendix.html */
const byCode: Readonly<Record<string, string>> = {
  '28P01': 'Mend user or password in database.url.',
  '28000': 'Mend the user in database.url, or let it in from this machine (pg_hba.conf).',
  '3D000': 'Make the database, or mend its name in database.url.',
  '42501':
    'Migrations run as the owner of your tables. The role of the gateway needs what `crossgate migrate --print-grants --role NAME` prints.',
  '42P01': 'Mend users.table, or run `crossgate migrate`.',
  '42703': 'Mend users.columns: a column is not there.',
  '53300': 'The server has no connection left: lower database.poolSize, or let it have more.',
  '57P03': 'The server is starting or stopping. Try again in a moment.',
  ENOTFOUND: 'Mend the host in database.url, or see why this machine cannot resolve it.',
  EAI_AGAIN: 'This machine cannot resolve names right now.',
  ECONNREFUSED: unreachable,
  ECONNRESET: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ETIMEDOUT: unreachable,
  CONNECT_TIMEOUT: unreachable,
  CONNECTION_CLOSED: unreachable,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: 'Name the host in database.url as its certificate does.',
};

/**
 * What an operator can do about a database that failed, in a sentence.
 *
 * @param error As it was thrown, or the {@link SsoError} made of it.
 * @returns `undefined` for what has no common cause.
 */
export function databaseAdvice(error: unknown): string | undefined {
  if (!(error instanceof SsoError)) return adviceOn(error);
  if (error.code !== 'directory_unavailable' && error.code !== 'store_unavailable') return undefined;
  // without a cause it is one of ours: nothing came back in time
  return error.cause === undefined ? unreachable : adviceOn(error.cause);
}

function adviceOn(cause: unknown): string | undefined {
  const { code } = diagnosis(cause);
  return code !== undefined && Object.hasOwn(byCode, code) ? byCode[code] : undefined;
}
