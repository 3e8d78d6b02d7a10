import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { browserScripts, moduleOf, staleModules } from '../release/browser-scripts.ts';
import { read } from './sources.testing.ts';

it('the scripts for browsers are made of the sources that are here: `npm run build:scripts`', async () => {
  expect(await staleModules()).toEqual([]);
});

it.each(browserScripts)('$module says by what it is made, and of what', ({ entry, module }) => {
  expect(read(module).split('\n')[0]).toBe(`// Made by \`npm run build:scripts\` from ${entry}: change that.`);
});

it.each([
  ['its end', `document.title = '</script>' + String(/<\\/script>/) + \`</SCRIPT>\`;`, 'made without'],
  ['a comment of HTML', `document.title = '<!--';`, 'not made'],
])('an inline script with %s breaks out of no element', async (_, source, outcome) => {
  const folder = mkdtempSync(join(tmpdir(), 'crossgate-script-'));
  try {
    const entry = join(folder, 'entry.ts');
    writeFileSync(entry, source);
    const made = moduleOf({ entry, module: 'a.generated.ts', name: 'a', says: 'A.', as: 'inline' });
    if (outcome === 'not made') await expect(made).rejects.toThrow('would break out of its element');
    else {
      expect(await made).toContain('document.title');
      expect(await made).not.toMatch(/<\/script/i);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
