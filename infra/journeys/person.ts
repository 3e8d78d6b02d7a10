import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import type { World } from '../local/world.ts';

// What a person does in a browser at the local world, and what their browser does for them.

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

/** Signs somebody in at notes, in a tab of its own that is closed afterwards. */
export async function signInAtNotes({ at }: World, context: BrowserContext, email = 'ann@acme.test'): Promise<void> {
  const page = await context.newPage();
  await page.goto(`${at.notes}/`);
  await signIn(page, email);
  await page.waitForURL(`${at.notes}/`);
  await page.close();
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

/** Takes away the pause that Chromium makes before it says no to FedCM, by which a page could tell why. */
export async function answerFedcmAtOnce(page: Page): Promise<CDPSession> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('FedCm.enable', { disableRejectionDelay: true });
  return devtools;
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
