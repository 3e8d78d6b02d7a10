import { describe, expect, it } from 'vitest';
import { createSealing } from './sealing.ts';

const secret = new Uint8Array(32).fill(7);
const now = 1_800_000_000;
const sealing = createSealing(secret, 'session', ['https://www.globex.com', 'globex']);
const value = { sid: 'sid-of-ann', name: 'Ann Ångström' };

describe('a sealed value', () => {
  it('opens again until its time is over, and is another text every time', () => {
    const sealed = sealing.seal(value, now + 60);
    expect(sealing.open(sealed, now + 59)).toEqual({ ...value, until: now + 60 });
    expect(sealing.open(sealed, now + 60)).toBeUndefined();
    expect(sealing.seal(value, now + 60)).not.toBe(sealed);
    expect(sealed).toMatch(/^[A-Za-z0-9_-]+$/);
  });

  it.each([
    ['another secret', createSealing(new Uint8Array(32).fill(8), 'session', ['https://www.globex.com', 'globex'])],
    ['another purpose', createSealing(secret, 'challenge', ['https://www.globex.com', 'globex'])],
    ['another app', createSealing(secret, 'session', ['https://www.initech.com', 'globex'])],
    ['another cut of the same names', createSealing(secret, 'session', ['https://www.globex.comglobex'])],
  ])('does not open by %s', (_, other) => {
    expect(other.open(sealing.seal(value, now + 60), now)).toBeUndefined();
  });

  it('does not open with any character changed, cut or added', () => {
    const sealed = sealing.seal(value, now + 60);
    const spoilt = Array.from(sealed, (letter, i) => [
      sealed.slice(0, i) + (letter === 'A' ? 'B' : 'A') + sealed.slice(i + 1),
      sealed.slice(0, i),
      `${sealed.slice(0, i)}A${sealed.slice(i)}`,
    ]).flat();
    const all = [...spoilt, `${sealed}=`, `${sealed}.`, ` ${sealed}`, '', 'A', '='.repeat(50), 'A'.repeat(38)];
    expect(all.filter((one) => one !== sealed && sealing.open(one, now))).toEqual([]);
  });
});
