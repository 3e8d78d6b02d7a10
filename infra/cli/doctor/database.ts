import type postgres from 'postgres';
import type { Clock, Seconds } from '../../../shared/clock.ts';
import type { Config } from '../../../shared/config.ts';
import { SsoError } from '../../../shared/errors.ts';
import { pendingMigrations } from '../../../shared/migrations/migrate.ts';
import { missingRights } from '../../../shared/migrations/missing-rights.ts';
import { databaseAdvice } from '../../../shared/store/database-advice.ts';
import { askDatabase } from '../../../shared/store/database-error.ts';
import { type Finding, failure, fine, skipped, warning } from './finding.ts';

/** Tokens and sessions are dated by the gateway's clock and by the database's. */
const clockTolerance: Seconds = 5;
/** `server_version_num` of the oldest PostgreSQL that is supported. */
const oldestPostgres = 150_000;

/** Looks whether the database answers, in time with us, has all steps, and lets the role do what the gateway does. */
export async function lookAtDatabase(sql: postgres.Sql, users: Config['users'], clock: Clock): Promise<Finding[]> {
  let server: Server;
  try {
    server = await askDatabase(sql, 'directory_unavailable', 'connecting', async () => {
      const [row] = await sql<Server[]>`
        select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
          current_user as role, current_setting('is_superuser') = 'on' as superuser,
          extract(epoch from clock_timestamp())::float8 as now`;
      if (!row) throw new SsoError('directory_unavailable', 'connecting: an empty answer');
      return row;
    });
  } catch (error) {
    return [
      failure('database', reasonOf(error), databaseAdvice(error)),
      skipped('migrations', 'needs the database'),
      skipped('rights', 'needs the database'),
    ];
  }
  return [
    lookAtServer(server),
    lookAtClock(server.now - clock()),
    ...(await lookAtSchema(sql, users)),
    ...(await lookAtRights(sql, users, server)),
  ];
}

type Server = {
  readonly version: string;
  readonly number: number;
  readonly role: string;
  readonly superuser: boolean;
  readonly now: Seconds;
};

function lookAtServer({ version, number, role }: Server): Finding {
  const says = `PostgreSQL ${version.split(' ')[0]}, as ${role}`;
  if (number < oldestPostgres) return failure('database', says, 'PostgreSQL 15 or newer is needed.');
  return fine('database', says);
}

function lookAtClock(ahead: Seconds): Finding {
  const off = Math.abs(ahead);
  if (off <= clockTolerance) return fine('clock', 'as the database has it');
  const says = `the database is ${Math.round(off)} s ${ahead > 0 ? 'ahead of' : 'behind'} this machine`;
  return failure(
    'clock',
    says,
    'Let both take their time from NTP: sessions end, and tokens expire, at the wrong moment.',
  );
}

async function lookAtSchema(sql: postgres.Sql, users: Config['users']): Promise<Finding[]> {
  try {
    const pending = await pendingMigrations(sql, users);
    if (pending.length === 0) return [fine('migrations', 'all have run')];
    return [
      failure(
        'migrations',
        `not yet run: ${pending.join(', ')}`,
        'Run `crossgate migrate` as the owner of your tables.',
      ),
    ];
  } catch (error) {
    return [failure('migrations', reasonOf(error), databaseAdvice(error))];
  }
}

async function lookAtRights(
  sql: postgres.Sql,
  users: Config['users'],
  { role, superuser }: Server,
): Promise<Finding[]> {
  try {
    const { rights, things } = await missingRights(sql, users);
    const theirs = things.filter((thing) => !thing.startsWith('crossgate.') && thing !== 'crossgate');
    return [
      ...(theirs.length === 0
        ? [fine('users', users.table ?? 'crossgate.users, made by the migrations')]
        : [
            failure(
              'users',
              `not there: ${few(theirs)}`,
              'Mend users.table and users.columns, or make what is missing.',
            ),
          ]),
      ...(rights.length === 0
        ? []
        : [
            failure(
              'rights',
              `${role} lacks ${few(rights)}`,
              `Run what \`crossgate migrate --print-grants --role ${role}\` prints, as the owner of your tables.`,
            ),
          ]),
      ...(rights.length === 0 && superuser
        ? [
            warning(
              'rights',
              `${role} is a superuser`,
              'Run the gateway as a role of its own: crossgate migrate --print-grants --role NAME.',
            ),
          ]
        : []),
      ...(rights.length === 0 && !superuser ? [fine('rights', `${role} has what the gateway needs`)] : []),
    ];
  } catch (error) {
    return [failure('rights', reasonOf(error), databaseAdvice(error))];
  }
}

/** The first of many, and how many more there are. */
function few(many: readonly string[]): string {
  const shown = many.slice(0, 3).join('; ');
  return many.length > 3 ? `${shown}; and ${many.length - 3} more` : shown;
}

const reasonOf = (error: unknown): string => (error instanceof SsoError ? error.reason : String(error));
