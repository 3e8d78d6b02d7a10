import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { Sso, State } from '../../gateway/sdk/browser/sso.ts';
import { type Behaviour, type StandIn, startStandIn } from './browser-script.testing.ts';
import { startBrowser } from './chromium.ts';

declare global {
  interface Window {
    sso: Sso;
    /** What `check()` came to, and every change of state. */
    found: State | undefined;
    states: State[];
  }
}

/** A page of the stand-in's app, new for each test. */
export type ScriptPage = {
  readonly standIn: StandIn;
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the console was told. */
  readonly said: readonly string[];
  given(changes: Partial<Behaviour>): void;
  open(path?: string): Promise<void>;
  /** What `check()` of the page comes to. */
  found(): Promise<State | undefined>;
  /** What the script told the console. */
  notices(): string[];
};

/** The machine may be busy. */
export const eventually = <T>(what: () => T) => expect.poll(what, { timeout: 10_000 });

/** The frame sees no cookies. */
export const blocked = { frame: { state: 'unknown', reason: 'storage-blocked' } };

/** Starts a browser and a stand-in for a file of tests. What it gives is that of the test that is running. */
export function useScriptPage(): ScriptPage {
  let standIn: StandIn;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let said: string[] = [];
  beforeAll(async () => {
    [browser, standIn] = await Promise.all([startBrowser(), startStandIn()]);
  });
  afterAll(async () => {
    await browser?.close();
    await standIn?.stop();
  });
  beforeEach(async () => {
    standIn.reset();
    context = await browser.newContext();
    page = await context.newPage();
    said = [];
    page.on('console', (message) => said.push(message.text()));
  });
  afterEach(async () => {
    await context.close();
  });
  return {
    get standIn() {
      return standIn;
    },
    get context() {
      return context;
    },
    get page() {
      return page;
    },
    get said() {
      return said;
    },
    given: (changes) => void Object.assign(standIn.behaviour, changes),
    open: async (path = '/') => void (await page.goto(standIn.app + path)),
    async found() {
      await page.waitForFunction(() => window.found !== undefined);
      return await page.evaluate(() => window.found);
    },
    notices: () => said.filter((text) => text.startsWith('[crossgate]')),
  };
}
