import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  CognitoIdentityProviderClient,
  ConfirmSignUpCommand,
  CreateUserPoolClientCommand,
  CreateUserPoolCommand,
  InitiateAuthCommand,
  SignUpCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';
import type postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from '../../shared/migrations/migrate.ts';
import { connectDatabase } from '../../shared/store/connect.ts';
import { type BoundProcess, spawnBound } from '../local/bound-process.ts';
import { buildTriggers } from '../local/bundles.ts';
import { type InvocationRecord, type LambdaHost, startLambdaHost } from '../local/lambda-host.ts';
import { type FreshDatabase, freshDatabase } from '../local/postgres.testing.ts';

/**
 * Our bundles on our Lambda host, called by a Cognito emulator that nobody here wrote, with the AWS SDK in front and
 * behind: what we believe of Cognito's events doesn't rest on our own stand-in alone.
 *
 * Three things about it are its own. All its events say version 0, where Cognito says 1: functions of one line between
 * it and ours mend that. It swallows what post-confirmation throws, where Cognito tells the caller. And of
 * pre-token-generation it knows V1.
 */
let database: FreshDatabase;
let sql: postgres.Sql;
let dir: string;
let host: LambdaHost;
let emulator: BoundProcess;
let origin: string;
let poolId: string;
let clientId: string;
let cognito: CognitoIdentityProviderClient;
const records: InvocationRecord[] = [];

beforeAll(async () => {
  const home = fileURLToPath(new URL('../../.crossgate', import.meta.url));
  mkdirSync(home, { recursive: true });
  dir = mkdtempSync(path.join(home, 'test-cognito-local-'));
  database = await freshDatabase();
  sql = connectDatabase({ url: database.url, poolSize: 2, connectTimeout: 3, statementTimeout: 30 });
  await migrate(sql, { table: undefined });

  const bundles = await buildTriggers({ outDir: path.join(dir, 'bundles') });
  const functions = ['post-confirmation', 'pre-token-generation'].map((name) => {
    const bundle = bundles.find((one) => one.name === name);
    if (bundle === undefined) throw new Error(`${name} was not built`);
    const file = path.join(dir, `${name}.mjs`);
    const real = JSON.stringify(pathToFileURL(bundle.file).href);
    writeFileSync(
      file,
      `import { handler as ours } from ${real};
export const handler = (event, context) => ours({ ...event, version: '1' }, context);`,
    );
    return { name, file, env: { CROSSGATE_DATABASE_URL: database.url, CROSSGATE_TRIGGERS_CACHE_SECONDS: '0' } };
  });
  host = await startLambdaHost({ functions, onInvoke: (record) => records.push(record) });
  await host.warm();
  [emulator, origin] = await startEmulator();
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  cognito = new CognitoIdentityProviderClient({ endpoint: origin, region: 'us-east-1', credentials, maxAttempts: 1 });
  const { UserPool } = await cognito.send(
    new CreateUserPoolCommand({ PoolName: 'people', UsernameAttributes: ['email'] }),
  );
  poolId = UserPool?.Id ?? '';
  const made = await cognito.send(new CreateUserPoolClientCommand({ UserPoolId: poolId, ClientName: 'web' }));
  clientId = made.UserPoolClient?.ClientId ?? '';
});
afterAll(async () => {
  cognito?.destroy();
  await emulator?.kill();
  await host?.stop();
  await sql?.end({ timeout: 1 });
  await database?.drop();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => {
  records.length = 0;
});

/** It reads its settings from `.cognito/config.json` where it starts, and says where it listens. */
async function startEmulator(): Promise<[BoundProcess, string]> {
  mkdirSync(path.join(dir, '.cognito'));
  const config = {
    LambdaClient: {
      endpoint: host.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      maxRetries: 0,
    },
    TriggerFunctions: { PostConfirmation: 'post-confirmation', PreTokenGeneration: 'pre-token-generation' },
  };
  writeFileSync(path.join(dir, '.cognito', 'config.json'), JSON.stringify(config));
  const script = new URL('../../node_modules/cognito-local/lib/bin/start.js', import.meta.url);
  const child = spawnBound(process.execPath, [fileURLToPath(script)], {
    orderly: 'KILL',
    abrupt: 'KILL',
    cwd: dir,
    env: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: '0',
      CODE: '1234',
      AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE: '1',
    },
  });
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    createInterface({ input: child.output })
      .on('line', (line) => {
        said.push(line);
        const [, address] = /running on (http:\/\/[\d.]+:\d+)/.exec(line) ?? [];
        if (address !== undefined) resolve([child, address]);
      })
      .once('close', () => reject(new Error(`cognito-local ended: ${said.join('\n')}`)));
  });
}

