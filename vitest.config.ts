import { defineConfig } from 'vitest/config';

/** Files that need more than Node: a Postgres server, a browser. Everything else is a unit test. */
const db = ['**/*.db.test.ts'];
const browser = ['**/*.browser.test.ts'];
/** On a Postgres server too, for half a minute each. */
const slow = ['**/*.slow.test.ts'];
/** Packs and installs the package: slow, and of use before a release only. */
const packed = ['**/package.test.ts'];
/** Against web servers that nobody here wrote; Debian's packages of them have to be there. */
const proxies = ['**/*.proxy.test.ts'];
const never = ['**/node_modules/**', '**/dist/**', '**/.crossgate/**'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...never, ...db, ...slow, ...browser, ...proxies, ...packed],
        },
      },
      {
        test: {
          name: 'db',
          include: db,
          exclude: never,
          globalSetup: ['infra/local/postgres.vitest.ts'],
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'slow',
          include: slow,
          exclude: never,
          globalSetup: ['infra/local/postgres.vitest.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: browser,
          exclude: never,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      { test: { name: 'proxies', include: proxies, exclude: never, testTimeout: 20_000, hookTimeout: 30_000 } },
      { test: { name: 'package', include: packed, exclude: never, testTimeout: 240_000, hookTimeout: 240_000 } },
    ],
  },
});
