import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gzipLimit, scriptSizes } from '../bench/client.ts';
import { browserScripts, moduleOf, staleModules } from '../release/browser-scripts.ts';
import { importsOf, isTest, read, repositoryFiles } from './sources.testing.ts';

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

describe('the script for pages', () => {
  it(`is smaller than ${gzipLimit} bytes, as gzip makes it`, async () => {
    const { gzipBytes, brotliBytes, rawBytes } = await scriptSizes();
    expect(gzipBytes).toBeLessThan(gzipLimit);
    expect(rawBytes).toBeGreaterThan(gzipBytes);
    expect(gzipBytes).toBeGreaterThan(brotliBytes);
  });

  it('uses nothing outside of its own folder', () => {
    const sources = repositoryFiles().filter((file) => file.startsWith('gateway/sdk/browser/') && !isTest(file));
    expect(sources).toContain('gateway/sdk/browser/sso.ts');
    const outside = sources.flatMap((file) => importsOf(read(file)).filter((name) => !/^\.\/[a-z-]+\.ts$/.test(name)));
    expect(outside).toEqual([]);
  });

  it('can be imported where there is no page, as a server that renders pages does', async () => {
    expect('window' in globalThis).toBe(false);
    expect(Object.keys(await import('../../gateway/sdk/browser/sso.ts'))).toEqual(['createSso']);
  });

  it('evaluates no text and writes no markup, which a policy could forbid', () => {
    const [script] = browserScripts.filter(({ name }) => name === 'browserScript').map(({ module }) => read(module));
    expect(script).toContain('createSso');
    expect(script).not.toMatch(/\beval\(|new Function|innerHTML|outerHTML|document\.write|insertAdjacentHTML|srcdoc/);
  });
});
