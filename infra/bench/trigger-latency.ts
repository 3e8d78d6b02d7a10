import type postgres from 'postgres';
import type { Milliseconds } from '../../shared/clock.ts';
import { configSchema } from '../../shared/config.ts';
import { migrate } from '../../shared/migrations/migrate.ts';
import { connectDatabase } from '../../shared/store/connect.ts';
import { createPostgresDirectory } from '../../shared/users/postgres.ts';
import { createPreTokenGeneration } from '../../triggers/pre-token-generation/pre-token-generation.ts';

/** People in the table. */
const people = 50_000;

/** Middle and slow end of one way's latencies. */
export type Latency = { readonly p50: Milliseconds; readonly p99: Milliseconds };

/** How long a token takes, against the least that any trigger with a database could do. */
export type LatencyResult = Readonly<Record<'select' | 'cached' | 'uncached', Latency>> & {
  /** Medians against the bare SELECT's. */
  readonly ratio: number;
  readonly uncachedRatio: number;
};

/**
 * Measures pre-token-generation, warm, against a SELECT of one row by primary key: on the same connection, mixed, so
 * that a slow moment of the machine meets all alike. `cached` is as configured by default (what is remembered is checked
 * by the permission version for each token), `uncached` reads everything each time.
 *
 * @param url An empty database.
 * @param rounds Each way comes twice in each; the first tenth only warms up.
 */
export async function measureLatency(url: string, rounds: number): Promise<LatencyResult> {
  const sql = connectDatabase({ url, poolSize: 1, connectTimeout: 3, statementTimeout: 30 });
  try {
    const users = configSchema.shape.users.parse(undefined);
    await migrate(sql, users);
    await fill(sql);
    const trigger = (cacheFor: Milliseconds) =>
      createPreTokenGeneration({
        users: createPostgresDirectory(sql, { users, providers: [{ id: 'cognito', trustedEmailDomains: [] }] }),
        provider: 'cognito',
        onFailure: 'refuse',
        deadline: 3000,
        cacheFor,
        claimBudget: 2048,
        log: () => {},
      });
    const [cached, uncached] = [trigger(configSchema.shape.triggers.parse(undefined).cacheSeconds * 1000), trigger(0)];
    // a hundred people come again and again, as in one Lambda environment within half a minute
    const rows = await sql<{ id: string; subject: string }[]>`select id, subject from crossgate.users limit 100`;
    const one = (i: number) => rows[i % rows.length] ?? { id: '', subject: '' };
    const ways: readonly ((i: number) => Promise<unknown>)[] = [
      (i) => sql`select id, email, name, state from crossgate.users where id = ${one(i).id}`,
      (i) => cached(eventOf(one(i).subject)),
      (i) => uncached(eventOf(one(i).subject)),
    ];
    const taken: Milliseconds[][] = ways.map(() => []);
    const shuffled = shuffler();
    for (let i = 0; i < rounds; i++) {
      for (const at of shuffled([...ways.keys(), ...ways.keys()])) {
        const began = performance.now();
        await ways[at]?.(i);
        if (i >= rounds / 10) taken[at]?.push(performance.now() - began);
      }
    }
    const [select, hit, miss] = taken.map(latency);
    if (!select || !hit || !miss) throw new Error('nothing was measured');
    return { select, cached: hit, uncached: miss, ratio: hit.p50 / select.p50, uncachedRatio: miss.p50 / select.p50 };
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/**
 * Puts ways into an order by chance, the same in each run: so each comes after each, itself included. In a fixed order
 * one would always find the server's caches as another left them.
 */
function shuffler(): (list: number[]) => number[] {
  let state = 1;
  const below = (most: number) => {
    // Park and Miller's generator
    state = (state * 48_271) % 2_147_483_647;
    return state % most;
  };
  return (list) => {
    for (let i = list.length - 1; i > 0; i--) {
      const k = below(i + 1);
      [list[i], list[k]] = [list[k] ?? 0, list[i] ?? 0];
    }
    return list;
  };
}

function latency(taken: readonly Milliseconds[]): Latency {
  const sorted = [...taken].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

/** 50,000 people; everybody has three of twenty roles, each with eight permissions. */
async function fill(sql: postgres.Sql): Promise<void> {
  await sql`
    insert into crossgate.users (id, provider, subject, email, name, state)
    select gen_random_uuid(), 'cognito', gen_random_uuid()::text, 'p' || i || '@acme.test', 'Person ' || i, 'active'
    from generate_series(1, ${people}::int) as i`;
  await sql`insert into crossgate.roles (name) select 'role-' || i from generate_series(0, 19) as i`;
  await sql`
    insert into crossgate.permissions (resource, action)
    select 'resource-' || i, 'read' from generate_series(0, 159) as i`;
  await sql`
    insert into crossgate.role_permissions (role, permission_id)
    select 'role-' || ((id - 1) / 8), id from crossgate.permissions`;
  await sql`
    insert into crossgate.user_roles (user_id, role)
    select id::text, 'role-' || (n * 7 + k) % 20
    from (select id, row_number() over () as n from crossgate.users) as person, generate_series(0, 2) as k
    on conflict do nothing`;
  await sql`analyze`;
}

/** What Cognito sends for a person who signs in on its hosted pages. */
export function eventOf(subject: string): object {
  return {
    version: '2',
    triggerSource: 'TokenGeneration_HostedAuth',
    region: 'us-east-1',
    userPoolId: 'us-east-1_LocalDev0',
    userName: subject,
    callerContext: { awsSdkVersion: 'aws-sdk-unknown-unknown', clientId: 'web' },
    request: {
      userAttributes: { sub: subject, email: `${subject}@acme.test`, email_verified: 'true', name: 'Person' },
      groupConfiguration: { groupsToOverride: [], iamRolesToOverride: [], preferredRole: null },
      scopes: ['openid'],
    },
    response: { claimsAndScopeOverrideDetails: null },
  };
}
