import { describe, expect, it } from 'vitest';
import { createKeyring, generateKeyFile, type KeyFile } from './keyring.ts';
import { listKeys, type RotationPlan, rotateKeys } from './rotation.ts';

const now = 1_800_000_000;
const settle = 3600;
const keep = 86_400;
const made = generateKeyFile('EdDSA');
const rotate = (file: KeyFile, at: number, plan: Partial<RotationPlan> = {}) => {
  const rotated = rotateKeys(file, { now: at, settle, keep, ...plan });
  // whatever comes out is a key file
  return { ...rotated, ring: createKeyring(JSON.stringify(rotated.file)) };
};
const states = (file: KeyFile, use: keyof KeyFile) =>
  listKeys(file)
    .filter((key) => key.use === use)
    .map(({ algorithm, state }) => `${algorithm} ${state}`);

const prepared = rotate(made, now);
const promoted = rotate(prepared.file, now + settle);

describe('a rotation', () => {
  it('publishes the next keys first, and signs with the present ones', () => {
    expect(states(prepared.file, 'domainCookie')).toEqual(['EdDSA current', 'EdDSA next']);
    expect(states(prepared.file, 'openid')).toEqual(['RS256 current', 'ES256 current', 'RS256 next', 'ES256 next']);
    const before = createKeyring(JSON.stringify(made));
    expect(prepared.ring.domainCookie.current.kid).toBe(before.domainCookie.current.kid);
    expect(prepared.ring.sealing.currentKid).toBe(before.sealing.currentKid);
    expect(prepared.ring.domainCookie.jwks.keys).toHaveLength(2);
  });

  it.each([
    ['the second before it is settled', now + settle - 1, 'waits'],
    ['the second that it is', now + settle, 'promoted'],
  ])('%s a next key %s', (_, at, done) => {
    const { steps } = rotate(prepared.file, at);
    expect(steps.filter((step) => step.use === 'sealing')[0]).toMatchObject({
      kid: prepared.file.sealing[1]?.kid,
      done,
    });
  });

  it('lets the next keys of every algorithm sign, keeps the former, and adds the next ones', () => {
    expect(states(promoted.file, 'openid')).toEqual([
      ...['RS256 current', 'ES256 current', 'RS256 previous', 'RS256 next', 'ES256 previous', 'ES256 next'],
    ]);
    for (const algorithm of ['RS256', 'ES256'] as const) {
      const next = listKeys(prepared.file).find((key) => key.algorithm === algorithm && key.state === 'next');
      expect(promoted.ring.openid.byAlgorithm.get(algorithm)?.kid).toBe(next?.kid);
    }
    expect(promoted.ring.sealing.currentKid).toBe(prepared.file.sealing[1]?.kid);
    expect(promoted.ring.sealing.key(made.sealing[0]?.kid ?? '', 'host-session')).toBeDefined();
  });

  it.each([
    ['one second short', now + settle + keep - 1, true],
    ['whole', now + settle + keep, false],
  ])('keeps a former key until its time is over: %s', (_, at, there) => {
    const kids = rotate(promoted.file, at).file.sealing.map((key) => key.kid);
    expect(kids.includes(made.sealing[0]?.kid ?? '')).toBe(there);
  });

  it('run every week for a year has three keys of each kind at most, and never signs with one unknown the week before', () => {
    let file = made;
    let known = new Set<string>();
    for (let week = 0; week < 52; week++) {
      const { file: next, ring } = rotate(file, now + week * 604_800, { uses: ['sealing', 'identity'] });
      if (week > 0) expect(known).toContain(ring.identity.current.kid);
      known = new Set(ring.identity.all.keys());
      expect(known.size).toBeLessThanOrEqual(3);
      file = next;
    }
    expect(file.domainCookie).toEqual(made.domainCookie);
  });

  it('gives keys that nobody dated their time from now', () => {
    const old: KeyFile = {
      ...made,
      sealing: [...made.sealing, { kid: 'older', k: generateKeyFile('EdDSA').sealing[0]?.k ?? '' }],
    };
    expect(states(old, 'sealing')).toEqual(['A256GCM current', 'A256GCM previous']);
    const first = rotate(old, now, { uses: ['sealing'] }).file;
    expect(first.sealing.map((key) => key.kid)).toContain('older');
    expect(rotate(first, now + keep, { uses: ['sealing'] }).file.sealing.map((key) => key.kid)).not.toContain('older');
  });

  it('leaves the file that it was given as it was', () => {
    const text = JSON.stringify(prepared.file);
    rotate(prepared.file, now + settle);
    expect(JSON.stringify(prepared.file)).toBe(text);
  });

  it('publishes nothing of what it writes down', () => {
    for (const jwk of promoted.ring.openid.jwks.keys) {
      expect(Object.keys(jwk)).not.toEqual(expect.arrayContaining(['created']));
      expect(jwk).not.toHaveProperty('d');
      expect(jwk).not.toHaveProperty('retired');
    }
  });
});

