import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, expect, it } from 'vitest';
import { createSandboxes, type Sandboxes } from './edge-sandbox.testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'crossgate-sandbox-'));
const open: Sandboxes[] = [];
const lines: string[] = [];
let offset = 0;

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.stop()));
});
afterAll(() => rmSync(folder, { recursive: true }));

function deploy(source: string): Sandboxes {
  const file = join(folder, `${open.length}-${lines.length}-${Math.random()}.mjs`);
  writeFileSync(file, source);
  const made = createSandboxes(pathToFileURL(file).href, { offset: () => offset, onLine: (line) => lines.push(line) });
  open.push(made);
  return made;
}

it('moves the clock of a function, whichever way it asks for the time', async () => {
  const { invoke } = deploy(`
    const { now } = Date;
    export const handler = async () => [Date.now(), new Date().getTime(), now(), Date.parse(Date())];
  `);
  for (const ahead of [0, 12 * 3_600_000, 90_000]) {
    offset = ahead;
    for (const time of await invoke<object, number[]>({}))
      expect(Math.abs(time - Date.now() - ahead)).toBeLessThan(2500);
  }
  offset = 0;
});

it('leaves other uses of Date as they are', async () => {
  const { invoke } = deploy(`export const handler = async () =>
    [new Date(0).toISOString(), Date.UTC(2026, 0), new Date() instanceof Date, Object.prototype.toString.call(new Date())];`);
  expect(await invoke({})).toEqual(['1970-01-01T00:00:00.000Z', 1767225600000, true, '[object Date]']);
});

it('has one event at a time in a sandbox, and remembers what the last one left there', async () => {
  const { invoke } = deploy(`let count = 0; let inside = 0;
    export const handler = async () => {
      inside += 1;
      const most = inside;
      await new Promise((resolve) => setTimeout(resolve, 50));
      inside -= 1;
      return [++count, most];
    };`);
  const both = await Promise.all([invoke({}), invoke({})]);
  expect(both).toEqual([
    [1, 1],
    [1, 1],
  ]);
  expect(await invoke({})).toEqual([2, 1]);
});

it('has no environment, and its lines are heard', async () => {
  const { invoke } = deploy(`export const handler = async () => {
    process.stdout.write('a line\\n');
    return process.env;
  };`);
  expect(await invoke({})).toEqual({});
  await expect.poll(() => lines).toContain('a line');
});

it('tells what a function throws, and goes on', async () => {
  const { invoke } = deploy(`export const handler = async ({ fine }) => {
    if (!fine) throw new Error('oops');
    return 1;
  };`);
  await expect(invoke({})).rejects.toThrow('oops');
  expect(await invoke({ fine: true })).toBe(1);
});

it('gives up what can’t be loaded', async () => {
  await expect(deploy('export const handler = ;').invoke({})).rejects.toThrow();
});

it('ends what takes longer than five seconds', async () => {
  const { invoke } = deploy('export const handler = async () => { for (;;); };');
  await expect(invoke({})).rejects.toThrow('timed out after 5 seconds');
}, 20_000);
