import { describe, expect, it } from 'vitest';
import { asSessionId, asSubject, asUserId } from '../identity.ts';
import { createKeyring, generateKeyFile } from '../keys/keyring.ts';
import { seal } from '../tokens/sealed.ts';
import { longestCookie } from './cookie.ts';
import {
  type CarriedSession,
  clearHostSession,
  type HostSession,
  hashHandle,
  newHandle,
  newSessionId,
  readHostSession,
  writeHostSession,
} from './host-session.ts';

const now = 1_800_000_000;
const name = '__Host-sso';
const keys = createKeyring(JSON.stringify(generateKeyFile('EdDSA'))).sealing;
const session: HostSession = {
  handle: newHandle(),
  sid: asSessionId('sid'),
  uid: asUserId('42'),
  authTime: now - 5,
  endsAt: now + 43_200,
};
const written = await writeHostSession(session, name, keys, now);
const pair = written.split(';')[0] ?? '';
const value = pair.slice(name.length + 1);
const read = (header: string | undefined, at = now) => readHostSession(header, name, keys, at);

describe('the host session', () => {
  it('comes back as it was written', async () => {
    expect(await read(pair)).toMatchObject(session);
    expect(await read(`a=b; ${pair}; c=d`)).toMatchObject(session);
  });

  it('goes when the session ends, and belongs to the host alone', () => {
    expect(written).toMatch(/; Max-Age=43200; Secure; HttpOnly; SameSite=Lax$/);
    expect(written).not.toContain('Domain');
    expect(written.length).toBeLessThan(800);
  });

  it.each([
    ['one second left', session.endsAt - 1, true],
    ['the very second it ends', session.endsAt, false],
  ])('%s', async (_, at, alive) => expect((await read(pair, at)) !== undefined).toBe(alive));

  it('is removed by the name it has', () => {
    expect(clearHostSession(name)).toBe('__Host-sso=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax');
  });

  it('may come twice if both are the same', async () => {
    expect(await read(`${pair}; ${pair}`)).toMatchObject(session);
  });
});

describe('a host session that carries all of itself', () => {
  const identity = { provider: 'acme', subject: asSubject('ann') };
  const carried = { identity, createdAt: now, providerConfirmedAt: now };
  const came = async (more: Partial<CarriedSession>, of = name) => {
    const cookie = await writeHostSession({ ...session, carried: { ...carried, ...more } }, of, keys, now);
    expect(cookie.length).toBeLessThanOrEqual(longestCookie);
    return (await readHostSession(cookie.split(';')[0], of, keys, now))?.carried;
  };
  const long = (length: number) => 'x'.repeat(length);

  it.each<[string, Partial<CarriedSession>, (keyof CarriedSession)[]]>([
    ['no tokens', {}, []],
    ['short tokens', { refreshToken: long(500), idToken: long(1000) }, ['refreshToken', 'idToken']],
    ['a refresh token as long as those of Cognito', { refreshToken: long(1900) }, ['refreshToken']],
    ['too long an ID token', { refreshToken: long(1500), idToken: long(1500) }, ['refreshToken']],
    ['too long an ID token alone', { idToken: long(4000) }, []],
    ['too long a refresh token', { refreshToken: long(4000), idToken: long(10) }, []],
  ])('with %s keeps what fits', async (_, tokens, kept) => {
    const expected = Object.fromEntries(Object.entries(tokens).filter(([key]) => kept.some((one) => one === key)));
    expect(await came(tokens)).toEqual({ ...carried, ...expected });
  });

  it('never becomes longer than a cookie may be, whatever its length', async () => {
    for (let length = 2300; length < 2700; length += 7)
      expect(await came({ refreshToken: long(length) }, `${name}_production12`)).toBeDefined();
  });

  it.each<[string, unknown]>([
    ['text', 'carried'],
    ['null', null],
    ['nobody', { createdAt: now, providerConfirmedAt: now }],
    ['nobody’s name', { ...carried, identity: null }],
    ['half an identity', { ...carried, identity: { provider: 'acme' } }],
    ['an empty subject', { ...carried, identity: { provider: 'acme', subject: '' } }],
    ['a time in words', { ...carried, providerConfirmedAt: 'now' }],
    ['no time', { identity, createdAt: now }],
    ['a token that is none', { ...carried, refreshToken: 7 }],
  ])('is a visitor where that is %s', async (_, odd) => {
    const sealed = await seal(keys, 'host-session', { ...session, carried: odd }, now, session.endsAt);
    expect(await read(`${name}=${sealed}`)).toBeUndefined();
  });
});

describe('a visitor', async () => {
  const other = await seal(keys, 'host-session', { ...session, uid: '1' }, now, session.endsAt);
  const attempt = await seal(keys, 'login-attempt', session, now, session.endsAt);
  it.each<[string, string | undefined]>([
    ['brings nothing', undefined],
    ['brings an empty header', ''],
    ['brings an empty cookie', `${name}=`],
    ['brings what we did not seal', `${name}=abc`],
    ['brings two different sessions', `${pair}; ${name}=${other}`],
    ['brings a session and rubbish', `${pair}; ${name}=abc`],
    ['brings another kind of sealed value', `${name}=${attempt}`],
    ['quotes it', `${name}="${value}"`],
    ['names it alike', `x${pair}; ${name}2=${value}; ${name}_staging=${value}`],
    ['uses the public sid as credential', `${name}=sid`],
  ])('%s', async (_, header) => expect(await read(header)).toBeUndefined());
});

describe('a sealed host session of another shape', () => {
  it.each([{}, { sid: 'sid' }, { ...session, handle: 7 }, { ...session, endsAt: 'never' }, { ...session, uid: '' }])(
    'is nobody: %j',
    async (odd) => {
      const sealed = await seal(keys, 'host-session', odd, now, now + 60);
      expect(await read(`${name}=${sealed}`)).toBeUndefined();
    },
  );
});

describe('handles and ids', () => {
  it('are random and of full length', () => {
    const many = new Set(Array.from({ length: 1000 }, newHandle));
    expect(many.size).toBe(1000);
    expect(newHandle()).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(newSessionId()).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });

  it('are known to the store by their SHA-256', () => {
    expect(hashHandle('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0');
  });
});
