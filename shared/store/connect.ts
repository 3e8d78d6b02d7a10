import postgres from 'postgres';
import type { Config } from '../config.ts';
import { SsoError } from '../errors.ts';

/** The settings of {@link connectDatabase}. */
export type DatabaseSettings = Pick<
  Config['database'],
  'url' | 'poolSize' | 'connectTimeout' | 'statementTimeout' | 'caFile'
> & { readonly auth?: Config['database']['auth'] };

/** What of the way in doesn't stand in the settings: files read, passwords made. See `access.ts`. */
export type DatabaseAccess = {
  /** The content of `database.caFile`. */
  readonly ca?: string;
  /**
   * The password, asked for at each new connection: it may have changed since the last one. When it can't be had, the one
   * before is tried. Absent: the one in the URL.
   */
  readonly password?: () => Promise<string>;
  /** Told why a password could not be had. */
  readonly onPasswordFailure?: (error: unknown) => void;
};

/** Modes of `sslmode` that keep out whoever isn't the server. libpq's others only keep out whoever doesn't try. */
const verified = new Set(['verify-full', 'verify-ca', 'true']);
const plain = new Set(['disable', 'false']);

/**
 * Opens the pool of connections to the configured database. Nothing is connected before the first statement.
 *
 * Statements are prepared once a connection. One that takes longer than `statementTimeout` is cancelled by the server, and
 * so is a transaction that says nothing for so long: a function that is frozen half-way must not keep its locks. A server that can't be reached is tried anew at most a second later, so that a short outage stays one. Times of day are
 * never read as `Date`, and notices go nowhere. The caller closes it: `await sql.end({ timeout: 5 })`.
 *
 * With TLS the server's certificate is always verified, its name too: by `database.caFile`, or by the public authorities
 * that Node knows where the URL says `sslmode=verify-full`.
 *
 * @throws SsoError `config_invalid` for an `sslmode` that would verify nobody, a `caFile` that nobody read, and IAM
 *   tokens without verified TLS: whoever took them could sign in.
 * @see https://www.postgresql.org/docs/current/libpq-ssl.html
 */
export function connectDatabase(database: DatabaseSettings, access: DatabaseAccess = {}): postgres.Sql {
  return postgres(database.url, {
    max: database.poolSize,
    connect_timeout: database.connectTimeout,
    backoff: (attempt) => Math.min(0.05 * 2 ** attempt, 1),
    prepare: true,
    onnotice: () => {},
    connection: {
      application_name: 'crossgate',
      statement_timeout: database.statementTimeout * 1000,
      idle_in_transaction_session_timeout: database.statementTimeout * 1000,
    },
    ssl: tlsOf(database, access),
    ...(access.password && { password: lasting(access.password, access.onPasswordFailure) }),
  });
}

function tlsOf({ url, caFile, auth }: DatabaseSettings, { ca, password }: DatabaseAccess): object | false {
  if (caFile !== undefined && ca === undefined)
    throw new SsoError('config_invalid', 'database.caFile: this program does not read it');
  const query = new URLSearchParams(url.split('?')[1]);
  const mode = query.get('sslmode') ?? query.get('ssl') ?? 'disable';
  if (ca === undefined && !verified.has(mode) && !plain.has(mode)) {
    const instead = 'name the authority in database.caFile, or say verify-full for one that is publicly known';
    throw new SsoError('config_invalid', `database.url: sslmode=${mode} would not verify the server: ${instead}`);
  }
  const tls = ca !== undefined || verified.has(mode);
  if (auth === 'iam') {
    if (!tls) throw new SsoError('config_invalid', 'database.caFile: is needed by database.auth iam');
    if (!password) throw new SsoError('config_invalid', 'database.auth: this program makes no IAM tokens');
  }
  if (!tls) return false;
  // for an address postgres.js names no server, and Node would then compare the certificate with "localhost"
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  return { minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }), ...(host === '' ? {} : { host }) };
}

/** Never rejects: postgres.js awaits it where nobody would catch it, and a process would end of that. */
function lasting(password: () => Promise<string>, failed: DatabaseAccess['onPasswordFailure']): () => Promise<string> {
  let last = '';
  return async () => {
    try {
      last = await password();
    } catch (error) {
      failed?.(error);
    }
    return last;
  };
}
