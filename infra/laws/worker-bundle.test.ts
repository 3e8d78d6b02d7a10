import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bundleWorker } from '../suite/workerd.testing.ts';
import { importsOf, root } from './sources.testing.ts';

describe('the bundle of the Worker', () => {
  const bundle = bundleWorker(join(root, 'gateway/runtimes/workers/worker.ts'));

  it('needs nothing but what workerd has itself', async () => {
    const outside = importsOf(await bundle).filter((name) => !name.startsWith('.'));
    expect([...new Set(outside)].sort()).toEqual([
      'cloudflare:sockets',
      'node:async_hooks',
      'node:buffer',
      'node:crypto',
      'node:events',
      'node:net',
      'node:stream',
    ]);
  });

  it('makes its handlers and the class that is bound, and nothing else', async () => {
    const [, names = ''] = /export \{([^}]*)\};?\s*$/.exec(await bundle) ?? [];
    const exported = names.split(',').map((name) => name.trim().replace(/^.* as /, ''));
    expect(exported.sort()).toEqual(['CrossgateStore', 'createWorker', 'default']);
  });

  it.each([['pino'], ['kysely'], ['@hono/node-server'], ['@aws-sdk'], ['commander']])(
    'has no %s in it',
    async (name) => {
      expect(await bundle).not.toContain(`node_modules/${name}/`);
    },
  );

  it('stays small: 3 MB zipped is the most that a free account takes', async () => {
    const small = await bundleWorker(join(root, 'gateway/runtimes/workers/worker.ts'), { minify: true });
    const zipped = gzipSync(small).length;
    expect(zipped).toBeLessThan(150_000);
  });
});