async function signUp(email: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const UserAttributes = Object.entries({ email, ...more }).map(([Name, Value]) => ({ Name, Value }));
  const common = { ClientId: clientId, Username: email };
  const { UserSub = '' } = await cognito.send(new SignUpCommand({ ...common, Password: password, UserAttributes }));
  await cognito.send(new ConfirmSignUpCommand({ ...common, ConfirmationCode: '1234' }));
  return UserSub;
}

/** The verified claims of the ID token. */
async function signIn(email: string): Promise<JWTPayload> {
  const AuthParameters = { USERNAME: email, PASSWORD: password };
  const command = new InitiateAuthCommand({ ClientId: clientId, AuthFlow: 'USER_PASSWORD_AUTH', AuthParameters });
  const { AuthenticationResult } = await cognito.send(command);
  const keys = createRemoteJWKSet(new URL(`${origin}/${poolId}/.well-known/jwks.json`));
  const { payload } = await jwtVerify(AuthenticationResult?.IdToken ?? '', keys, { audience: clientId });
  return payload;
}

const password = 'Correct horse 1 battery!';
const rowsOf = (subject: string) => sql<{ id: string; email: string; name: string | null; provider: string }[]>`
  select id::text, email, name, provider from crossgate.users where subject = ${subject}`;
const calls = () => records.map(({ functionName, error }) => `${functionName} ${error ? error.errorMessage : 'done'}`);

describe('an emulator that nobody here wrote', () => {
  it('gets a row at sign-up, with the pool’s sub', async () => {
    const sub = await signUp('hal@acme.test', { name: 'Hal' });
    expect(calls()).toEqual(['post-confirmation done']);
    expect(await rowsOf(sub)).toEqual([
      { id: expect.any(String), email: 'hal@acme.test', name: 'Hal', provider: 'cognito' },
    ]);
  });

  it('puts the row’s id, roles and permissions into the ID token, as text', async () => {
    const sub = await signUp('ida@acme.test');
    const [row] = await rowsOf(sub);
    await sql`insert into crossgate.roles (name) values ('editor'), ('reader')`;
    await sql`insert into crossgate.permissions (resource, action) values ('notes', 'read'), ('notes', 'write')`;
    await sql`insert into crossgate.role_permissions (role, permission_id) select 'editor', id from crossgate.permissions`;
    await sql`insert into crossgate.user_roles ${sql(['editor', 'reader'].map((role) => ({ user_id: row?.id ?? '', role })))}`;
    const claims = await signIn('ida@acme.test');
    expect(claims).toMatchObject({
      sub,
      uid: row?.id,
      roles: 'editor reader',
      permissions: 'notes:read notes:write',
      perm_v: expect.stringMatching(/^[1-9]\d*$/),
    });
  });

  it('gets the same row again at the next sign-in', async () => {
    const sub = await signUp('jon@acme.test');
    const [first, second] = [await signIn('jon@acme.test'), await signIn('jon@acme.test')];
    expect(second.uid).toBe(first.uid);
    expect(await rowsOf(sub)).toHaveLength(1);
  });

  it('is told when post-confirmation fails, and pre-token-generation makes up for it', async () => {
    await sql`alter table crossgate.users rename to users_away`;
    let sub: string;
    try {
      sub = await signUp('kim@acme.test');
    } finally {
      await sql`alter table crossgate.users_away rename to users`;
    }
    const [record] = records;
    expect(record).toMatchObject({ functionName: 'post-confirmation', error: { errorMessage: expect.any(String) } });
    expect(record?.error?.errorMessage).not.toMatch(/users|relation|42P01/);
    expect(await rowsOf(sub)).toEqual([]);
    const claims = await signIn('kim@acme.test');
    expect(await rowsOf(sub)).toMatchObject([{ id: claims.uid, email: 'kim@acme.test' }]);
  });

  it('keeps out somebody who is disabled, and passes our words on', async () => {
    const sub = await signUp('lea@acme.test');
    await sql`update crossgate.users set state = 'disabled' where subject = ${sub}`;
    await expect(signIn('lea@acme.test')).rejects.toMatchObject({
      name: 'UserLambdaValidationException',
      message: 'pre-token-generation failed with error This account is disabled..',
    });
  });
});
