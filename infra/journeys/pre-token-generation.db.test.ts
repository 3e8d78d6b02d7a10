import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate } from '../../shared/migrations/migrate.ts';
import { connectDatabase } from '../../shared/store/connect.ts';
import { buildTriggers } from '../local/bundles.ts';
import { type LambdaHost, startLambdaHost } from '../local/lambda-host.ts';
import { type Postgres, startPostgres } from '../local/postgres.ts';

/** The bundle as it is deployed, called over the Lambda Invoke API, on a Postgres of its own that can be taken away. */
let server: Postgres;
let host: LambdaHost;
let lambda: LambdaClient;
let sql: postgres.Sql;
let dir: string;

beforeAll(async () => {
  dir = mkdtempSync(path.resolve('.crossgate/trigger-'));
  const [bundles, started] = await Promise.all([buildTriggers({ outDir: dir }), startPostgres()]);
  server = started;
  sql = connectDatabase({ url: server.url, poolSize: 2, connectTimeout: 3, statementTimeout: 10 });
  await migrate(sql, { table: undefined });
  const file = bundles.find(({ name }) => name === 'pre-token-generation')?.file ?? '';
  const env = { CROSSGATE_DATABASE_URL: server.url, CROSSGATE_TRIGGERS_DEADLINE: '800' };
  host = await startLambdaHost({
    functions: [
      { name: 'strict', file, env },
      { name: 'lenient', file, env: { ...env, CROSSGATE_TRIGGERS_ON_FAILURE: 'degrade' } },
    ],
  });
  await host.warm();
  lambda = new LambdaClient({
    region: 'us-east-1',
    endpoint: host.endpoint,
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    maxAttempts: 1,
  });
});
afterAll(async () => {
  lambda?.destroy();
  await host?.stop();
  await sql?.end({ timeout: 1 });
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function invoke(name: string, event: object): Promise<{ failed: boolean; answer: Record<string, unknown> }> {
  const output = await lambda.send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event) }));
  return {
    failed: output.FunctionError !== undefined,
    answer: JSON.parse(Buffer.from(output.Payload ?? []).toString()) as Record<string, unknown>,
  };
}

const event = (sub: string, email: string, version = '2') => ({
  version,
  triggerSource: 'TokenGeneration_HostedAuth',
  region: 'us-east-1',
  userPoolId: 'us-east-1_LocalDev0',
  userName: sub,
  callerContext: { awsSdkVersion: 'aws-sdk-unknown-unknown', clientId: 'web' },
  request: {
    userAttributes: { sub, email, email_verified: 'true', name: 'Zoë' },
    groupConfiguration: {},
    scopes: ['openid'],
  },
  response: { claimsAndScopeOverrideDetails: null },
});

const claimsOf = (answer: Record<string, unknown>) =>
  (
    answer as {
      response: {
        claimsAndScopeOverrideDetails: { idTokenGeneration: { claimsToAddOrOverride: Record<string, unknown> } };
      };
    }
  ).response.claimsAndScopeOverrideDetails.idTokenGeneration.claimsToAddOrOverride;

describe('with a database', () => {
  it('a missing row is made once, whoever asks first', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => invoke('strict', event('zoe', 'zoe@acme.test'))));
    const rows = await sql<{ id: string }[]>`select id::text from crossgate.users where subject = 'zoe'`;
    expect(rows).toHaveLength(1);
    for (const { failed, answer } of answers) {
      expect(failed).toBe(false);
      expect(claimsOf(answer)).toEqual({ uid: rows[0]?.id, roles: [], permissions: [], perm_v: 1 });
    }
  });

  it('a role given between two tokens is in the second', async () => {
    const { answer } = await invoke('strict', event('yan', 'yan@acme.test'));
    const uid = String(claimsOf(answer).uid);
    await sql`insert into crossgate.roles (name) values ('reader')`;
    await sql`insert into crossgate.permissions (resource, action) values ('notes', 'read')`;
    await sql`insert into crossgate.role_permissions (role, permission_id) select 'reader', id from crossgate.permissions`;
    await sql`insert into crossgate.user_roles (user_id, role) values (${uid}, 'reader')`;
    const later = await invoke('strict', event('yan', 'yan@acme.test'));
    expect(claimsOf(later.answer)).toMatchObject({ uid, roles: ['reader'], permissions: ['notes:read'] });
    expect(Number(claimsOf(later.answer).perm_v)).toBeGreaterThan(1);
  });

  it('somebody disabled gets no token, and is told in words that give nothing away', async () => {
    await invoke('strict', event('xia', 'xia@acme.test'));
    await sql`update crossgate.users set state = 'disabled' where subject = 'xia'`;
    for (const name of ['strict', 'lenient']) {
      const { failed, answer } = await invoke(name, event('xia', 'xia@acme.test'));
      expect({ failed, says: answer.errorMessage }).toEqual({ failed: true, says: 'This account is disabled.' });
    }
  });
});

describe('without one', () => {
  beforeAll(async () => {
    await sql.end({ timeout: 1 });
    await server.stop();
  });

  it('fails closed by default, well within Cognito’s five seconds and without a word of the inside', async () => {
    const began = performance.now();
    const { failed, answer } = await invoke('strict', event('zoe', 'zoe@acme.test'));
    expect({ failed, says: answer.errorMessage }).toEqual({ failed: true, says: 'Accounts cannot be read right now.' });
    expect(JSON.stringify(answer)).not.toMatch(/127\.0\.0\.1|postgres|ECONN|\.ts|\.mjs/);
    expect(performance.now() - began).toBeLessThan(4500);
  });

  it('degrades where configured so: a token that says nothing of the person', async () => {
    const { failed, answer } = await invoke('lenient', event('zoe', 'zoe@acme.test'));
    expect(failed).toBe(false);
    const nothing = { claimsToSuppress: ['uid', 'roles', 'permissions', 'perm_v'] };
    expect(answer.response).toEqual({
      claimsAndScopeOverrideDetails: { idTokenGeneration: nothing, accessTokenGeneration: nothing },
    });
  });
});
