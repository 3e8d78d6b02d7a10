import { describe, expect, it } from 'vitest';
import { asSessionId, asSubject, asUserId } from '../identity.ts';
import { codeOutlives, logoutKept, type NewCode, type Redemption } from './hand-off.ts';
import type { Session, Store } from './store.ts';

const now = 1_900_000_000;
const endsAt = now + 43_200;
const later = now + 300;

let count = 0;
const fresh = (word: string): string => `${word}-of-a-hand-off-${++count}`;

/** What a store promises of codes, access tokens and logout notices. `stores`: one store as two processes have it. */
export function handOffPromises(stores: () => { readonly store: Store; readonly other: Store }): void {
  const either = (i: number) => (i % 2 ? stores().store : stores().other);

  async function begin(changes: { userId?: string; endsAt?: number } = {}): Promise<Session> {
    const sid = asSessionId(fresh('sid'));
    const session = {
      sid,
      userId: asUserId(changes.userId ?? fresh('user')),
      identity: { provider: 'pool', subject: asSubject(fresh('subject')) },
      authTime: now - 30,
      createdAt: now,
      endsAt: changes.endsAt ?? endsAt,
    };
    await stores().store.createSession(session, fresh('handle'));
    return { ...session, lastSeenAt: now, providerConfirmedAt: now, providerGeneration: 0 };
  }

  async function put(sid: Session['sid'], changes: Partial<NewCode> = {}): Promise<Redemption> {
    const code: NewCode = {
      hash: fresh('code'),
      clientId: 'globex',
      redirectUri: 'https://globex.test/callback',
      origin: 'https://globex.test',
      sid,
      challenge: fresh('challenge'),
      nonce: 'n-0S6',
      scope: 'openid email',
      expiresAt: now + 30,
      ...changes,
    };
    await stores().store.createCode(code);
    const { hash, clientId, redirectUri, challenge } = code;
    return { hash, clientId, redirectUri, challenge, accessHash: fresh('access'), accessUntil: later };
  }

  describe('a code', () => {
    it('is redeemed for what it was made for, and for the session as it is', async () => {
      const session = await begin();
      const code = await put(session.sid);
      const outcome = await stores().other.redeemCode(code, now);
      expect(outcome).toEqual({ kind: 'redeemed', session, scope: 'openid email', nonce: 'n-0S6' });
    });

    it('may have no nonce', async () => {
      const { sid } = await begin();
      const { nonce: _, ...bare } = { nonce: '', ...(await put(sid)) };
      const without = { hash: fresh('code'), origin: 'https://globex.test', sid, scope: 'openid', expiresAt: now + 30 };
      await stores().store.createCode({ ...bare, ...without });
      const outcome = await stores().store.redeemCode({ ...bare, hash: without.hash }, now);
      expect(outcome).toMatchObject({ kind: 'redeemed', scope: 'openid' });
      expect(outcome).not.toHaveProperty('nonce');
    });

    it('is redeemed by one of twenty at once, and the others call in what it was given', async () => {
      const { sid } = await begin();
      const code = await put(sid);
      const tries = Array.from({ length: 20 }, (_, i) => ({ ...code, accessHash: `${code.accessHash}-${i}` }));
      const outcomes = await Promise.all(tries.map((one, i) => either(i).redeemCode(one, now)));
      expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['redeemed', ...Array(19).fill('reused')]);
      for (const { accessHash } of tries) expect(await stores().store.findGrant(accessHash, now)).toBeUndefined();
    });

    it.each<[string, Partial<Redemption>]>([
      ['another client', { clientId: 'initech' }],
      ['another redirect URI', { redirectUri: 'https://globex.test/callback2' }],
      ['the redirect URI in other letters', { redirectUri: 'https://globex.test/Callback' }],
      ['no redirect URI', { redirectUri: '' }],
      ['another verifier', { challenge: 'of another verifier' }],
      ['no verifier', { challenge: '' }],
      ['a page of another origin', { origin: 'https://www.globex.test' }],
      ['a page that hides where it is', { origin: 'null' }],
      ['NUL in the redirect URI', { redirectUri: 'https://globex.test/callback\0' }],
      ['half a surrogate pair for a client', { clientId: '\ud800' }],
    ])('is burnt by %s', async (_, change) => {
      const { sid } = await begin();
      const code = await put(sid);
      expect(await stores().store.redeemCode({ ...code, ...change }, now)).toEqual({ kind: 'refused' });
      expect(await stores().other.redeemCode(code, now)).toEqual({ kind: 'refused' });
      expect(await stores().store.findGrant(code.accessHash, now)).toBeUndefined();
      await stores().store.endSession(sid, 'logout', now);
      expect(await stores().store.logoutsOf(sid)).toEqual([]);
    });

    it('is redeemed by a page of the origin that it went to', async () => {
      const code = await put((await begin()).sid);
      const outcome = await stores().store.redeemCode({ ...code, origin: 'https://globex.test' }, now);
      expect(outcome).toMatchObject({ kind: 'redeemed' });
    });

    it.each<[string, number, string]>([
      ['a second before it expires', now + 29, 'redeemed'],
      ['in the very second', now + 30, 'refused'],
      ['later', now + 31, 'refused'],
    ])('%s', async (_, at, kind) => {
      const code = await put((await begin()).sid);
      expect(await stores().store.redeemCode(code, at)).toMatchObject({ kind });
    });

    it.each<[string, (session: Session) => Promise<unknown>]>([
      ['signed out', ({ sid }) => stores().other.endSession(sid, 'logout', now)],
      ['ended with all of the person’s', ({ userId }) => stores().other.endSessionsOf(userId, 'admin', now)],
    ])('is worth nothing once the session was %s', async (_, end) => {
      const session = await begin();
      const code = await put(session.sid);
      await end(session);
      expect(await stores().store.redeemCode(code, now)).toEqual({ kind: 'refused' });
      expect(await stores().store.logoutsOf(session.sid)).toEqual([]);
    });

    it('is worth nothing once the session ran out, or never was', async () => {
      const { sid } = await begin({ endsAt: now + 10 });
      expect(await stores().store.redeemCode(await put(sid), now + 10)).toEqual({ kind: 'refused' });
      const nowhere = await put(asSessionId('no-such-session'));
      expect(await stores().store.redeemCode(nowhere, now)).toEqual({ kind: 'refused' });
    });

    it.each([
      ['nothing', ''],
      ['quotes', `' or true --`],
      ['NUL', 'code\0'],
      ['much', 'x'.repeat(100_000)],
    ])('is not found by %s', async (_, hash) => {
      const code = await put((await begin()).sid);
      expect(await stores().store.redeemCode({ ...code, hash }, now)).toEqual({ kind: 'refused' });
      expect(await stores().store.redeemCode(code, now)).toMatchObject({ kind: 'redeemed' });
    });

    it('either comes before the end of its session, and the client is told; or after it, and is refused', async () => {
      for (let i = 0; i < 20; i += 1) {
        const { sid } = await begin();
        const code = await put(sid);
        const [outcome] = await Promise.all([
          either(i).redeemCode(code, now),
          either(i + 1).endSession(sid, 'logout', now),
        ]);
        const told = (await stores().store.logoutsOf(sid)).map(({ clientId }) => clientId);
        expect(told).toEqual(outcome.kind === 'redeemed' ? ['globex'] : []);
      }
    });

    it('is remembered for as long as what it gave, so that a repeat is noticed', async () => {
      const code = await put((await begin()).sid);
      await stores().store.redeemCode(code, now);
      await stores().store.sweep(later + codeOutlives - 1);
      expect(await stores().store.redeemCode(code, later)).toEqual({ kind: 'reused' });
      await stores().store.sweep(later + codeOutlives);
      expect(await stores().store.redeemCode(code, later)).toEqual({ kind: 'refused' });
    });
  });

  describe('an access token', () => {
    it('stands for client, scope and session until it expires', async () => {
      const session = await begin();
      const code = await put(session.sid);
      expect(await stores().store.findGrant(code.accessHash, now)).toBeUndefined();
      await stores().store.redeemCode(code, now);
      const grant = { clientId: 'globex', scope: 'openid email', session, expiresAt: later };
      expect(await stores().other.findGrant(code.accessHash, later - 1)).toEqual(grant);
      expect(await stores().other.findGrant(code.accessHash, later)).toBeUndefined();
    });

    it('ends with its session', async () => {
      const { sid } = await begin();
      const code = await put(sid);
      await stores().store.redeemCode(code, now);
      await stores().other.endSession(sid, 'logout', now);
      expect(await stores().store.findGrant(code.accessHash, now)).toBeUndefined();
    });

    it('outlives tries of others with its code', async () => {
      const code = await put((await begin()).sid);
      await stores().store.redeemCode(code, now);
      for (const wrong of [{ clientId: 'initech' }, { challenge: 'made up' }, { redirectUri: 'https://evil.test/' }])
        expect(await stores().store.redeemCode({ ...code, ...wrong }, now)).toEqual({ kind: 'refused' });
      expect(await stores().store.findGrant(code.accessHash, now)).toBeDefined();
    });

    it.each([[''], ['null'], ['a\0b'], ['x'.repeat(100_000)]])('is not found by %j', async (hash) => {
      expect(await stores().store.findGrant(hash, now)).toBeUndefined();
    });
  });

  describe('the end of a session', () => {
    async function signedInAt(sid: Session['sid'], ...clientIds: string[]): Promise<void> {
      for (const clientId of clientIds) {
        const outcome = await stores().store.redeemCode(await put(sid, { clientId }), now);
        expect(outcome.kind).toBe('redeemed');
      }
    }
    const taken = async (sid: string, at = now, lease = at + 60) =>
      (await stores().store.takeLogouts(at, lease, 1000)).filter((notice) => notice.sid === sid);

    it('has to be told to each client that was given tokens, once', async () => {
      const { sid, userId } = await begin();
      await signedInAt(sid, 'globex', 'initech', 'globex');
      expect(await stores().other.logoutsOf(sid)).toEqual([]);
      await stores().store.endSession(sid, 'logout', now + 7);
      const pending = { sid, userId, endedAt: now + 7, attempts: 0, state: 'pending' };
      expect(await stores().other.logoutsOf(sid)).toEqual([
        { ...pending, clientId: 'globex' },
        { ...pending, clientId: 'initech' },
      ]);
    });

    it.each<[string, (session: Session) => Promise<unknown>]>([
      ['by an administrator', ({ userId }) => stores().store.endSessionsOf(userId, 'admin', now)],
      ['by the provider', ({ sid }) => stores().store.endSession(sid, 'provider', now)],
      ['by its lifetime', () => stores().store.sweep(now + 100)],
      ['by its lifetime, found out by somebody', ({ sid }) => stores().store.endSession(sid, 'expired', now + 100)],
      [
        'by the next sign-in',
        ({ sid, lastSeenAt: _, providerConfirmedAt: __, providerGeneration: ___, ...session }) =>
          stores().store.createSession({ ...session, sid: asSessionId(fresh('sid')), endsAt }, fresh('handle'), sid),
      ],
    ])('is told also where it came %s', async (_, end) => {
      const session = await begin({ endsAt: now + 100 });
      await signedInAt(session.sid, 'globex');
      await end(session);
      expect(await stores().other.logoutsOf(session.sid)).toMatchObject([{ clientId: 'globex', state: 'pending' }]);
    });

    it('is taken by one of several at once, and again when its taker did not come back', async () => {
      const { sid } = await begin();
      await signedInAt(sid, 'globex', 'initech');
      await stores().store.endSession(sid, 'logout', now);
      const lots = await Promise.all(Array.from({ length: 10 }, (_, i) => either(i).takeLogouts(now, now + 60, 1000)));
      const mine = lots.flat().filter((notice) => notice.sid === sid);
      expect(mine.map(({ clientId, attempt }) => [clientId, attempt]).sort()).toEqual([
        ['globex', 1],
        ['initech', 1],
      ]);
      expect(await taken(sid, now + 59)).toEqual([]);
      expect(await taken(sid, now + 60)).toMatchObject([{ attempt: 2 }, { attempt: 2 }]);
    });

    it('is settled by delivery, whatever a slower taker says', async () => {
      const { sid } = await begin();
      await signedInAt(sid, 'globex');
      await stores().store.endSession(sid, 'logout', now);
      const [notice] = await taken(sid);
      if (!notice) throw new Error('nothing to take');
      await stores().store.noteLogout(notice, { kind: 'delivered' }, now + 1);
      await stores().other.noteLogout(notice, { kind: 'failed', says: '500', retryAt: now + 2 }, now + 2);
      expect(await stores().other.logoutsOf(sid)).toMatchObject([
        { state: 'delivered', settledAt: now + 1, attempts: 1 },
      ]);
      expect(await taken(sid, now + 1000)).toEqual([]);
    });

    it('is put off by a failure, and says why', async () => {
      const { sid } = await begin();
      await signedInAt(sid, 'globex');
      await stores().store.endSession(sid, 'logout', now);
      const [notice] = await taken(sid);
      if (!notice) throw new Error('nothing to take');
      await stores().store.noteLogout(notice, { kind: 'failed', says: 'status\0 503', retryAt: now + 10 }, now + 1);
      const [record] = await stores().other.logoutsOf(sid);
      expect(record).toMatchObject({ state: 'pending', says: 'status 503', attempts: 1 });
      expect(record).not.toHaveProperty('settledAt');
      expect(await taken(sid, now + 9)).toEqual([]);
      expect(await taken(sid, now + 10)).toMatchObject([{ attempt: 2 }]);
    });

    it('is settled where it leads nowhere, given up and forgotten in the end', async () => {
      const { sid } = await begin();
      await signedInAt(sid, 'globex', 'initech');
      await stores().store.endSession(sid, 'logout', now);
      const notices = await taken(sid);
      const [nowhere] = notices;
      if (!nowhere) throw new Error('nothing to take');
      await stores().store.noteLogout(nowhere, { kind: 'nowhere' }, now);
      const states = (await stores().store.logoutsOf(sid)).map(({ state }) => state).sort();
      expect(states).toEqual(['nowhere', 'pending']);
      expect(await taken(sid, now + logoutKept)).toEqual([]);
      await stores().store.sweep(now + logoutKept);
      expect(await stores().store.logoutsOf(sid)).toEqual([]);
    });
  });
}
