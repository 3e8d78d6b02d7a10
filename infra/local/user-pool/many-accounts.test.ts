import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAccounts } from './accounts.ts';
import { openStorage } from './persistence.ts';

const home = fileURLToPath(new URL('../../../.crossgate', import.meta.url));
let dir: string;
beforeAll(() => {
  fs.mkdirSync(home, { recursive: true });
  dir = fs.mkdtempSync(path.join(home, 'test-many-'));
});
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

it('5,000 accounts in a file are made and found quickly, and none is lost', async () => {
  const file = path.join(dir, 'pool.json');
  const storage = openStorage(file);
  const accounts = createAccounts(storage, () => 0, 2);
  const began = performance.now();
  for (let i = 0; i < 5_000; i++) await accounts.create({ email: `p${i}@acme.test`, name: 'P', password: 'x' });
  for (let i = 0; i < 5_000; i++) accounts.find(`P${i}@acme.test`);
  // one write an account would be 5,000 times a megabyte: minutes
  expect(performance.now() - began).toBeLessThan(15_000);
  await expect
    .poll(() => (JSON.parse(fs.readFileSync(file, 'utf8')) as { accounts: unknown[] }).accounts.length, {
      timeout: 10_000,
    })
    .toBe(5_000);
  expect(createAccounts(openStorage(file), () => 0).find('p4999@acme.test')).toMatchObject({ name: 'P' });
}, 30_000);

it('a password that was made at one cost is good at another', async () => {
  const storage = openStorage(undefined);
  await createAccounts(storage, () => 0, 2).create({ email: 'cheap@acme.test', name: '', password: 'one' });
  const dearer = createAccounts(storage, () => 0);
  await dearer.create({ email: 'dear@acme.test', name: '', password: 'two' });
  expect(await dearer.verify('cheap@acme.test', 'one')).toBeDefined();
  expect(await createAccounts(storage, () => 0, 2).verify('dear@acme.test', 'two')).toBeDefined();
  expect(await dearer.verify('cheap@acme.test', 'two')).toBeUndefined();
});
