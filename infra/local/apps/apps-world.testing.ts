import '../localhost-names.ts';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { systemClock } from '../../../shared/clock.ts';
import { type Browser, createBrowser, type Tab } from '../../suite/browser.ts';
import { type FreshDatabase, freshDatabase } from '../postgres.testing.ts';
import { startWorld, type World } from '../world.ts';

/** A local world for the tests of one file, met over HTTP; a fresh browser and an empty journal for each test. */
export type AppsWorld = {
  readonly world: World;
  readonly browser: Browser;
  /** The browser's first tab. */
  readonly tab: Tab;
  /** Opens a page and signs in on the way, to arrive there. */
  signIn(email: string, at: string, on?: Tab): Promise<void>;
  /** A tab of another browser, in which somebody has signed in. */
  someoneElse(email: string, at: string): Promise<Tab>;
  /** Signs out at notes, in the given tab. */
  signOutAtNotes(on?: Tab): Promise<void>;
};

/** Starts the world before the tests of the file, and stops it after them. */
export function appsWorld(): () => AppsWorld {
  let database: FreshDatabase | undefined;
  let dir: string | undefined;
  let world: World | undefined;
  let current: AppsWorld | undefined;
  beforeAll(async () => {
    const home = fileURLToPath(new URL('../../../.crossgate', import.meta.url));
    mkdirSync(home, { recursive: true });
    dir = mkdtempSync(path.join(home, 'test-apps-'));
    database = await freshDatabase();
    world = await startWorld({ port: 0, dir, databaseUrl: database.url, passwordCost: 2 });
  });
  afterAll(async () => {
    await world?.stop();
    await database?.drop();
    if (dir) rmSync(dir, { recursive: true, force: true });
  });
  beforeEach(() => {
    if (!world) throw new Error('not started');
    world.journal.clear();
    current = inBrowser(world);
  });
  return () => {
    if (!current) throw new Error('not started');
    return current;
  };
}

function inBrowser(world: World): AppsWorld {
  const browser = createBrowser(systemClock);
  const tab = browser.tab();
  const signIn = async (email: string, at: string, on = tab) => {
    await on.goto(at);
    await on.submit({ username: email, password: 'correct horse battery staple' });
    if (on.page.url !== at) throw new Error(`${email} arrived at ${on.page.url} and not at ${at}`);
  };
  return {
    world,
    browser,
    tab,
    signIn,
    async someoneElse(email, at) {
      const other = createBrowser(systemClock).tab();
      await signIn(email, at, other);
      return other;
    },
    async signOutAtNotes(on = tab) {
      const { notes, gateway } = world.at;
      await on.goto(`${notes}/`);
      await on.post(`${gateway}/logout?return_to=${encodeURIComponent(`${notes}/bye`)}`, {});
    },
  };
}
