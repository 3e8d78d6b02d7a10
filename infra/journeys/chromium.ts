import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
];

/** Where a Chromium is: the one that `CHROMIUM` names, or the system's. `undefined`: there is none. */
export const findChromium = (): string | undefined => process.env.CHROMIUM ?? places.find((place) => existsSync(place));

function chromiumOrThrow(): string {
  const found = findChromium();
  if (!found) throw new Error('No Chromium: apt-get install chromium, or name one by CHROMIUM=/path/to/it');
  return found;
}

/**
 * Starts a real Chromium: the one that `CHROMIUM` names, or the system's.
 *
 * @throws Error that says what to install.
 */
export async function startBrowser(): Promise<Browser> {
  return await chromium.launch({ executablePath: chromiumOrThrow(), args });
}

/** What a browser does with cookies of one site in frames on another. */
export type ThirdPartyCookies = 'allowed' | 'blocked';

/** A person's own Chromium, as they have set it up. */
export type Profile = {
  readonly context: BrowserContext;
  /** Closes it, and forgets everything. */
  close(): Promise<void>;
};

/**
 * Starts a real Chromium with a fresh profile of its own. Unlike the contexts of {@link startBrowser}, which are private
 * windows to it, it keeps pages for the way back, and signs in by FedCM without a word.
 *
 * @param more Switches of the command line.
 * @throws Error that says what to install.
 */
export async function openProfile(
  thirdPartyCookies: ThirdPartyCookies,
  more: readonly string[] = [],
): Promise<Profile> {
  const executablePath = chromiumOrThrow();
  const dir = mkdtempSync(path.join(tmpdir(), 'crossgate-profile-'));
  mkdirSync(path.join(dir, 'Default'));
  const profile = { cookie_controls_mode: thirdPartyCookies === 'allowed' ? 0 : 1 };
  writeFileSync(path.join(dir, 'Default/Preferences'), JSON.stringify({ profile }));
  const context = await chromium.launchPersistentContext(dir, {
    executablePath,
    args: [...args, ...more],
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });
  return {
    context,
    async close() {
      await context.close();
      rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
