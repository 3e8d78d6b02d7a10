import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type InvocationRecord, type LambdaHost, startLambdaHost } from '../lambda-host.ts';
import type { PreTokenVersion, TriggerFunctions } from './settings.ts';
import { ann, bob, decode, gateway, type PoolServer, relyingParty, Surfer, servePool } from './user-pool.testing.ts';

const bodies = {
  'claims-v1': `e.response = { claimsOverrideDetails: { claimsToAddOrOverride: { uid: '7', sub: 'forged' }, claimsToSuppress: ['name'], groupOverrideDetails: { groupsToOverride: ['boss'] } } };`,
  'claims-v2': `e.response = { claimsAndScopeOverrideDetails: { idTokenGeneration: { claimsToAddOrOverride: { uid: 7, roles: ['admin'], source: e.triggerSource } }, accessTokenGeneration: { claimsToAddOrOverride: { uid: 7, org: { id: 1 }, source: e.triggerSource }, scopesToAdd: ['extra'] } } };`,
  unchanged: '',
  throws: `throw new Error('db down');`,
  shapeless: `return 'fine';`,
  hangs: `await new Promise((r) => setTimeout(r, 60_000));`,
  'hangs-once': `const fs = await import('node:fs'); const seen = import.meta.filename + '.seen'; if (!fs.existsSync(seen)) { fs.writeFileSync(seen, ''); await new Promise((r) => setTimeout(r, 60_000)); }`,
  'auto-confirm': `e.response.autoConfirmUser = true; e.response.autoVerifyEmail = true;`,
};
type Name = keyof typeof bodies;

const home = fileURLToPath(new URL('../../../.crossgate', import.meta.url));
const records: InvocationRecord[] = [];
let dir: string;
let host: LambdaHost;
let server: PoolServer;

