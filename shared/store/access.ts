import type { Clock } from '../clock.ts';
import { ConfigError } from '../config.ts';
import { SsoError } from '../errors.ts';
import { awsCredentials } from './aws-credentials.ts';
import type { DatabaseAccess, DatabaseSettings } from './connect.ts';
import { iamToken } from './iam-token.ts';

/** What a process brings along; nothing here knows a file system or an environment. */
export type AccessSurroundings = {
  /** Reads a file as UTF-8 and throws if it can't. */
  readonly readFile: (path: string) => string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** File that `database.url` was read from, by `CROSSGATE_DATABASE_URL_FILE`. Absent: it stood elsewhere. */
  readonly urlFile?: string | undefined;
  readonly onPasswordFailure?: (error: unknown) => void;
};

/**
 * Makes ready what {@link connectDatabase} needs beside the settings.
 *
 * - `database.caFile` is read, once.
 * - `database.auth: iam`: each new connection gets a token of its own.
 * - A URL that came from a file: each new connection reads the file anew and takes the password that is in it then. So a
 *   password that is changed there needs no restart. The rest of the URL stays as it was at the start.
 *
 * @throws ConfigError for a `caFile` that can't be read, and for IAM where user, host or region is unknown.
 */
export function databaseAccess(database: DatabaseSettings, surroundings: AccessSurroundings): DatabaseAccess {
  const { readFile, urlFile, onPasswordFailure } = surroundings;
  const password =
    database.auth === 'iam'
      ? iamPassword(database, surroundings)
      : urlFile === undefined
        ? undefined
        : async () => passwordOf(readFile(urlFile));
  return {
    ...(database.caFile === undefined ? {} : { ca: readCertificates(database.caFile, readFile) }),
    ...(password && { password }),
    ...(onPasswordFailure && { onPasswordFailure }),
  };
}

function readCertificates(path: string, readFile: AccessSurroundings['readFile']): string {
  const says = (what: string) => new ConfigError([{ where: 'database.caFile', says: `${what}: ${path}` }]);
  let text: string;
  try {
    text = readFile(path);
  } catch {
    throw says('names a file that cannot be read');
  }
  // Node takes a file without certificates for "no authority", and says so only when nobody can connect
  if (!text.includes('-----BEGIN CERTIFICATE-----')) throw says('names a file with no certificate in it');
  return text;
}

function iamPassword({ url }: DatabaseSettings, { env, clock }: AccessSurroundings): () => Promise<string> {
  const { hostname = '', port = '', username = '' } = URL.canParse(url) ? new URL(url) : {};
  // the endpoint's own region, wherever this runs
  const region = /\.([a-z]{2}(?:-[a-z]+)+-\d)\.rds\.amazonaws\.com(?:\.cn)?$/.exec(hostname)?.[1] ?? env.AWS_REGION;
  const mistakes = [
    ...(hostname && username ? [] : [{ where: 'database.url', says: 'must name one host and a user for IAM' }]),
    ...(region ? [] : [{ where: 'database.url', says: 'does not show the region: set AWS_REGION for IAM' }]),
  ];
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  const to = {
    host: hostname,
    port: port === '' ? 5432 : Number(port),
    user: decodeURIComponent(username),
    region: region ?? '',
  };
  return async () => iamToken(to, await awsCredentials(env), clock());
}

function passwordOf(url: string): string {
  const password = /^[^:]+:\/\/[^:@/]*:([^@/]*)@/.exec(url.trim())?.[1];
  if (password === undefined) throw new SsoError('config_invalid', 'the file of database.url holds no password now');
  return decodeURIComponent(password);
}
