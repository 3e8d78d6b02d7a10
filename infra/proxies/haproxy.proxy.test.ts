import { expect, it } from 'vitest';
import { ask } from '../suite/exchange.ts';
import { askingSuite } from './asking.suite.ts';
import { haproxyKind } from './kinds.testing.ts';
import { startProxy } from './proxy.testing.ts';
import { startProxyWorld } from './world.testing.ts';

askingSuite(haproxyKind);

it.each([
  ['raises an error', 'error("broken")'],
  ['says nothing', 'return'],
])('a script that %s lets nobody through', async (_, does) => {
  const text = `core.register_action("crossgate", { "http-req" }, function() ${does} end, 2)\n`;
  const files: typeof haproxyKind.files = (folder) => ({ ...haproxyKind.files(folder), 'crossgate.lua': { text } });
  const world = await startProxyWorld();
  const proxy = await startProxy({ ...haproxyKind, files }, world);
  try {
    for (const path of ['/', '/public/']) expect((await ask(`${world.app}${path}`)).status).toBe(503);
    expect(world.upstream.seen).toEqual([]);
  } finally {
    await proxy.stop();
    await world.stop();
  }
});
