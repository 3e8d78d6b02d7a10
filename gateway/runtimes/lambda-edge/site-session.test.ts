import { hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { asSessionId, asSubject, asUserId } from '../../../shared/identity.ts';
import type { SealingKeys } from '../../../shared/keys/keyring.ts';
import { seal } from '../../../shared/tokens/sealed.ts';
import { readSiteSession, type SiteSession, writeSiteSession } from './site-session.ts';

const master = (byte: number): SealingKeys => ({
  currentKid: 'k',
  key: (kid, purpose) =>
    kid === 'k' ? new Uint8Array(hkdfSync('sha256', Buffer.alloc(32, byte), '', purpose, 32)) : undefined,
});
const keys = master(1);
const now = 1_800_000_000;
const session: SiteSession = {
  sid: asSessionId('s'),
  uid: asUserId('u'),
  subject: asSubject('sub'),
  authTime: now,
  endsAt: now + 3600,
  refreshToken: 'refresh',
  idToken: 'id',
};
const pair = async (one = session) => (await writeSiteSession(one, keys, now)).split(';')[0] ?? '';

describe('the sealed session', () => {
  it('opens again, until it ends', async () => {
    expect(await readSiteSession(await pair(), keys, now)).toEqual(session);
    expect(await readSiteSession(await pair(), keys, now + 3601)).toBe(undefined);
  });

  it('is for that host alone, no script, and goes when the session does', async () => {
    expect(await writeSiteSession(session, keys, now)).toMatch(
      /^__Host-site_session=[\w.-]+; Path=\/; Max-Age=3600; Secure; HttpOnly; SameSite=Lax$/,
    );
  });

  it.each<[string, SiteSession, (keyof SiteSession)[]]>([
    ['the ID token first', { ...session, idToken: 'i'.repeat(3000) }, ['idToken']],
    ['then the refresh token', { ...session, refreshToken: 'r'.repeat(3000) }, ['idToken', 'refreshToken']],
    ['nothing of Cognito’s refresh tokens', { ...session, refreshToken: 'r'.repeat(1900), idToken: 'i' }, []],
  ])('leaves out what no cookie holds: %s', async (_, one, gone) => {
    const line = await writeSiteSession(one, keys, now);
    expect(line.length).toBeLessThanOrEqual(4000);
    const read = await readSiteSession(line.split(';')[0], keys, now);
    expect(read).toBeDefined();
    const lost = Object.keys(one).filter((key) => read?.[key as keyof SiteSession] !== one[key as keyof SiteSession]);
    expect(lost.sort()).toEqual(gone.sort());
  });

  it('is nothing in two different copies, of other keys, for another purpose, or in another shape', async () => {
    const other = await pair({ ...session, sid: asSessionId('t') });
    expect(await readSiteSession(`${await pair()}; ${other}`, keys, now)).toBe(undefined);
    expect(await readSiteSession(await pair(), master(2), now)).toBe(undefined);
    for (const [purpose, value] of [
      ['bounces', session],
      ['site-session', { ...session, sid: 7 }],
      ['site-session', { ...session, endsAt: 'x' }],
    ] as const) {
      const sealed = await seal(keys, purpose, value, now, now + 60);
      expect(await readSiteSession(`__Host-site_session=${sealed}`, keys, now)).toBe(undefined);
    }
  });
});
