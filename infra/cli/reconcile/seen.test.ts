import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Seen, seenFile } from './seen.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'crossgate-seen-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

describe('who was seen', () => {
  it('is known again, and nobody else is, in a few bytes each', () => {
    const before = process.memoryUsage().arrayBuffers;
    const seen = new Seen();
    for (let i = 0; i < 300_000; i++) {
      seen.add(`p${i}`);
      if (i % 100 === 0) seen.takeAdded();
    }
    for (let i = 0; i < 300_000; i += 7) expect(seen.has(`p${i}`)).toBe(true);
    expect(seen.size).toBe(300_000);
    expect(Array.from({ length: 10_000 }, (_, i) => seen.has(`q${i}`))).not.toContain(true);
    expect((process.memoryUsage().arrayBuffers - before) / 300_000).toBeLessThan(64);
  });

  it('counts somebody once', () => {
    const seen = new Seen();
    for (const who of ['ann', 'bob', 'ann']) seen.add(who);
    expect([seen.size, seen.takeAdded().length]).toEqual([2, 16]);
    expect(seen.takeAdded().length).toBe(0);
  });

  it('comes back from its file, less what a crash left behind', () => {
    const path = join(dir, 'seen');
    const file = seenFile(path);
    const first = new Seen();
    first.add('ann');
    file.append(first);
    first.add('bob');
    file.append(first);
    const second = new Seen();
    file.restore(second, 1);
    expect([second.has('ann'), second.has('bob'), second.size]).toEqual([true, false, 1]);
    expect(statSync(path)).toMatchObject({ size: 8 });
    expect(() => file.restore(new Seen(), 2)).toThrow(/not whole/);
    file.clear();
    expect(statSync(path)).toMatchObject({ size: 0 });
  });
});
