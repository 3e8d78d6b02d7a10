import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

/** What ends up in an app that installs one door of the filter. */
async function bundle(entry: string) {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
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
  it.each(['./core.ts', './hono.ts', './express.ts'])('%s runs on Node and Workers, and is small', async (entry) => {
    const { inputs, imports, bytes } = await bundle(entry);
    expect([...imports].sort()).toEqual(['node:buffer', 'node:crypto']);
    expect(inputs.filter((path) => /node_modules\/(?!lru-cache)|users|store|config/.test(path))).toEqual([]);
    expect(bytes).toBeLessThan(50_000);
  });
});
