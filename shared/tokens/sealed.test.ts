import { CompactEncrypt, EncryptJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { createKeyring, generateKeyFile, type KeyFile, type SealPurpose } from '../keys/keyring.ts';
import { seal, unseal } from './sealed.ts';

const now = 1_800_000_000;
const until = now + 900;
const value = { state: 'abc', nested: { list: [1, 'zwei', null] }, unicode: 'Zoë 🚪' };

const file = generateKeyFile('EdDSA');
const sealingOf = (sealing: KeyFile['sealing']) => createKeyring(JSON.stringify({ ...file, sealing })).sealing;
const keys = sealingOf(file.sealing);
const fresh = () => generateKeyFile('EdDSA').sealing;
const purposes: SealPurpose[] = ['host-session', 'login-attempt', 'bounces', 'provider-tokens', 'after-logout'];

const sealed = await seal(keys, 'host-session', value, now, until);
const key = keys.key(keys.currentKid, 'host-session') ?? new Uint8Array();
const header = { alg: 'dir', enc: 'A256GCM', kid: keys.currentKid, typ: 'host-session' } as const;

describe('a sealed value', () => {
  it('opens as it was, with its times', async () => {
    expect(await unseal(keys, 'host-session', sealed, now)).toEqual({ ...value, iat: now, exp: until });
  });

  it('shows nothing and never looks the same twice', async () => {
    expect(Buffer.from(sealed.split('.')[3] ?? '', 'base64url').toString()).not.toContain('state');
    expect(await seal(keys, 'host-session', value, now, until)).not.toBe(sealed);
  });

  it('takes about four thirds of its JSON and 150 bytes', async () => {
    const large = { text: 'x'.repeat(900) };
    const length = (await seal(keys, 'after-logout', large, now, until)).length;
    expect(length).toBeLessThan((JSON.stringify(large).length * 4) / 3 + 220);
  });

  it.each([
    ['one second left', until - 1, true],
    ['the very second it ends', until, false],
    ['long after', until + 31_536_000, false],
  ])('%s', async (_, at, opens) => {
    expect((await unseal(keys, 'host-session', sealed, at)) !== undefined).toBe(opens);
  });

  it.each(purposes)('for %s opens for nothing else', async (purpose) => {
    const one = await seal(keys, purpose, value, now, until);
    for (const other of purposes) {
      expect((await unseal(keys, other, one, now)) !== undefined).toBe(other === purpose);
    }
  });

  it('opens after its key was replaced, as long as the old one is kept', async () => {
    const [next] = fresh();
    const [current] = file.sealing;
    if (!next || !current) throw new Error('no key');
    const rotated = sealingOf([next, current]);
    expect(await unseal(rotated, 'host-session', sealed, now)).toMatchObject(value);
    const newer = await seal(rotated, 'host-session', value, now, until);
    expect(await unseal(keys, 'host-session', newer, now)).toBeUndefined();
    expect(await unseal(sealingOf([next]), 'host-session', sealed, now)).toBeUndefined();
  });

  it('of staging does not open in production, not even under the same kid', async () => {
    expect(await unseal(sealingOf(fresh()), 'host-session', sealed, now)).toBeUndefined();
    const sameKid = fresh().map((one) => ({ ...one, kid: keys.currentKid }));
    expect(await unseal(sealingOf(sameKid), 'host-session', sealed, now)).toBeUndefined();
  });

  it('cannot be given another end by its content', async () => {
    const greedy = await seal(keys, 'after-logout', { exp: now + 1e9, iat: 0 }, now, until);
    expect(await unseal(keys, 'after-logout', greedy, now)).toEqual({ iat: now, exp: until });
  });
});

describe('an attacker', () => {
  it('changes one character anywhere', async () => {
    for (let i = 0; i < sealed.length; i++) {
      const changed = sealed.slice(0, i) + (sealed[i] === 'A' ? 'B' : 'A') + sealed.slice(i + 1);
      expect(await unseal(keys, 'host-session', changed, now), `position ${i}`).toBeUndefined();
    }
  });

  it('cuts it anywhere', async () => {
    for (let i = 0; i < sealed.length; i++) {
      expect(await unseal(keys, 'host-session', sealed.slice(0, i), now), `length ${i}`).toBeUndefined();
    }
  });

  it.each([
    ['nothing', ''],
    ['dots', '....'],
    ['a JWT', 'eyJhbGciOiJub25lIn0.e30.'],
    ['a name of Object.prototype', '__proto__'],
    ['an added segment', `${sealed}.AAAA`],
    ['a space', `${sealed} `],
    ['a line break', `${sealed}\n`],
    ['two of them', `${sealed},${sealed}`],
    ['control characters', '\u0000\u0001'],
    ['a megabyte', 'A'.repeat(1_000_000)],
  ])('sends %s', async (_, text) => {
    expect(await unseal(keys, 'host-session', text, now)).toBeUndefined();
  });

  it.each(['nobody', '__proto__', 'constructor', ''])('names the kid %j', async (kid) => {
    const own = await new EncryptJWT(value)
      .setProtectedHeader({ ...header, kid })
      .setIssuedAt(now)
      .setExpirationTime(until)
      .encrypt(key);
    expect(await unseal(keys, 'host-session', own, now)).toBeUndefined();
  });
});

describe('even with the right key', () => {
  const encrypt = (payload: string, protectedHeader: Record<string, unknown>) =>
    new CompactEncrypt(Buffer.from(payload))
      .setProtectedHeader(protectedHeader as typeof header)
      .encrypt(protectedHeader.enc === 'A128GCM' ? key.slice(0, 16) : key);
  const whole = JSON.stringify({ ...value, iat: now, exp: until });

  it.each<[string, string, Record<string, unknown>]>([
    ['no exp', JSON.stringify({ ...value, iat: now }), header],
    ['no iat', JSON.stringify({ ...value, exp: until }), header],
    ['exp as text', JSON.stringify({ iat: now, exp: String(until) }), header],
    ['a list', '[]', header],
    ['null', 'null', header],
    ['no JSON', '{', header],
    ['no typ', whole, { ...header, typ: undefined }],
    ['another typ', whole, { ...header, typ: 'after-logout' }],
    ['no kid', whole, { ...header, kid: undefined }],
  ])('%s does not open', async (_, payload, protectedHeader) => {
    const odd = await encrypt(payload, JSON.parse(JSON.stringify(protectedHeader)));
    expect(await unseal(keys, 'host-session', odd, now)).toBeUndefined();
  });

  it('the same made by hand opens', async () => {
    expect(await unseal(keys, 'host-session', await encrypt(whole, header), now)).toMatchObject(value);
  });
});

it('seals nothing without a key', async () => {
  await expect(seal({ currentKid: 'a', key: () => undefined }, 'after-logout', {}, now, until)).rejects.toMatchObject({
    code: 'internal',
  });
});
