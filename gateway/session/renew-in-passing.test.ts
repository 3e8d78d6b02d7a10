import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { asSessionId, asUserId } from '../../shared/identity.ts';
import { leeway } from '../../shared/tokens/signed.ts';
import { ann, start } from '../check/check.testing.ts';
import { addSession, cookieIn, openRenewingWorld, type RenewingWorld, sessionEnd } from '../check/renews.testing.ts';
import { createRenewalsInPassing, type RenewalsInPassing } from './renew-in-passing.ts';

let world: RenewingWorld;
let renewals: RenewalsInPassing;
beforeEach(async () => {
  world = await openRenewingWorld();
  world.now = ann.exp - 60;
  renewals = createRenewalsInPassing(world.parts);
});
afterEach(() => void vi.useRealTimers());

/** What becomes of Ann's cookie, and what the new one says. */
async function renewed(cookie = ann) {
  const renewal = await renewals.renew(cookie);
  return renewal.kind === 'renewed' ? cookieIn(renewal.cookie, world.now) : renewal.kind;
}

describe('a cookie near its end', () => {
  it('is followed by one of the same session, of the usual length, with what the directory says now', async () => {
    world.users.change(ann.uid, { roles: ['admin'], permissions: ['reports:write'] });
    const { uid, sid, authTime, permissionVersion } = ann;
    const iat = world.now;
    expect(await renewed()).toEqual({
      ...{ uid, sid, authTime, iat, exp: iat + 1800, permissionVersion: permissionVersion + 1 },
      ...{ email: 'ann@acme.test', name: 'Ann', roles: ['admin'], permissions: ['reports:write'] },
    });
    expect((await world.store.findSession(sid, world.now))?.lastSeenAt).toBe(world.now);
  });

  it('is kept by the browser to the end of the session, and no longer', async () => {
    const renewal = await renewals.renew(ann);
    const lasts = `Domain=acme.test; Max-Age=${sessionEnd - world.now}; Secure; HttpOnly; SameSite=Lax`;
    expect(renewal).toMatchObject({ kind: 'renewed', cookie: expect.stringContaining(lasts) });
  });

  it('is not renewed past the end of the session, nor at all where that gains nothing', async () => {
    world.now = sessionEnd - 900;
    const last = { ...ann, iat: world.now - 1500, exp: world.now + 300 };
    expect(await renewed(last)).toMatchObject({ exp: sessionEnd });
    const final = { ...ann, iat: world.now - 900, exp: sessionEnd };
    expect(await renewed(final)).toBe('unchanged');
    expect(renewals.isOpen(final, sessionEnd + leeway)).toBe(false);
  });

  it('asks the provider again when it was asked too long ago, and only then', async () => {
    await renewed();
    expect(world.asked).toBe(0);
    world.now = start + 3600;
    expect(await renewed({ ...ann, exp: world.now + 60 })).toMatchObject({ sid: ann.sid });
    expect(world.asked).toBe(1);
    expect(await world.store.findSession(ann.sid, world.now)).toMatchObject({
      providerConfirmedAt: world.now,
      providerGeneration: 1,
    });
  });
});

describe('nobody renews, and nobody passes, with a cookie', () => {
  it('of a session that ended, of which the feed has not heard', async () => {
    await world.store.endSession(ann.sid, 'logout', world.now);
    expect(world.gateway.feed.isEnded(ann.sid)).toBe(false);
    expect(await renewed()).toBe('ended');
    expect(world.gateway.feed.isEnded(ann.sid)).toBe(true);
  });

  it('of a session that nobody knows', async () => {
    expect(await renewed({ ...ann, sid: asSessionId('made-up') })).toBe('ended');
  });

  it('of a session that is past its end', async () => {
    world.now = sessionEnd;
    expect(await renewed({ ...ann, exp: sessionEnd })).toBe('ended');
  });

  it.each(['disabled', 'deleted'] as const)('of somebody who is %s, and all their sessions end', async (state) => {
    await addSession(world.parts, asSessionId('another'), ann.uid);
    world.users.change(ann.uid, { state });
    expect(await renewed()).toBe('ended');
    expect(await world.store.sessionsOf(ann.uid, world.now)).toEqual([]);
  });

  it('of somebody who is gone', async () => {
    world.users.remove(ann.uid);
    expect(await renewed()).toBe('ended');
    expect(await world.store.sessionsOf(ann.uid, world.now)).toEqual([]);
  });

  it('of somebody who is disabled, while the store cannot write it down', async () => {
    world.users.change(ann.uid, { state: 'disabled' });
    const find = world.parts.users.findById.bind(world.parts.users);
    const users = {
      ...world.parts.users,
      findById: async (id: typeof ann.uid) => {
        world.store.setAvailable(false);
        return await find(id);
      },
    };
    renewals = createRenewalsInPassing({ ...world.parts, users });
    expect(await renewed()).toBe('ended');
    expect(renewals.isOpen(ann, world.now)).toBe(true);
  });

  it("that names somebody else's session, which goes on", async () => {
    const eve = world.users.add({ name: 'Eve' });
    expect(await renewed({ ...ann, uid: eve })).toBe('ended');
    expect(await world.store.findSession(ann.sid, world.now)).toBeDefined();
    expect(world.gateway.feed.isEnded(ann.sid)).toBe(false);
  });

  it('of a session whose grant the provider has ended', async () => {
    world.now = start + 3600;
    world.provider = 'ended';
    expect(await renewed({ ...ann, exp: world.now + 60 })).toBe('ended');
    expect(await world.store.findSession(ann.sid, world.now)).toBeUndefined();
    expect(world.gateway.feed.isEnded(ann.sid)).toBe(true);
  });

  it.each<[string, (world: RenewingWorld) => Promise<unknown>]>([
    ['by this process', ({ parts, now }) => parts.store.endSession(ann.sid, 'logout', now)],
    [
      'by another, whose news came first',
      async ({ gateway }) => gateway.feed.apply({ kind: 'session-ended', sid: ann.sid, until: sessionEnd }),
    ],
  ])('of a session that ended while the renewal was under way, %s', async (_, end) => {
    const find = world.parts.users.findById.bind(world.parts.users);
    const users = {
      ...world.parts.users,
      findById: async (id: typeof ann.uid) => {
        const person = await find(id);
        await end(world);
        return person;
      },
    };
    renewals = createRenewalsInPassing({ ...world.parts, users });
    expect(await renewed()).toBe('ended');
  });
});

