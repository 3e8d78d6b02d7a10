import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildTriggers } from './bundles.ts';

const home = fileURLToPath(new URL('../../.crossgate', import.meta.url));
let dir: string;

beforeAll(() => {
  fs.mkdirSync(home, { recursive: true });
  dir = fs.mkdtempSync(path.join(home, 'test-bundles-'));
});

afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

async function bundleOf(source: string) {
  const root = fs.mkdtempSync(path.join(dir, 'case-'));
  fs.writeFileSync(path.join(root, 'old.cjs'), `exports.platform = () => require('node:os').platform();`);
  fs.writeFileSync(path.join(root, 'handler.ts'), source);
  const [bundle] = await buildTriggers({ root, outDir: 'out', entries: [{ name: 'fn', entry: 'handler.ts' }] });
  if (bundle === undefined) throw new Error('no bundle');
  return { ...bundle, text: fs.readFileSync(bundle.file, 'utf8') };
}

describe('a bundled trigger', () => {
  it.each([
    ['is one module that runs', `export const handler = async (event: { a: number }) => event.a + 1;`, 2],
    [
      'keeps the names of its errors',
      `class NotAllowed extends Error {}\nexport const handler = () => new NotAllowed().constructor.name;`,
      'NotAllowed',
    ],
    [
      'runs CommonJS that requires Node’s own modules',
      `import { platform } from './old.cjs';\nexport const handler = () => platform();`,
      process.platform,
    ],
  ])('%s', async (_, source, expected) => {
    const { file } = await bundleOf(source);
    const { handler } = (await import(pathToFileURL(file).href)) as { handler: (event: object) => unknown };
    expect(await handler({ a: 1 })).toBe(expected);
  });

  it('has no require shim it does not need', async () => {
    expect((await bundleOf(`export const handler = () => 1;`)).text).not.toContain('createRequire');
  });

  it('leaves the AWS SDK to the runtime', async () => {
    const { text, bytes } = await bundleOf(
      `import { LambdaClient } from '@aws-sdk/client-lambda';\nexport const handler = () => LambdaClient.name;`,
    );
    expect(text).toMatch(/from\s*"@aws-sdk\/client-lambda"/);
    expect(bytes).toBeLessThan(1_000);
  });

  it('drops what it does not use', async () => {
    expect(
      (await bundleOf(`export const handler = () => 1;\nconst unused = () => 'never called';`)).text,
    ).not.toContain('never called');
  });

  it('names the file at fault when it cannot be built', async () => {
    await expect(bundleOf(`import { gone } from './missing.ts'; export const handler = gone;`)).rejects.toThrow(
      /missing\.ts/,
    );
  });
});
