import { describe, expect, it } from 'vitest';
import { asSessionId } from '../identity.ts';
import { createKeyring, generateKeyFile } from '../keys/keyring.ts';
import { seal } from '../tokens/sealed.ts';
import { clearCrossSiteSession, readCrossSiteSession, writeCrossSiteSession } from './cross-site-session.ts';

const now = 1_800_000_000;
const endsAt = now + 43_200;
const name = '__Host-sso_xs';
const keys = createKeyring(JSON.stringify(generateKeyFile('EdDSA'))).sealing;
const sid = asSessionId('sid');
const written = await writeCrossSiteSession({ sid }, name, keys, now, endsAt);
const pair = written.split(';')[0] ?? '';
const read = (header: string | undefined, at = now) => readCrossSiteSession(header, name, keys, at);

describe('the cross-site session', async () => {
  it('comes back as it was written', async () => expect(await read(`a=b; ${pair}`)).toMatchObject({ sid }));

  it('is sent with requests of other sites, to this host alone, until the session ends', () => {
    expect(written).toMatch(/; Path=\/; Max-Age=43200; Secure; HttpOnly; SameSite=None$/);
  });

  it('seals the name of the session: the cookie itself does not show it', () => {
    expect(Buffer.from(pair.split('.')[3] ?? '', 'base64url').toString('latin1')).not.toContain('sid');
  });

  it('is removed by an answer that reaches it from a frame', () => {
    expect(clearCrossSiteSession(name)).toBe('__Host-sso_xs=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=None');
  });

  it.each([
    ['one second left', endsAt - 1, true],
    ['the very second it ends', endsAt, false],
  ])('%s', async (_, at, known) => expect((await read(pair, at)) !== undefined).toBe(known));

  const host = await seal(keys, 'host-session', { sid }, now, endsAt);
  const watching = await seal(keys, 'monitor', { sid, clientId: 'globex' }, now, endsAt);
  const another = await writeCrossSiteSession({ sid: asSessionId('other') }, name, keys, now, endsAt);
  const strangers = createKeyring(JSON.stringify(generateKeyFile('EdDSA'))).sealing;
  const forged = await writeCrossSiteSession({ sid }, name, strangers, now, endsAt);
  it.each<[string, string | undefined]>([
    ['nothing', undefined],
    ['the sid itself, which is no secret', `${name}=sid`],
    ['the host session in its place', `${name}=${host}`],
    ['the monitor of a frame in its place', `${name}=${watching}`],
    ['one of other keys', forged.split(';')[0]],
    ['two of two sessions', `${pair}; ${another.split(';')[0]}`],
    ['one under a longer name', `x${pair}`],
  ])('is nobody for %s', async (_, header) => expect(await read(header)).toBeUndefined());
});
