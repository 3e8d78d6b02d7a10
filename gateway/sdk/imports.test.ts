import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

/** What ends up in an app that uses one thing of one door. */
async function bundle(entry: string, name: string) {
  const { metafile } = await build({
    stdin: { contents: `export { ${name} } from '${entry}'`, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    conditions: ['workerd', 'browser'],
    external: ['node:*'],
  });
  const [output] = Object.values(metafile.outputs);
  const imports = output?.imports.map(({ path }) => path) ?? [];
  return { inputs: Object.keys(metafile.inputs), imports: new Set(imports), bytes: output?.bytes ?? 0 };
}

describe('what an app installs', () => {
  it.each([
    ['./core.ts', 'createAutoLogin'],
    ['./core.ts', 'createHandOff'],
    ['./hono.ts', 'autoLogin'],
    ['./hono.ts', 'handOff'],
    ['./express.ts', 'autoLogin'],
    ['./express.ts', 'handOff'],
  ])('%s %s runs on Node and Workers, and is small', async (entry, name) => {
    const { inputs, imports, bytes } = await bundle(entry, name);
    expect([...imports].sort()).toEqual(['node:buffer', 'node:crypto']);
    expect(inputs.filter((path) => /node_modules\/(?!lru-cache)|users|shared\/store|config/.test(path))).toEqual([]);
    expect(bytes).toBeLessThan(50_000);
  });
});
