import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { zipOf } from './zip.ts';

it('is an archive that others can read', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'crossgate-zip-'));
  try {
    const file = path.join(dir, 'fn.zip');
    const content = Buffer.from('export const handler = () => 1;\n'.repeat(1000));
    writeFileSync(file, zipOf('fn.mjs', content));
    const script =
      'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; sys.stdout.buffer.write(z.read("fn.mjs"))';
    const read = spawnSync('python3', ['-c', script, file]);
    if (read.error) return; // nobody here who could
    expect(read.stderr.toString()).toBe('');
    expect(read.stdout.equals(content)).toBe(true);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
