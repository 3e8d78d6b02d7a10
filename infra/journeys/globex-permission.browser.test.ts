import '../local/localhost-names.ts';
import type { CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openProfile, type Profile } from './chromium.ts';
import { type Watched, watch, worldForTests } from './globex.testing.ts';
import { answerFedcmAtOnce, grantStorageAccess, signInAtNotes, takeFirstAccount, waitForLive } from './person.ts';

// What a person, or their browser for them, has to allow where third-party cookies are blocked. The tests of one
// `describe` follow each other in one profile: a browser allows nothing that it was not asked for before.

const world = worldForTests();
let profile: Profile;
let page: Page;
let devtools: CDPSession;
let watched: Watched;

const openTab = async () => {
  page = await profile.context.newPage();
  devtools = await answerFedcmAtOnce(page);
  watched = watch(page, world());
};
/** Opens Globex's page for somebody who is signed in nowhere, and signs them in at notes afterwards. */
const comeTooEarly = async () => {
  const { at } = world();
  await openTab();
  await page.goto(`${at.globex}/?a=b#c`);
  await waitForLive(page, 'unknown');
  await signInAtNotes(world(), profile.context);
  await watched.quiet();
  watched.clear();
};
const isSignedIn = () => page.getByRole('heading', { name: 'You are Ann Almond' }).waitFor();

describe('FedCM', () => {
  beforeAll(async () => {
    profile = await openProfile('blocked');
  });
  afterAll(async () => {
    await profile?.close();
  });

  it('asks with an account chooser after a click, and signs in without leaving the page', async () => {
    await comeTooEarly();
    const shown = takeFirstAccount(devtools);
    await page.getByRole('button', { name: 'Sign in with Acme' }).click();
    await isSignedIn();
    expect(await shown).toMatchObject({
      dialogType: 'AccountChooser',
      accounts: [{ name: 'Ann Almond', email: 'ann@acme.test' }],
    });
    await page.getByText('By FedCM').waitFor();
    expect(page.url()).toBe(`${world().at.globex}/?a=b#c`);
    expect(watched.went).toEqual(['globex /']);
    expect(watched.toGateway.filter((one) => one.includes('authorize'))).toEqual([]);
  });

  it('signs in without a word when they come back', async () => {
    await page.close();
    await profile.context.clearCookies({ domain: 'globex.localhost' });
    await openTab();
    await devtools.send('FedCm.resetCooldown');
    await page.goto(`${world().at.globex}/?a=b#c`);
    await isSignedIn();
    await page.getByText('By FedCM').waitFor();
    expect(page.url()).toBe(`${world().at.globex}/?a=b#c`);
    expect(watched.went).toEqual(['globex /', 'globex /']);
  });

  it('signs nobody in who has signed out since', async () => {
    const { at } = world();
    await page.goto(`${at.globex}/`);
    await waitForLive(page, 'signed-in');
    await page.locator('summary').first().click();
    await page.getByRole('button', { name: 'Sign out everywhere' }).click();
    await page.waitForURL(`${at.globex}/bye`);
    await page.close();
    await openTab();
    await devtools.send('FedCm.resetCooldown');
    // by the monitor alone the frame would know, and FedCM would not be asked
    await profile.context.clearCookies({ name: '__Host-sso_mon' });
    await page.goto(`${at.globex}/`);
    await waitForLive(page, 'unknown');
    await page.getByRole('heading', { name: 'Nobody is signed in' }).waitFor();
  });
});

describe('storage access', () => {
  beforeAll(async () => {
    profile = await openProfile('blocked');
  });
  afterAll(async () => {
    await profile?.close();
  });

  it('lets the frame sign in after a click on its button', async () => {
    await comeTooEarly();
    await grantStorageAccess(devtools, world());
    await page
      .frameLocator('#frame-button iframe')
      .getByRole('button', { name: /^Continue with auth\.acme/ })
      .click();
    await isSignedIn();
    await page.getByText('By the gateway’s frame').waitFor();
    expect(watched.went).toEqual(['globex /']);
  });

  it('that was granted before lets it sign in without a word', async () => {
    await page.close();
    await profile.context.clearCookies({ domain: 'globex.localhost' });
    await openTab();
    // what devtools granted has ended with the tab they were open at
    await grantStorageAccess(devtools, world());
    await page.goto(`${world().at.globex}/?a=b#c`);
    await isSignedIn();
    await page.getByText('By the gateway’s frame').waitFor();
    expect(page.url()).toBe(`${world().at.globex}/?a=b#c`);
    expect(watched.went).toEqual(['globex /', 'globex /']);
  });

  it('that was taken back leaves the bounce', async () => {
    await devtools.send('Browser.resetPermissions');
    await page.close();
    await profile.context.clearCookies({ domain: 'globex.localhost' });
    await openTab();
    await page.goto(`${world().at.globex}/`);
    await isSignedIn();
    await page.getByText('By a short trip to the gateway').waitFor();
  });
});
