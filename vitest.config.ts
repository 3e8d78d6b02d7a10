import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

/** Files that need more than Node: a Postgres server, a browser. Everything else is a unit test. */
const db = ['**/*.db.test.ts'];
const browser = ['**/*.browser.test.ts'];
/** For half a minute each, most on a Postgres server too. */
const slow = ['**/*.slow.test.ts'];
/** Packs and installs the package: slow, and of use before a release only. */
const packed = ['**/package.test.ts'];
/** On runtimes other than Node, as processes of their own. */
const runtimes = ['**/*.runtime.test.ts'];
/** Run by Cloudflare's runtime itself. */
const workerd = ['**/*.workerd.test.ts'];
/** With the real nginx, Caddy, HAProxy and Apache. */
const proxies = ['**/*.proxy.test.ts'];
/** Where browsers, servers and runtimes of others take part, a stalled machine fails a test now and then; CI looks twice. */
const retry = process.env.CI === 'true' ? 1 : 0;
/** What takes longer hangs. A busy machine is slow by ten times, which is no fault of a test. */
const patience = { testTimeout: 60_000, hookTimeout: 60_000, expect: { poll: { timeout: 10_000 } } };
const never = ['**/node_modules/**', '**/dist/**', '**/.crossgate/**'];

/**
 * postgres.js asks each new connection for the array types of its server, and nobody can catch what becomes of that: where
 * a test has its server cut connections, it may be just then.
 */
function isOfNewConnection(error: object): boolean {
  const { code, query } = error as { code?: unknown; query?: unknown };
  return /^(?:ECONNRESET|CONNECTION_|57P0)/.test(String(code)) && String(query).includes('pg_catalog.pg_type');
}

export default defineConfig({
  test: {
    onUnhandledError: (error) => !isOfNewConnection(error),
    projects: [
      {
        test: {
          name: 'unit',
          ...patience,
          include: ['**/*.test.ts'],
          exclude: [...never, ...db, ...slow, ...browser, ...packed, ...runtimes, ...workerd, ...proxies],
          // most wait for a socket or a timer: on two cores two at a time take two thirds of the time
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'db',
          ...patience,
          include: db,
          exclude: never,
          // one server for all of them: what one does to its settings or its oldest transaction, the others notice
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
          globalSetup: ['infra/local/postgres.vitest.ts'],
        },
      },
      {
        test: {
          name: 'slow',
          ...patience,
          retry,
          include: slow,
          exclude: never,
          globalSetup: ['infra/local/postgres.vitest.ts'],
        },
      },
      {
        test: {
          name: 'browser',
          ...patience,
          retry,
          include: browser,
          exclude: never,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'proxies',
          ...patience,
          retry,
          include: proxies,
          exclude: never,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'runtimes',
          ...patience,
          retry,
          include: runtimes,
          exclude: never,
          globalSetup: ['infra/local/postgres.vitest.ts'],
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: './infra/cloudflare/wrangler.jsonc' } })],
        test: { name: 'workerd', ...patience, include: workerd, exclude: never },
      },
      { test: { name: 'package', include: packed, exclude: never, testTimeout: 240_000, hookTimeout: 240_000 } },
    ],
  },
});