describe('a cookie stays as it is, and nothing ends', () => {
  it.each<[string, (world: RenewingWorld) => void, number]>([
    ['while the store is down', ({ store }) => store.setAvailable(false), ann.exp - 60],
    ['while the directory is down', ({ users }) => users.setAvailable(false), ann.exp - 60],
    [
      'while the provider is down, whose word is due',
      (one) => {
        one.provider = 'down';
      },
      start + 3600,
    ],
    [
      'while the provider has been down for hours',
      (one) => {
        one.provider = 'down';
      },
      start + 20_000,
    ],
  ])('%s: no short-lived cookie either', async (_, down, now) => {
    down(world);
    world.now = now;
    const cookie = { ...ann, exp: now + 60 };
    expect(await renewed(cookie)).toBe('unchanged');
    // nobody waits for it again for a moment
    expect([0, 29, 30].map((later) => renewals.isOpen(cookie, now + later))).toEqual([false, false, true]);
    world.store.setAvailable(true);
    expect(await world.store.findSession(ann.sid, now)).toBeDefined();
    expect(world.gateway.feed.isEnded(ann.sid)).toBe(false);
  });

  it('while the store does not answer: nobody waits longer than two seconds, nor again after that', async () => {
    vi.useFakeTimers();
    const store = { ...world.parts.store, findSession: () => new Promise<never>(() => {}) };
    renewals = createRenewalsInPassing({ ...world.parts, store });
    const waiting = Promise.all([renewals.renew(ann), renewals.renew(ann)]);
    await vi.advanceTimersByTimeAsync(1999);
    expect(renewals.isOpen(ann, world.now)).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(await waiting).toMatchObject([{ kind: 'unchanged' }, { kind: 'unchanged' }]);
    expect(renewals.isOpen(ann, world.now)).toBe(false);
  });

  it('and what comes late is nobody’s trouble', async () => {
    vi.useFakeTimers();
    let fail = (_: Error) => {};
    const findSession = () =>
      new Promise<never>((_, reject) => {
        fail = reject;
      });
    renewals = createRenewalsInPassing({ ...world.parts, store: { ...world.parts.store, findSession } });
    const waiting = renewals.renew(ann);
    await vi.advanceTimersByTimeAsync(2000);
    await waiting;
    fail(new Error('the store is down'));
    // an unhandled rejection would fail the run
    await vi.advanceTimersByTimeAsync(1);
    expect(renewals.isOpen(ann, world.now + 30)).toBe(true);
  });
});

describe('many requests of one page', () => {
  const counting = () => {
    let times = 0;
    const findSession: typeof world.parts.store.findSession = (...asked) => {
      times += 1;
      return world.store.findSession(...asked);
    };
    renewals = createRenewalsInPassing({ ...world.parts, store: { ...world.parts.store, findSession } });
    return () => times;
  };

  it('share one renewal and one signature', async () => {
    const times = counting();
    const answers = await Promise.all(Array.from({ length: 50 }, () => renewals.renew(ann)));
    expect(new Set(answers.map((answer) => (answer.kind === 'renewed' ? answer.cookie : answer.kind))).size).toBe(1);
    expect(times()).toBe(1);
  });

  it('make another one only where the browser has not got the first after a while', async () => {
    await renewed();
    expect([0, 9, 10].map((later) => renewals.isOpen(ann, world.now + later))).toEqual([false, false, true]);
  });

  it('share nothing with another session, person, or age', async () => {
    const times = counting();
    await addSession(world.parts, asSessionId('session-2'), ann.uid);
    const eve = asUserId('43');
    const others = [ann, { ...ann, sid: asSessionId('session-2') }, { ...ann, uid: eve }, { ...ann, exp: ann.exp + 1 }];
    const answers = await Promise.all(others.map((one) => renewals.renew(one)));
    expect(answers.map(({ kind }) => kind)).toEqual(['renewed', 'renewed', 'ended', 'renewed']);
    expect(times()).toBe(4);
  });
});
