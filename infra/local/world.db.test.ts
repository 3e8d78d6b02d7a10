import './localhost-names.ts';
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type CognitoIdentityProviderClient,
  ConfirmSignUpCommand,
  InitiateAuthCommand,
  SignUpCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from './postgres.testing.ts';
import { cognitoAt, secretHash } from './user-pool/json-api.testing.ts';
import { startWorld, type World } from './world.ts';
import { clientId, worldSecrets } from './world-config.ts';

/** The whole world as `npm run dev` starts it, spoken to by the AWS SDK. */
let database: FreshDatabase;
let world: World;
let dir: string;
let cognito: CognitoIdentityProviderClient;
let hash: (username: string) => string;

beforeAll(async () => {
  const home = fileURLToPath(new URL('../../.crossgate', import.meta.url));
  mkdirSync(home, { recursive: true });
  dir = mkdtempSync(path.join(home, 'test-world-'));
  database = await freshDatabase();
  world = await startWorld({
    port: 0,
    dir,
    databaseUrl: database.url,
    // a message that fails comes back at once: what takes minutes elsewhere takes none here
    queue: { visibilityTimeout: 0, maxReceiveCount: 2 },
  });
  cognito = cognitoAt(world.at.userPool);
  const client = { id: clientId, secret: worldSecrets(dir).clientSecret };
  hash = (username) => secretHash({ ...client, callbacks: [], logouts: [], scopes: [] }, username);
});
afterAll(async () => {
  cognito?.destroy();
  await world?.stop();
  await database?.drop();
  rmSync(dir, { recursive: true, force: true });
});

const password = 'correct horse battery staple';

async function signUp(email: string): Promise<string> {
  const common = { ClientId: clientId, Username: email, SecretHash: hash(email) };
  const UserAttributes = [{ Name: 'name', Value: 'Dee' }];
  const { UserSub = '' } = await cognito.send(new SignUpCommand({ ...common, Password: password, UserAttributes }));
  const outbox = await fetch(`${world.at.userPool}/outbox.json`);
  const { messages } = (await outbox.json()) as { messages: { to: string; code: string }[] };
  const ConfirmationCode = messages.find(({ to }) => to === email)?.code;
  await cognito.send(new ConfirmSignUpCommand({ ...common, ConfirmationCode }));
  return UserSub;
}

async function signIn(email: string): Promise<string | undefined> {
  const AuthParameters = { USERNAME: email, PASSWORD: password, SECRET_HASH: hash(email) };
  const command = new InitiateAuthCommand({ ClientId: clientId, AuthFlow: 'USER_PASSWORD_AUTH', AuthParameters });
  return (await cognito.send(command)).AuthenticationResult?.IdToken;
}

const lastLogin = async (email: string) => {
  const [row] = await world.sql<{ at: Date | null }[]>`
    select people.last_login_at as at from crossgate.users as users
    left join crossgate.people as people on people.user_id = users.id::text where users.email = ${email}`;
  return row?.at;
};
const stepsOf = (kind: string) =>
  world.journal
    .steps()
    .filter((step) => step.kind === kind)
    .map(({ summary }) => summary);
const soon = { timeout: 5000, interval: 20 };

it('a sign-up makes the row before it is answered; a sign-in is written down behind the scenes', async () => {
  const subject = await signUp('dee@acme.test');
  const rows = await world.sql`select subject from crossgate.users where email = 'dee@acme.test'`;
  expect(rows).toEqual([{ subject }]);
  expect(await lastLogin('dee@acme.test')).toBeFalsy();
  expect(await signIn('dee@acme.test')).toBeTypeOf('string');
  await expect.poll(() => lastLogin('dee@acme.test'), soon).toBeTruthy();
  await expect.poll(() => stepsOf('trigger'), soon).toContain('profile-update is done');
  expect(stepsOf('trigger')).toEqual(
    expect.arrayContaining(['post-confirmation is done', 'post-authentication is done']),
  );
  // both triggers of a sign-in tell of it; to the row it makes no difference
  expect(new Set(stepsOf('queue'))).toEqual(new Set(['sign-ins: a message was sent', 'sign-ins: a message was taken']));
  expect(stepsOf('row')).toEqual(
    expect.arrayContaining([expect.stringMatching(/^a new row/), 'the time of the sign-in, and the profile']),
  );
  await expect.poll(() => world.queue.inspect(), soon).toEqual({ ready: 0, inFlight: 0, deadLetters: [] });
});

it('signing in goes on while the queue is away, and is written down all the same', async () => {
  await signUp('eve@acme.test');
  world.queue.setFault('unreachable');
  try {
    expect(await signIn('eve@acme.test')).toBeTypeOf('string');
  } finally {
    world.queue.setFault(undefined);
  }
  expect(await lastLogin('eve@acme.test')).toBeTruthy();
});

it('a message that nobody can read is set aside, with the reason', async () => {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const sqs = new SQSClient({ region: 'us-east-1', endpoint: world.queue.endpoint, credentials });
  await sqs.send(new SendMessageCommand({ QueueUrl: world.queue.queueUrl, MessageBody: '{"v":1,"hello":"world"}' }));
  await expect.poll(() => world.queue.inspect().deadLetters.length, soon).toBe(1);
  expect(world.queue.inspect().deadLetters).toMatchObject([
    { body: '{"v":1,"hello":"world"}', reason: expect.stringContaining('message poisoned') },
  ]);
  expect(stepsOf('queue').at(-1)).toBe('sign-ins: a message was given up: it is in the dead-letter queue');
  const page = await fetch(`${world.at.start}/what-happened`);
  expect(await page.text()).toContain('Nothing could be made of this message.');
  sqs.destroy();
});

it('nothing is left of it once it has stopped', async () => {
  const { endpoint } = world.queue;
  // the functions in front of docs have processes from the first request on
  expect((await fetch(`${world.at.docs}/open/about`)).status).toBe(200);
  await world.stop();
  await expect(fetch(endpoint)).rejects.toThrow();
  await expect(fetch(world.lambda.endpoint)).rejects.toThrow();
  const left = readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(dir);
    } catch {
      return false; // gone since the listing, or not ours to look at
    }
  });
  expect(left).toEqual([]);
});
