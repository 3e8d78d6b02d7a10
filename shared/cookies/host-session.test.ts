import { describe, expect, it } from 'vitest';
import { asSessionId, asUserId } from '../identity.ts';
import { createKeyring, generateKeyFile } from '../keys/keyring.ts';
import { seal } from '../tokens/sealed.ts';
import {
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
