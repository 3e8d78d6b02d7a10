import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/**
 * Starts a real Chromium: the one that `CHROMIUM` names, or the system's.
 *
 * @throws Error that says what to install.
 */
export async function startBrowser(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? places.find((place) => existsSync(place));
  if (!executablePath) throw new Error('No Chromium: apt-get install chromium, or name one by CHROMIUM=/path/to/it');
  return await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
    ],
  });
}

export const seededPassword = 'correct horse battery staple';

/** Fills the user pool's sign-in page and sends it. */
export async function signIn(page: Page, email: string, password = seededPassword): Promise<void> {
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** Opens the person's menu of a demo app and signs out everywhere. */
export async function signOut(page: Page): Promise<void> {
  await page.locator('summary').first().click();
  await page.getByRole('button', { name: 'Sign out everywhere' }).click();
}
