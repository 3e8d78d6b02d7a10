import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKeyring, type Keyring, signingUses } from '../../shared/keys/keyring.ts';
import type { RotationStep } from '../../shared/keys/rotation.ts';
import { type RotateOptions, runKeysRotate } from '../cli/keys.ts';
import { startInProcess } from './gateways.testing.ts';
import { createLoad, type Load } from './key-rotation-load.testing.ts';
import { isKnownTo, loot, useKeys } from './key-thief.testing.ts';
import { startPool } from './pool-provider.testing.ts';
import { memoryRooms } from './rooms.testing.ts';
import { type Subject, startSubject } from './subject.testing.ts';

const start = () =>
  startSubject(startPool, memoryRooms, (world) =>
    startInProcess({ ...world, config: { ...world.config, check: { ...world.config.check, identityJwt: true } } }),
  );

/** For how long the least attentive verifier of the load keeps published keys; what `--settle` is by default. */
const settle = 3600;
/** How long restarting both takes here, at most. */
const restarts = 600;
const minute = 60;

describe('a rotation under load, on two processes that are restarted one after the other', { timeout: 60_000 }, () => {
  let cwd: string;
  let file: string;
  let subject: Subject;
  let load: Load;
  /** Longer than anything lives, by no more than the restarts take. */
  let keep: number;

  beforeEach(async () => {
    cwd = mkdtempSync(join(tmpdir(), 'crossgate-rotation-'));
    file = join(cwd, 'keys.json');
    subject = await start();
    load = createLoad(subject, settle);
    keep = subject.config.session.lifetime + restarts;
    writeFileSync(file, subject.config.keys);
    await load.live(2 * minute, 30);
    expect(load.refused).toEqual([]);
  });
  afterEach(async () => {
    await subject.stop();
    rmSync(cwd, { recursive: true, force: true });
    expect(subject.log.filter(({ text }) => text.includes('"code":"internal"'))).toEqual([]);
  });

  const ring = (): Keyring => createKeyring(readFileSync(file, 'utf8'));
  /** `crossgate keys rotate`, at the time that it is in this world. Says what came of any key. */
  const rotate = (options: Partial<RotateOptions> = {}): Set<string> => {
    const out: string[] = [];
    const console = { env: {}, cwd, out: (text: string) => void out.push(text), err: () => {}, isScreen: false };
    expect(runKeysRotate({ file, settle, keep, json: true, ...options }, console, subject.now)).toBe(0);
    return new Set((JSON.parse(out.join()) as RotationStep[]).map(({ done }) => done));
  };
  /** A restart while requests are under way. */
  const restart = async (process: 'first' | 'second'): Promise<void> => {
    const underWay = load.live(30, 30);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await subject.restart(process, readFileSync(file, 'utf8'));
    await underWay;
  };
  /** Both, and some time in which they differ: as long as it takes until both have signed everything, where they differ in that. */
  const rollingRestart = async (signers: 'same' | 'two'): Promise<void> => {
    await restart('second');
    for (const use of signingUses) load.kids[use].clear();
    const isSeen = () => signingUses.every((use) => load.kids[use].size >= 2);
    for (let round = 0; round < 2 || (signers === 'two' && round < 15 && !isSeen()); round++) await load.live(20, 20);
    if (signers === 'two') expect(isSeen()).toBe(true);
    await restart('first');
    await load.live(20, 20);
  };

  it('refuses nothing, signs nobody out, and in the end the removed keys are worth nothing', async () => {
    const before = subject.keyring;
    expect(rotate()).toEqual(new Set(['added']));
    await rollingRestart('same');
    expect(rotate()).toEqual(new Set(['waits']));
    await load.live(settle, 15 * minute);

    expect(rotate()).toEqual(new Set(['promoted', 'added']));
    await rollingRestart('two');
    expect(load.refused).toEqual([]);
    // sessions that began a moment before end a moment before the keys go
    await load.live(keep, 50 * minute);

    expect(rotate()).toEqual(new Set(['removed', 'promoted', 'added']));
    await rollingRestart('two');
    // by then nobody has the old ones any more
    await load.live(settle, 20 * minute);
    expect(load.refused).toEqual([]);
    for (const what of ['a page', 'renewal by fetch', 'an app with our filter', 'an upstream', 'an app elsewhere'])
      expect(load.done.get(what)).toBeGreaterThan(60);
    expect(await useKeys(before, ring(), subject, load)).toEqual([]);
    expect(await useKeys(ring(), ring(), subject, load)).toEqual(loot);
  });

  it('notices where a key signs that was never published before', async () => {
    rotate();
    expect(rotate({ settle: 0 })).toContain('promoted');
    await restart('second');
    // what one process made is nothing to the other; where somebody comes to which of them is chance
    const signs = [/^a page: was sent to sign in/, /^in and out: .*\/callback/, /^an app elsewhere: .* refuses/];
    const isNoticed = () => signs.every((sign) => load.refused.some((one) => sign.test(one)));
    for (let round = 0; round < 30 && !isNoticed(); round++) await load.live(20, 20);
    expect(isNoticed(), load.refused.join('\n')).toBe(true);
  });

  it('notices where a key signs before everybody has it who verifies', async () => {
    rotate();
    await rollingRestart('same');
    await load.live(5 * minute, minute);
    expect(load.refused).toEqual([]);
    expect(rotate({ settle: 0 })).toContain('promoted');
    await restart('second');
    await load.live(minute, 20);
    expect(load.refused).toContainEqual(expect.stringMatching(/^an app elsewhere: stubborn refuses/));
    expect(load.refused).toContainEqual(expect.stringMatching(/^an upstream: stubborn refuses/));
    // the two gateways understand each other, and so does our own filter, which asks again
    expect(load.refused.filter((one) => !one.includes('stubborn refuses'))).toEqual([]);
  });

  it('notices where a key goes before what it made is over', async () => {
    rotate();
    await rollingRestart('same');
    await load.live(settle, 15 * minute);
    rotate();
    await rollingRestart('two');
    expect(load.refused).toEqual([]);
    expect(rotate({ keep: 0 })).toContain('removed');
    await restart('second');
    await restart('first');
    await load.round();
    expect(load.refused).toContainEqual(expect.stringMatching(/^a page: (was sent to sign in|\/session says 401)/));
  });

  describe('of keys that leaked', () => {
    const bothAtOnce = async (): Promise<void> => {
      for (const process of ['first', 'second'] as const) await subject.restart(process, readFileSync(file, 'utf8'));
    };

    it('of the domain cookie makes the old cookies worthless at once, and nobody signs in again', async () => {
      const old = load.browsers.map((browser) => browser.jar.value('__Secure-sso', subject.at.notes) ?? '');
      rotate({ leaked: true, use: ['domainCookie'] });
      await bothAtOnce();
      for (const cookie of old) {
        const headers = { cookie: `__Secure-sso=${cookie}` };
        expect((await subject.ask('/check', { headers })).status).toBe(401);
      }
      for (const browser of load.browsers) {
        const page = await browser.tab().goto(`${subject.at.notes}/`);
        const paths = page.hops.map(({ url }) => new URL(url).pathname);
        expect([page.status, paths]).toEqual([200, ['/', '/login', '/']]);
      }
      // our own filter meets the new key, and so forgets the old ones
      await load.round();
      for (const cookie of old) expect(await isKnownTo(load.filter, cookie)).toBe(false);
      expect(load.refused.filter((one) => !one.includes('stubborn refuses'))).toEqual([]);
      await load.live(settle, 30 * minute);
      expect(await useKeys({ ...ring(), domainCookie: subject.keyring.domainCookie }, ring(), subject, load)).toEqual(
        loot.filter((what) => !what.startsWith('a domain cookie')),
      );
    });

    it('is known to apps with our filter after ten minutes, also where nobody comes with a new cookie', async () => {
      const [browser] = load.browsers;
      const old = browser?.jar.value('__Secure-sso', subject.at.notes) ?? '';
      rotate({ leaked: true, use: ['domainCookie'] });
      await bothAtOnce();
      await subject.pass(10 * minute);
      expect(await isKnownTo(load.filter, old)).toBe(false);
    });

    it('of everything ends every session, and people sign in again', async () => {
      rotate({ leaked: true });
      await bothAtOnce();
      for (const browser of load.browsers) {
        const cookie = browser.jar.header(new URL(subject.at.gateway));
        expect((await subject.ask('/session', { headers: { cookie } })).status).toBe(401);
        const page = await browser.tab().goto(`${subject.at.notes}/`);
        expect(page.hops.map(({ url }) => new URL(url).pathname)).toContain('/callback/acme');
      }
      await subject.pass(settle);
      expect(await useKeys(subject.keyring, ring(), subject, load)).toEqual([]);
    });
  });
});
