import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ann, relyingParty, Surfer, servePool } from './user-pool.testing.ts';
import { createUserPool } from './user-pool.ts';

const home = fileURLToPath(new URL('../../../.crossgate', import.meta.url));
let dir: string;
beforeAll(() => {
  fs.mkdirSync(home, { recursive: true });
  dir = fs.mkdtempSync(path.join(home, 'test-pool-'));
});
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

describe('a pool with a file', () => {
  it('remembers people, keys, refresh tokens and browsers across a restart', async () => {
    const file = path.join(dir, 'deep/er/pool.json');
    const before = await servePool({ file });
    const app = await relyingParty(before);
    const { refreshToken, surfer, access_token } = await app.signIn(ann.email);
    const { origin } = before;
    await before.stop();

    const pool = await createUserPool({
      origin,
      clients: [{ ...client, callbacks: ['http://app.test/callback'] }],
      file,
    });
    const post = (form: Record<string, string>) =>
      pool.fetch(new Request(`${origin}/oauth2/token`, { method: 'POST', body: new URLSearchParams(form) }));
    const authentication = { client_id: 'gateway', client_secret: 'secret' };
    expect((await post({ grant_type: 'refresh_token', refresh_token: refreshToken, ...authentication })).status).toBe(
      200,
    );
    const info = await pool.fetch(
      new Request(`${origin}/oauth2/userInfo`, { headers: { authorization: `Bearer ${access_token}` } }),
    );
    expect(info.status).toBe(200);
    const query = 'client_id=gateway&redirect_uri=http://app.test/callback&response_type=code&prompt=none';
    const cookie = [...surfer.cookies].map((pair) => pair.join('=')).join('; ');
    const silent = await pool.fetch(new Request(`${origin}/oauth2/authorize?${query}`, { headers: { cookie } }));
    expect(silent.headers.get('location')).toContain('code=');
  });

  it('holds no password and no refresh token, is for its owner only, and leaves no drafts', async () => {
    const file = path.join(dir, 'secrets/pool.json');
    const server = await servePool({ file });
    const { refreshToken } = await (await relyingParty(server)).signIn(ann.email, new Surfer(server.origin));
    await server.stop();
    const text = fs.readFileSync(file, 'utf8');
    for (const secret of [ann.password, refreshToken]) expect(text).not.toContain(secret);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(fs.readdirSync(path.dirname(file))).toEqual(['pool.json']);
  });

  it('keeps what a seeded person has changed', async () => {
    const file = path.join(dir, 'seed.json');
    const options = { origin: 'http://pool.test', clients: [client], file };
    const first = await createUserPool({ ...options, seed: [ann] });
    first.disable('ann');
    const second = await createUserPool({ ...options, seed: [{ ...ann, name: 'Somebody else' }] });
    expect(second.accounts()).toMatchObject([{ username: 'ann', name: 'Ann', enabled: false }]);
  });

  it.each([
    ['half a file', '{"format": 1, "acc'],
    ['another format', '{"format": 2}'],
  ])('says so when it finds %s', async (_, text) => {
    const file = path.join(dir, 'broken.json');
    fs.writeFileSync(file, text);
    await expect(createUserPool({ origin: 'http://pool.test', clients: [], file })).rejects.toThrow(
      /remove it to start over/,
    );
  });
});

const client = { id: 'gateway', secret: 'secret', callbacks: [], logouts: [], scopes: ['openid', 'email', 'profile'] };

describe('settings that Cognito would refuse', () => {
  it.each([
    ['a grace of 61 seconds', { rotation: { graceSeconds: 61 } }, /0–60, not 61/],
    ['a callback that is no URL', { callbacks: ['/callback'] }, /no URL/],
  ])('%s', async (_, wrong, says) => {
    await expect(createUserPool({ origin: 'http://pool.test', clients: [{ ...client, ...wrong }] })).rejects.toThrow(
      says,
    );
  });
});
