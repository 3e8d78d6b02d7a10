import '../local/localhost-names.ts';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openProfile, type Profile, type ThirdPartyCookies } from './chromium.ts';
import { closeTabs, type Watched, watch, worldForTests } from './globex.testing.ts';
import { signInAtNotes, signOut, waitForLive } from './person.ts';

const world = worldForTests();
/** How often a page of Globex looks, in milliseconds. */
const poll = 5000;

let profile: Profile;
let page: Page;
let watched: Watched;

/** A browser in which somebody who signed in at notes has a page of Globex open. */
const withPageOpen = (cookies: ThirdPartyCookies) => {
  beforeAll(async () => {
    profile = await openProfile(cookies);
  });
  afterAll(async () => {
    await profile?.close();
  });
  beforeEach(async () => {
    const { at } = world();
    await closeTabs(profile.context);
    await profile.context.clearCookies();
    await signInAtNotes(world(), profile.context);
    page = await profile.context.newPage();
    watched = watch(page, world());
    await page.goto(`${at.globex}/`);
    await page.getByRole('heading', { name: 'You are Ann Almond' }).waitFor();
    await waitForLive(page, 'signed-in');
    await expect.poll(() => watched.toGateway).toContain('POST /frame/watch');
    await watched.quiet();
  });
};

/** The person signs out at photos, in another tab. */
const signOutAtPhotos = async () => {
  const { at } = world();
  const photos = await profile.context.newPage();
  await photos.goto(`${at.photos}/`);
  await signOut(photos);
  await photos.waitForURL((url) => url.pathname === '/bye');
};
/** What Globex's server says of the browser, without a page. */
const statusAtGlobex = async () => {
  const { at } = world();
  const response = await profile.context.request.get(`${at.globex}/api/me`, { headers: { accept: '*/*' } });
  return response.status();
};

describe.each<[ThirdPartyCookies]>([['allowed'], ['blocked']])('with third-party cookies %s', (cookies) => {
  withPageOpen(cookies);

  it('a page of Globex that nobody touches notices a sign-out at photos by the frame, in time', async () => {
    const monitor = (await profile.context.cookies(world().at.gateway)).find(({ name }) => name === '__Host-sso_mon');
    expect(monitor?.partitionKey).toBe(new URL(world().at.globex).origin.replace(/:\d+$/, ''));
    const heard: { has_access: unknown; state: unknown }[] = [];
    const ended: string[] = [];
    page.on('response', async (response) => {
      const request = response.request();
      if (request.url().endsWith('/sso/end')) ended.push(request.method());
      if (!request.url().endsWith('/frame/check')) return;
      heard.push({ has_access: request.postDataJSON().has_access, state: (await response.json()).state });
    });
    await signOutAtPhotos();
    const since = performance.now();
    await page.waitForURL(`${world().at.globex}/bye?elsewhere=1`, { timeout: poll + 3000 });
    expect(performance.now() - since).toBeLessThan(poll + 1500);
    await page.getByRole('heading', { name: 'You were signed out elsewhere' }).waitFor();
    // through the gateway's own cookie where it is to be seen, and through the monitor where it is not
    expect(heard.at(-1)).toEqual({ has_access: cookies === 'allowed', state: 'signed-out' });
    expect(ended).toEqual(['POST']);
  });

  it('a page that the browser restores on the way back is nobody’s until it has asked again', async () => {
    const { at } = world();
    await page.evaluate(() => {
      const live = () => document.getElementById('live')?.textContent;
      addEventListener('pageshow', ({ persisted }) => {
        // the script's own listener came first
        if (persisted) sessionStorage.setItem('restored', `${live()}`);
      });
    });
    await page.goto(`${at.start}/`);
    await signOutAtPhotos();
    await page.goBack({ waitUntil: 'commit' });
    await page.waitForURL(`${at.globex}/bye?elsewhere=1`, { timeout: 3000 });
    expect(await page.evaluate(() => sessionStorage.getItem('restored'))).toMatch(/^Live: this browser does not tell/);
  });
});

describe('wherever a sign-out begins', () => {
  withPageOpen('blocked');

  it('a sign-out at photos ends Globex’s session by the back channel, with no page open', async () => {
    await page.close();
    expect(await statusAtGlobex()).toBe(200);
    await signOutAtPhotos();
    await expect.poll(statusAtGlobex, { timeout: 10_000 }).toBe(401);
  });

  it('a sign-out at Globex ends the sessions at notes and photos', async () => {
    const { at } = world();
    await signOut(page);
    await page.waitForURL(`${at.globex}/bye`);
    await page.getByRole('heading', { name: 'You are signed out, everywhere' }).waitFor();
    expect(await statusAtGlobex()).toBe(401);
    for (const app of [at.notes, at.photos]) {
      await page.goto(`${app}/`);
      expect(page.url()).toContain(`${at.userPool}/`);
    }
    // nor does Globex let them in again by itself
    await page.goto(`${at.globex}/`);
    await page.getByRole('heading', { name: 'Nobody is signed in' }).waitFor();
    await watched.quiet();
    expect(await statusAtGlobex()).toBe(401);
  });
});
