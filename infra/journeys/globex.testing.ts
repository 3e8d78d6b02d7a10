import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { startWorld, type World, type WorldOptions } from '../local/world.ts';
import { signIn } from './browser.testing.ts';

/** A local world for the tests of one file, in a folder of its own. */
export function worldForTests(options: Partial<WorldOptions> = {}): () => World {
  let world: World | undefined;
  let dir: string | undefined;
  beforeAll(async () => {
    dir = mkdtempSync(path.resolve('.crossgate/journey-'));
    world = await startWorld({ port: 0, dir, passwordCost: 2, ...options });
  });
  afterAll(async () => {
    await world?.stop();
    if (dir) rmSync(dir, { recursive: true, force: true });
  });
  return () => {
    if (!world) throw new Error('not started');
    return world;
  };
}

/** Signs somebody in at notes, in a tab of its own that is closed afterwards. */
export async function signInAtNotes({ at }: World, context: BrowserContext, email = 'ann@acme.test'): Promise<void> {
  const page = await context.newPage();
  await page.goto(`${at.notes}/`);
  await signIn(page, email);
  await page.waitForURL(`${at.notes}/`);
  await page.close();
}

/** Leaves one empty tab, so that the browser goes on. */
export async function closeTabs(context: BrowserContext): Promise<void> {
  const [first, ...others] = context.pages();
  await first?.goto('about:blank');
  for (const page of others) await page.close();
}

/** Takes away the pause that Chromium makes before it says no to FedCM, by which a page could tell why. */
export async function answerFedcmAtOnce(page: Page): Promise<CDPSession> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('FedCm.enable', { disableRejectionDelay: true });
  return devtools;
}

/** Where a page stands with its sign-in, by what Globex's script writes on it. */
export type Live = 'signed-in' | 'signed-out' | 'unknown';

const says: Readonly<Record<Live, RegExp>> = {
  'signed-in': /^Live: signed in\./,
  'signed-out': /^Live: nobody is signed in at Acme\.$/,
  unknown: /^Live: this browser does not tell/,
};

/** Waits until the script of a page of Globex has found out, and says so. */
export async function waitForLive(page: Page, live: Live): Promise<void> {
  await page.locator('#live').filter({ hasText: says[live] }).waitFor();
}

/** What a page asked for since this began. */
export type Watched = {
  /** Where the tab itself went, as first label and path: `globex /orders`. */
  readonly went: string[];
  /** Requests to the gateway by anything in the page: `POST /frame/check`. */
  readonly toGateway: string[];
  /** Forgets both. */
  clear(): void;
  /** Resolves when nothing more has been asked for half a second. */
  quiet(): Promise<void>;
};

/** Listens to the requests of a page and its frames. */
export function watch(page: Page, { at }: Pick<World, 'at'>): Watched {
  let last = performance.now();
  const watched: Watched = {
    went: [],
    toGateway: [],
    clear() {
      watched.went.length = 0;
      watched.toGateway.length = 0;
    },
    async quiet() {
      while (performance.now() - last < 500) await page.waitForTimeout(50);
    },
  };
  page.on('request', (request) => {
    last = performance.now();
    const { host, hostname, pathname } = new URL(request.url());
    if (request.isNavigationRequest() && request.frame() === page.mainFrame())
      watched.went.push(`${hostname.split('.')[0]} ${pathname}`);
    if (host === new URL(at.gateway).host) watched.toGateway.push(`${request.method()} ${pathname}`);
  });
  return watched;
}

/** A dialog of FedCM as the browser showed it. */
export type FedcmDialog = {
  readonly dialogType: string;
  readonly accounts: readonly { readonly name: string; readonly email: string }[];
};

/** Chooses the first account in the next dialog of FedCM. @returns What was shown. */
export function takeFirstAccount(devtools: CDPSession): Promise<FedcmDialog> {
  return new Promise((resolve, reject) => {
    devtools.once('FedCm.dialogShown', (shown) => {
      devtools
        .send('FedCm.selectAccount', { dialogId: shown.dialogId, accountIndex: 0 })
        .then(() => resolve(shown), reject);
    });
  });
}

/** Lets frames of the gateway in Globex's pages see the gateway's cookies, as a person does when the browser asks them. */
export async function grantStorageAccess(devtools: CDPSession, { at }: Pick<World, 'at'>): Promise<void> {
  await devtools.send('Browser.setPermission', {
    permission: { name: 'storage-access' },
    setting: 'granted',
    origin: at.globex,
    embeddedOrigin: at.gateway,
  });
}
