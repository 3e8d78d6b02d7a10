import { describe, expect, it } from 'vitest';
import { createAttempts } from './attempts.ts';
import { createSealing } from './sealing.ts';

const now = 1_800_000_000;
const sealingFor = (purpose: string) => createSealing(new Uint8Array(32).fill(1), purpose, ['globex']);
const attempts = createAttempts(sealingFor('redirect'), { prefix: '__Host-app_handoff_', lifetime: 900, most: 5 });
const attempt = (key: string, returnTo = 'https://www.globex.com/') => ({
  key,
  nonce: `nonce of ${key}`,
  verifier: 'v'.repeat(43),
  returnTo,
  silent: false,
});

/** A browser, as far as these cookies go. */
function createJar() {
  const kept = new Map<string, string>();
  return {
    kept,
    get header() {
      return [...kept].map(([name, value]) => `${name}=${value}`).join('; ');
    },
    take(lines: readonly string[]) {
      for (const line of lines) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (line.includes('Max-Age=0;')) kept.delete(name);
        else kept.set(name, value);
      }
    },
  };
}

describe('attempts', () => {
  it('are found by their key, until they have taken too long', () => {
    const jar = createJar();
    jar.take(attempts.start(attempt('a'), jar.header, now));
    jar.take(attempts.start(attempt('b'), jar.header, now + 1));
    expect(attempts.find('a', jar.header, now + 899)).toMatchObject(attempt('a'));
    expect(attempts.find('a', jar.header, now + 900)).toBeUndefined();
    expect(attempts.find('c', jar.header, now)).toBeUndefined();
    expect(attempts.newest(jar.header, now + 2)).toMatchObject(attempt('b'));
    jar.take([attempts.end(attempt('b'))]);
    expect(attempts.newest(jar.header, now + 2)).toMatchObject(attempt('a'));
  });

  it('make room for newer ones, in number and in bytes, and take junk away', () => {
    const jar = createJar();
    jar.kept.set('__Host-app_handoff_AAAAAAAAAAAAAAAA', 'junk');
    for (let i = 0; i < 9; i += 1) jar.take(attempts.start(attempt(`a${i}`), jar.header, now));
    expect(jar.kept.size).toBe(5);
    expect(attempts.find('a8', jar.header, now)).toBeDefined();
    expect(attempts.find('a3', jar.header, now)).toBeUndefined();
    for (let i = 0; i < 4; i += 1)
      jar.take(attempts.start(attempt(`b${i}`, `https://www.globex.com/${'x'.repeat(900)}`), jar.header, now + 1));
    expect(jar.header.length).toBeLessThan(3200);
    expect(attempts.find('b3', jar.header, now + 1)).toBeDefined();
  });

  it('of another kind, or under another’s name, are none', () => {
    const jar = createJar();
    const others = createAttempts(sealingFor('challenge'), { prefix: '__Host-app_handoff_', lifetime: 900, most: 5 });
    jar.take(others.start(attempt('a'), undefined, now));
    expect(attempts.find('a', jar.header, now)).toBeUndefined();
    jar.kept.clear();
    jar.take(attempts.start(attempt('a'), undefined, now));
    jar.take(attempts.start(attempt('b'), undefined, now));
    const [a = '', b = ''] = jar.kept.keys();
    jar.kept.set(b, jar.kept.get(a) ?? '');
    expect(attempts.find('b', jar.header, now)).toBeUndefined();
    expect(attempts.find('a', `${jar.header}; ${a}=x`, now)).toBeUndefined();
  });

  it('in a heap of junk cost little, and are still found', () => {
    const jar = createJar();
    for (let i = 0; i < 300; i += 1) jar.kept.set(`__Host-app_handoff_${String(i).padStart(16, 'A')}`, 'x');
    jar.take(attempts.start(attempt('a'), jar.header, now));
    expect(attempts.find('a', jar.header, now)).toBeDefined();
    expect(attempts.start(attempt('b'), jar.header, now).length).toBeLessThanOrEqual(21);
  });
});