describe('the overlap', () => {
  /** Always the same numbers, between 0 and 1. */
  const dice = (seed: number) => () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };

  it.each(Array.from({ length: 12 }, (_, i) => i))('holds at whatever times somebody rotates: %i', (seed) => {
    const roll = dice(seed);
    const uses = [['sealing'], ['identity'], ['sealing', 'identity']];
    const files = [{ at: 0, file: made }];
    for (let at = now, i = 0; i < 30; i++) {
      // to the second when it may be, at once again, after months
      const exactly = [0, settle / 2, settle, keep][Math.floor(roll() * 8)];
      at += exactly ?? Math.floor(roll() ** 4 * 30 * keep);
      const file = rotateKeys(files.at(-1)?.file ?? made, {
        now: at,
        settle,
        keep,
        uses: (i % 3 ? ['identity', 'sealing'] : uses[Math.floor(roll() * uses.length)]) ?? [],
      }).file;
      files.push({ at, file });
    }
    const inForce = (at: number) => files.findLast((one) => one.at <= at)?.file ?? made;
    for (const use of ['identity', 'sealing'] as const)
      for (const [i, { at, file }] of files.entries()) {
        const signs = file[use][0]?.kid;
        const knownTo = (moment: number) => inForce(moment)[use].some(({ kid }) => kid === signs);
        // a copy that was as old as it may be when this key began to sign
        expect(knownTo(at - settle), `${use} unknown at ${at}`).toBe(true);
        // and what it signed last, just before the next rotation, for as long as that may live
        const until = files[i + 1]?.at ?? at;
        for (const age of [0, keep * roll(), keep - 1]) expect(knownTo(until + age), `${use} gone`).toBe(true);
        expect(file[use].length).toBeLessThan(20);
      }
  });

  it.each([settle, 0])('goes on soon after a clock that was a year ahead twice, %i seconds apart', (apart) => {
    const later = now + 31_536_000;
    let { file } = rotate(rotate(made, later).file, later + apart);
    const signed = new Set<string>();
    for (let week = 0; week < 5; week++) {
      const next = rotate(file, now + week * 604_800);
      signed.add(next.ring.identity.current.kid);
      expect(next.file.identity.length).toBeLessThanOrEqual(3);
      file = next.file;
    }
    expect(signed.size).toBeGreaterThanOrEqual(4);
  });
});

describe('keys that leaked', () => {
  it('are gone at once, of the uses that were named', () => {
    const { file, steps, ring } = rotate(promoted.file, now + 2 * settle, { uses: ['domainCookie'], leaked: true });
    expect(states(file, 'domainCookie')).toEqual(['EdDSA current']);
    const before = promoted.file.domainCookie.map((key) => key.kid);
    expect(before).not.toContain(ring.domainCookie.current.kid);
    expect(steps.map(({ done }) => done)).toEqual(['removed', 'removed', 'removed', 'added']);
    expect(file.sealing).toEqual(promoted.file.sealing);
  });
});
