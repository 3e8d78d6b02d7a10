import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { safeAddress, safeTarget, safeText, safeValue, shortened } from './journal-redaction.ts';

const jwt = () =>
  [
    { alg: 'RS256', typ: 'JWT' },
    { sub: 'x', jti: randomBytes(4).toString('hex') },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .concat(randomBytes(32).toString('base64url'))
    .join('.');

/** Secrets of every shape that is around in a sign-in, different each time. */
const secrets: Readonly<Record<string, () => string>> = {
  'a JWT': jwt,
  'a JWE': () => `${jwt()}.${randomBytes(12).toString('base64url')}.${randomBytes(16).toString('base64url')}`,
  'a handle': () => `aA1${randomBytes(32).toString('base64url')}`,
  'a session id': () => `aA1${randomBytes(16).toString('base64url')}`,
  'a hash in hex': () => randomBytes(32).toString('hex'),
};

/** Texts in which a secret turns up. */
const wrappings: readonly ((secret: string) => string)[] = [
  (secret) => secret,
  (secret) => `Bearer ${secret}`,
  (secret) => `see http://auth.acme.localhost/callback?code=${secret}&state=ok`,
  (secret) => `{"id_token":"${secret}"}`,
  (secret) => `x=1; __Host-sso=${secret}; y=2`,
  (secret) => `${'words and '.repeat(156)}${secret}`,
];

/** Where in a value it may lie. */
const places: readonly ((text: string) => unknown)[] = [
  (text) => text,
  (text) => ({ text }),
  (text) => ({ deep: [{ deeper: { text } }] }),
  (text) => ({ [text]: true }),
  (text) => [[text]],
];

describe('what looks like a secret is left out', () => {
  it.each(Object.entries(secrets))('%s, wherever it stands', (_, make) => {
    for (const wrap of wrappings)
      for (const put of places) {
        const secret = make();
        const shown = JSON.stringify(safeValue(put(wrap(secret))));
        // six characters are shown at most, in whichever part of it
        for (let i = 0; i + 9 <= secret.length; i++) {
          const piece = secret.slice(i, i + 9);
          if (/[.]/.test(piece)) continue;
          expect(shown).not.toContain(piece);
        }
      }
  });

  it.each([
    'password',
    'Password',
    'newPassword',
    'new_password',
    'client_secret',
    'clientSecret',
    'Cookie',
    'set-cookie',
    'Authorization',
    'api-key',
    'confirmationCode',
    '_csrf',
  ])('the value of %s, however short', (key) => {
    for (const value of ['hunter2', 123456, ['hunter2', 123456], { inner: 'hunter2', more: 123456 }]) {
      const shown = JSON.stringify(safeValue({ a: { [key]: value } }));
      expect(shown).not.toMatch(/hunt|1234/);
    }
  });

  it.each(['code', 'state', 'nonce', 'refresh_token', 'id_token', 'access_token', 'handle', 'code_verifier'])(
    'all but the beginning of %s',
    (key) => {
      expect(safeValue({ [key]: 'abcdefghijklmnopqrst' })).toEqual({ [key]: 'abcdef…' });
      expect(safeValue({ [key]: 'abcdefghi' })).toEqual({ [key]: '…' });
      expect(safeValue({ [key]: { a: 'abcdefghi' } })).toEqual({ [key]: '…' });
    },
  );

  it.each([
    ['postgres://crossgate:hunter2@127.0.0.1:5432/x', 'postgres://…@127.0.0.1:5432/x'],
    ['Basic dXNlcjpwYXNz was sent', 'Basic … was sent'],
    ['password=hunter2&b=1', 'password=…&b=1'],
    ['client_secret: "hunter2"', 'client_secret: "…"'],
  ])('%s', (text, shown) => {
    expect(safeText(text)).toBe(shown);
  });
});

describe('what people need to see stays', () => {
  it.each([
    '0199c0de-7000-7000-8000-000000000001',
    'TokenGeneration_HostedAuth',
    'us-east-1_LocalDev0',
    'sets __Secure-sso for acme.localhost and every host below',
    'http://auth.acme.localhost:4180/callback/cognito',
    'notes:read, notes:write',
  ])('%s', (text) => {
    expect(safeText(text)).toBe(text);
  });

  it('the claims of a person', () => {
    const claims = { uid: '0199c0de-7000-7000-8000-000000000001', roles: ['admin'], perm_v: 3, token_use: 'id' };
    expect(safeValue(claims)).toEqual(claims);
  });

  it('the beginning of a value that was shortened before', () => {
    expect(safeText('/callback?state=abcdef…')).toBe('/callback?state=abcdef…');
    expect(shortened(shortened('abcdefghijklmnopqrst'))).toBe('abcdef…');
  });
});

describe('addresses', () => {
  it('show the names of parameters, and the values of those that are known to be harmless', () => {
    expect(
      safeTarget('/oauth2/authorize?client_id=crossgate&state=abcdefghijklmnopqrst&code=123456&odd=hunter2'),
    ).toEqual({
      path: '/oauth2/authorize',
      query: { client_id: 'crossgate', state: 'abcdef…', code: '…', odd: '…' },
    });
  });

  it('show how the hand-off asks, and not with what', () => {
    const secret = 'aA1bB2cC3dD4eE5fF6gG7hH8';
    const { query } = safeTarget(
      `/authorize?prompt=none&client_id=globex&nonce=${secret}&code_challenge=${secret}&id_token_hint=${secret}&session_state=${secret}.${secret}&silent=1&button=1`,
    );
    expect(query).toEqual({
      prompt: 'none',
      client_id: 'globex',
      nonce: 'aA1bB2…',
      code_challenge: 'aA1bB2…',
      id_token_hint: 'aA1bB2…',
      session_state: 'aA1bB2…',
      silent: '1',
      button: '1',
    });
    const frame = {
      answer: 'signed-in',
      sentAlong: ['__Host-sso_xs'],
      ticket: secret,
      logout_token: secret,
      monitor: secret,
    };
    expect(JSON.stringify(safeValue(frame))).not.toContain(secret.slice(0, 9));
    expect(safeValue(frame)).toMatchObject({ answer: 'signed-in', sentAlong: ['__Host-sso_xs'] });
  });

  it('are read to the bottom: an address in a parameter has parameters', () => {
    const inner = 'http://notes.acme.localhost/a?token=abcdefghijklmnopqrst';
    const shown = safeAddress(`http://auth.acme.localhost/login?return_to=${encodeURIComponent(inner)}`);
    expect(shown).toBe('http://auth.acme.localhost/login?return_to=http://notes.acme.localhost/a?token=abcdef…');
  });

  it.each([
    'http://ann:hunter2@notes.acme.localhost/',
    'http://notes.acme.localhost/#access_token=hunter2',
    'data:hunter2',
  ])('lose credentials and fragments: %s', (address) => {
    expect(safeAddress(address)).not.toContain('hunter2@');
    expect(safeAddress(address)).not.toContain('access_token');
  });
});

it('bounds what it keeps, and how long it takes', () => {
  const loop: Record<string, unknown> = {};
  loop.again = loop;
  const began = performance.now();
  const shown = JSON.stringify(
    safeValue({ loop, long: 'a'.repeat(5_000_000), words: 'eyJ.'.repeat(100_000), wide: Array(10_000).fill('x') }),
  );
  expect(shown.length).toBeLessThan(20_000);
  expect(performance.now() - began).toBeLessThan(1000);
});
