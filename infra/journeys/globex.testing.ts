import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { startWorld, type World, type WorldOptions } from '../local/world.ts';

/** A local world, and the folder it keeps its things in. */
export type TestWorld = World & { readonly dir: string };

/** A local world for the tests of one file, in a folder of its own. */
export function worldForTests(options: Partial<WorldOptions> = {}): () => TestWorld {
  let world: TestWorld | undefined;
  let dir: string | undefined;
  beforeAll(async () => {
    dir = mkdtempSync(path.resolve('.crossgate/journey-'));
    world = { ...(await startWorld({ port: 0, dir, passwordCost: 2, ...options })), dir };
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

/** Leaves one empty tab, so that the browser goes on. */
export async function closeTabs(context: BrowserContext): Promise<void> {
  const [first, ...others] = context.pages();
  await first?.goto('about:blank');
  for (const page of others) await page.close();
}

/** What a page asked for since this began. */
export type Watched = {
  /** Where the tab itself went, as first label and path: `globex /orders`. */
  readonly went: string[];
  /** Requests to the gateway by anything in the page: `POST /frame/check`. */
  readonly toGateway: string[];
  /** Forgets both. */
  clear(): void;
  /** Resolves when nothing more has been asked for a while. */
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
      while (performance.now() - last < 350) await page.waitForTimeout(50);
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