beforeAll(async () => {
  fs.mkdirSync(home, { recursive: true });
  dir = fs.mkdtempSync(path.join(home, 'test-triggers-'));
  const functions = Object.entries(bodies).map(([name, body]) => {
    const file = path.join(dir, `${name}.mjs`);
    fs.writeFileSync(file, `export const handler = async (e) => { ${body}; return e; };`);
    return { name, file, timeoutMs: 1_000 };
  });
  host = await startLambdaHost({ functions, onInvoke: (record) => records.push(record) });
});
afterAll(async () => {
  await host.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => {
  records.length = 0;
});
afterEach(() => server.stop());

async function serve(triggers: TriggerFunctions, timeoutMs = 5_000): Promise<PoolServer> {
  server = await servePool({ lambda: { endpoint: host.endpoint, triggers, timeoutMs } });
  return server;
}

function preToken(name: Name, version?: PreTokenVersion): TriggerFunctions {
  return { PreTokenGeneration: { name, ...(version !== undefined && { version }) } };
}

describe('pre token generation', () => {
  it('V1 changes the ID token, with strings, and the groups of both', async () => {
    const tokens = await (await relyingParty(await serve(preToken('claims-v1')))).signIn(ann.email);
    const access = decode(tokens.access_token);
    expect(tokens.claims).toMatchObject({ uid: '7', sub: ann.sub, 'cognito:groups': ['boss'] });
    expect(tokens.claims).not.toHaveProperty('name');
    expect(access).toMatchObject({ sub: ann.sub, 'cognito:groups': ['boss'] });
    expect(access).not.toHaveProperty('uid');
    expect(server.events.find(({ type }) => type === 'token')?.details.ignored).toEqual(['sub']);
  });

  it.each(['V2_0', 'V3_0'] as const)('%s changes both tokens, with any JSON, and the scopes', async (version) => {
    const app = await relyingParty(await serve(preToken('claims-v2', version)));
    const tokens = await app.signIn(ann.email);
    const source = 'TokenGeneration_HostedAuth';
    expect(tokens.claims).toMatchObject({ uid: 7, roles: ['admin'], source });
    expect(decode(tokens.access_token)).toMatchObject({
      uid: 7,
      org: { id: 1 },
      source,
      scope: 'openid email profile extra',
    });
    expect((await app.refresh(tokens.refreshToken)).claims()).toMatchObject({
      source: 'TokenGeneration_RefreshTokens',
    });
  });

  it.each<[PreTokenVersion | undefined, string, object, object]>([
    [undefined, '1', { claimsOverrideDetails: null }, {}],
    ['V1_0', '1', { claimsOverrideDetails: null }, {}],
    ['V2_0', '2', { claimsAndScopeOverrideDetails: null }, { scopes: ['openid', 'email', 'profile'] }],
    ['V3_0', '3', { claimsAndScopeOverrideDetails: null }, { scopes: ['openid', 'email', 'profile'] }],
  ])('%s gets the event that AWS documents, once per sign-in', async (version, number, response, more) => {
    await (await relyingParty(await serve(preToken('unchanged', version)))).signIn(ann.email);
    expect(records.map((record) => record.event)).toEqual([
      {
        version: number,
        triggerSource: 'TokenGeneration_HostedAuth',
        region: 'us-east-1',
        userPoolId: 'us-east-1_LocalDev0',
        userName: 'ann',
        callerContext: { awsSdkVersion: 'aws-sdk-unknown-unknown', clientId: 'gateway' },
        request: {
          userAttributes: {
            sub: ann.sub,
            email_verified: 'true',
            'cognito:user_status': 'CONFIRMED',
            name: 'Ann',
            email: ann.email,
          },
          groupConfiguration: { groupsToOverride: ['staff'], iamRolesToOverride: [], preferredRole: null },
          ...more,
        },
        response,
      },
    ]);
  });

  it.each([
    ['V3_0', 1, { uid: 7, source: 'TokenGeneration_ClientCredentials' }],
    ['V2_0', 0, {}],
  ] as const)('%s and machines: %i calls', async (version, calls, claims) => {
    await serve(preToken('claims-v2', version));
    const response = await fetch(`${server.origin}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: gateway.id,
        client_secret: gateway.secret ?? '',
      }),
    });
    const { access_token } = (await response.json()) as { access_token: string };
    expect(decode(access_token)).toMatchObject({ sub: 'gateway', ...claims });
    expect(records.length).toBe(calls);
  });

  it.each<[string, Name | 'missing', PreTokenVersion, string]>([
    ['throws', 'throws', 'V2_0', 'PreTokenGeneration failed with error db down.'],
    ['answers nonsense', 'shapeless', 'V2_0', 'Unrecognizable lambda output'],
    [
      'does not exist',
      'missing',
      'V2_0',
      'PreTokenGeneration invocation failed due to error ResourceNotFoundException.',
    ],
  ])('that %s is shown to the person, who is not signed in', async (_, name, version, message) => {
    await serve({ PreTokenGeneration: { name, version } });
    const surfer = new Surfer(server.origin);
    await surfer.open((await (await relyingParty(server)).begin()).url);
    await surfer.submit('/login', { username: ann.email, password: ann.password });
    expect([surfer.title, surfer.error, surfer.cookies.has('cognito')]).toEqual(['Sign in', message, false]);
    expect(server.events.filter(({ type }) => type === 'trigger-failed')).toMatchObject([
      { details: { message, username: 'ann' } },
    ]);
  });

  it('that fails behind an existing session is told to the app', async () => {
    const app = await relyingParty(await serve({}));
    const { surfer } = await app.signIn(ann.email);
    const session = surfer.cookies.get('cognito') ?? '';
    expect(session).not.toBe('');
    await server.stop();
    const file = path.join(dir, 'pool.json');
    server = await servePool({ file });
    const { surfer: known, refreshToken } = await (await relyingParty(server)).signIn(ann.email);
    await server.stop();
    server = await servePool({ file, lambda: { endpoint: host.endpoint, triggers: preToken('throws', 'V2_0') } });
    const failing = await relyingParty(server);
    const again = new Surfer(server.origin);
    again.cookies.set('cognito', known.cookies.get('cognito') ?? '');
    await again.open((await failing.begin({ prompt: 'none' })).url);
    const answer = new URL(again.view.url).searchParams;
    expect([answer.get('error'), answer.get('error_description')]).toEqual([
      'invalid_request',
      'PreTokenGeneration failed with error db down.',
    ]);
    await expect(failing.refresh(refreshToken)).rejects.toMatchObject({
      error: 'invalid_grant',
      error_description: 'PreTokenGeneration failed with error db down.',
    });
  });
});

describe('the other triggers', () => {
  async function signUp(email: string) {
    const surfer = new Surfer(server.origin);
    await surfer.open((await (await relyingParty(server)).begin()).url);
    await surfer.follow('Create an account');
    await surfer.submit('/signup', { name: 'New', email, password: 'a long enough password' });
    return surfer;
  }
  async function confirm(surfer: Surfer) {
    const { messages } = (await (await fetch(`${server.origin}/outbox.json`)).json()) as {
      messages: { code: string }[];
    };
    await surfer.submit('/confirmUser', { code: messages[0]?.code ?? '' });
  }

  it('fire in Cognito’s order, with Cognito’s sources', async () => {
    const name = 'unchanged';
    await serve({
      PreSignUp: { name },
      PostConfirmation: { name },
      PostAuthentication: { name },
      PreTokenGeneration: { name },
    });
    const surfer = await signUp('new@acme.test');
    await confirm(surfer);
    await (await relyingParty(server)).signIn(bob.email);
    const events = records.map(
      (record) => record.event as { triggerSource: string; request: { userAttributes: object } },
    );
    expect(events.map((event) => event.triggerSource)).toEqual([
      'PreSignUp_SignUp',
      'PostConfirmation_ConfirmSignUp',
      'TokenGeneration_HostedAuth',
      'PostAuthentication_Authentication',
      'TokenGeneration_HostedAuth',
    ]);
    expect(events[0]?.request.userAttributes).toEqual({ email: 'new@acme.test', name: 'New' });
    expect(events[1]?.request.userAttributes).toMatchObject({
      'cognito:user_status': 'CONFIRMED',
      email_verified: 'true',
    });
  });

  it('PreSignUp can refuse, and nobody is created', async () => {
    await serve({ PreSignUp: { name: 'throws' } });
    const surfer = await signUp('refused@acme.test');
    expect(surfer.error).toBe('PreSignUp failed with error db down.');
    expect(server.pool.accounts().map(({ email }) => email)).not.toContain('refused@acme.test');
  });

  it('PreSignUp can confirm at once', async () => {
    await serve({ PreSignUp: { name: 'auto-confirm' }, PostConfirmation: { name: 'unchanged' } });
    const surfer = await signUp('auto@acme.test');
    expect(surfer.view.url).toContain('http://app.test/callback?code=');
    expect(records.map((record) => record.functionName)).toEqual(['auto-confirm', 'unchanged']);
  });

  it('PostConfirmation that fails leaves the person confirmed', async () => {
    await serve({ PostConfirmation: { name: 'throws' } });
    const surfer = await signUp('half@acme.test');
    await confirm(surfer);
    expect(surfer.error).toBe('PostConfirmation failed with error db down.');
    expect(server.pool.accounts().find(({ email }) => email === 'half@acme.test')?.status).toBe('CONFIRMED');
  });

  it('PostAuthentication that fails keeps the person out', async () => {
    await serve({ PostAuthentication: { name: 'throws' } });
    const surfer = new Surfer(server.origin);
    await surfer.open((await (await relyingParty(server)).begin()).url);
    await surfer.submit('/login', { username: ann.email, password: ann.password });
    expect(surfer.error).toBe('PostAuthentication failed with error db down.');
  });
});

// Last: these functions go on running behind the caller's back, and their records come in late.
describe('a trigger', () => {
  it('that answers too late is tried three times', async () => {
    await serve(preToken('hangs', 'V2_0'), 300);
    const surfer = new Surfer(server.origin);
    await surfer.open((await (await relyingParty(server)).begin()).url);
    const began = performance.now();
    await surfer.submit('/login', { username: ann.email, password: ann.password });
    expect(surfer.error).toMatch(/^PreTokenGeneration invocation failed due to error Socket timeout/);
    expect(Math.round((performance.now() - began) / 300)).toBe(3);
  });

  it('that is late once succeeds on the second attempt', async () => {
    await serve(preToken('hangs-once', 'V2_0'), 400);
    const tokens = await (await relyingParty(server)).signIn(ann.email);
    expect(tokens.claims?.sub).toBe(ann.sub);
  });
});
