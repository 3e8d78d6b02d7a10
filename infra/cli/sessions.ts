import { deviceInWords } from '../../gateway/pages/device.ts';
import { checkAll, loadDatabaseAccess, readConfigInput } from '../../gateway/runtimes/node/load-config.ts';
import { type Seconds, systemClock } from '../../shared/clock.ts';
import { parseConfig } from '../../shared/config.ts';
import { asUserId, type UserId } from '../../shared/identity.ts';
import { connectDatabase } from '../../shared/store/connect.ts';
import { createPostgresStore } from '../../shared/store/postgres.ts';
import type { Session, Store } from '../../shared/store/store.ts';
import { createPostgresDirectory } from '../../shared/users/postgres.ts';
import { CliError, type Console, exits } from './console.ts';
import { findPerson } from './find-person.ts';

export type SessionsOptions = {
  readonly config?: string;
  /** Id, email, or provider and subject with a colon between. */
  readonly user: string;
  readonly json?: boolean;
};

export type EndSessionsOptions = SessionsOptions & {
  /** End only this one. */
  readonly session?: string;
};

/** What the commands work with: whose sessions, and where they are. */
type Found = { readonly userId: UserId; readonly store: Store; readonly now: Seconds };

/** Shows the live sessions of one person. What a browser sent stands in the JSON alone: it could steer a terminal. */
export async function runSessionsList(options: SessionsOptions, console: Console): Promise<number> {
  return await withSessions(options, console, async ({ userId, store, now }) => {
    const sessions = await store.sessionsOf(userId, now);
    if (options.json) console.out(JSON.stringify(sessions.map(asJson)));
    else if (sessions.length === 0) console.err(`${userId} is signed in nowhere.`);
    else for (const session of sessions) console.out(inLines(session));
    return exits.fine;
  });
}

/**
 * Ends the sessions of one person, or one of them. It is written to the database: running gateways hear of it there within
 * seconds, refuse what is left of the sessions, and tell the apps. Refresh tokens stay as they are at the provider.
 */
export async function runSessionsEnd(options: EndSessionsOptions, console: Console): Promise<number> {
  const { json, session: sid } = options;
  return await withSessions(options, console, async ({ userId, store, now }) => {
    let ended: readonly Session[];
    if (sid === undefined) {
      ended = await store.endSessionsOf(userId, 'admin', now);
    } else {
      const named = (await store.sessionsOf(userId, now)).find((session) => session.sid === sid);
      if (!named) throw new CliError(exits.wrong, 'That is no live session of this person.');
      const one = await store.endSession(named.sid, 'admin', now);
      ended = one ? [one] : [];
    }
    if (json) console.out(JSON.stringify(ended.map(asJson)));
    else for (const session of ended) console.out(session.sid);
    console.err(`Ended ${ended.length} ${ended.length === 1 ? 'session' : 'sessions'} of ${userId}.`);
    return exits.fine;
  });
}

/** Needs the configuration of the gateway less its keys. */
async function withSessions(
  { config: file, user }: SessionsOptions,
  console: Console,
  act: (found: Found) => Promise<number>,
): Promise<number> {
  const read = readConfigInput(file, console);
  const config = checkAll(read, (input) => parseConfig({ ...(input as object | undefined), keys: '{}' }));
  const sql = connectDatabase({ ...config.database, poolSize: 1 }, loadDatabaseAccess(config.database, read, console));
  try {
    const store = createPostgresStore(sql);
    const now = systemClock();
    const directory = createPostgresDirectory(sql, config);
    // whoever's row is gone may still be signed in somewhere
    const isLeftOver = (await store.sessionsOf(asUserId(user), now)).length > 0;
    const userId = isLeftOver ? asUserId(user) : (await findPerson(user, sql, directory, config)).id;
    return await act({ userId, store, now });
  } finally {
    await sql.end({ timeout: 5 });
  }
}

function asJson({ sid, userId, identity, createdAt, lastSeenAt, endsAt, userAgent }: Session) {
  const times = { signed_in: iso(createdAt), last_seen: iso(lastSeenAt), ends: iso(endsAt) };
  return { sid, uid: userId, provider: identity.provider, ...times, user_agent: userAgent ?? null };
}

function inLines(session: Session): string {
  const { sid, createdAt, lastSeenAt, endsAt, identity, userAgent } = session;
  return [
    sid,
    `  signed in  ${iso(createdAt)}, at ${identity.provider}`,
    `  last seen  ${iso(lastSeenAt)}, ends ${iso(endsAt)}`,
    `  browser    ${deviceInWords(userAgent).name}`,
  ].join('\n');
}

const iso = (moment: Seconds): string => new Date(moment * 1000).toISOString().replace('.000', '');
