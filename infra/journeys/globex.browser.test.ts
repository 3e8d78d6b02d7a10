import '../local/localhost-names.ts';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openProfile, type Profile, type ThirdPartyCookies } from './chromium.ts';
import { closeTabs, type Watched, watch, worldForTests } from './globex.testing.ts';
import { type Live, signInAtNotes, waitForLive } from './person.ts';

const world = worldForTests();

/** A page that somebody was on their way to. */
const deep = '/?shelf=lamp&a=b%20c#shelf';

type Case = {
  readonly cookies: ThirdPartyCookies;
  /** What the page says of somebody who is signed in nowhere. */
  readonly nobody: Live;
  /** How it comes to know somebody who is signed in. */
  readonly way: string;
  /** Addresses that the tab goes to until then. */
  readonly went: readonly string[];
};
const here = 'globex /';
const bounce = [here, 'globex /sso/login', 'auth /authorize', 'globex /sso/callback', here];

describe.each<Case>([
  { cookies: 'allowed', nobody: 'signed-out', way: 'By the gateway’s frame', went: [here, here] },
  { cookies: 'blocked', nobody: 'unknown', way: 'By a short trip to the gateway', went: bounce },
])('with third-party cookies $cookies', ({ cookies, nobody, way, went }) => {
  let profile: Profile;
  let page: Page;
  let watched: Watched;

  beforeAll(async () => {
    profile = await openProfile(cookies);
  });
  afterAll(async () => {
    await profile?.close();
  });
  beforeEach(async () => {
    await closeTabs(profile.context);
    await profile.context.clearCookies();
    page = await profile.context.newPage();
    watched = watch(page, world());
  });

  it('whoever is signed in at notes is known at Globex, on the very page, and nothing is asked', async () => {
    const { at } = world();
    await signInAtNotes(world(), profile.context);
    await page.goto(at.globex + deep);
    await page.getByRole('heading', { name: 'You are Ann Almond' }).waitFor();
    await waitForLive(page, 'signed-in');
    expect(page.url()).toBe(at.globex + deep);
    expect(watched.went).toEqual(went);
    await page.getByText(way).waitFor();
    expect(profile.context.pages()).toHaveLength(2);

    // from then on Globex knows them by itself: pages that are for somebody open at once, in other tabs too
    watched.clear();
    await page.getByRole('link', { name: 'Your orders' }).click();
    await page.getByRole('heading', { name: 'Your orders' }).waitFor();
    expect(watched.went).toEqual(['globex /orders']);
    const other = await profile.context.newPage();
    const there = watch(other, world());
    await other.goto(`${at.globex}/`);
    await waitForLive(other, 'signed-in');
    expect(there.went).toEqual([here]);
  });

  it('nobody waits for FedCM who has never come in by it', async () => {
    const { at } = world();
    await page.addInitScript(() => {
      const { credentials } = navigator;
      const get = credentials.get.bind(credentials);
      credentials.get = (options) => {
        sessionStorage.setItem('asked', 'FedCM');
        return get(options);
      };
    });
    await page.goto(`${at.globex}/`);
    await waitForLive(page, nobody);
    expect(await page.evaluate(() => ['IdentityCredential' in window, sessionStorage.getItem('asked')])).toEqual([
      true,
      null,
    ]);
  });

  it('a page that is only for somebody opens for them, by way of the gateway', async () => {
    const { at } = world();
    await signInAtNotes(world(), profile.context);
    await page.goto(`${at.globex}/orders?sort=price#top`);
    await page.getByRole('heading', { name: 'Your orders' }).waitFor();
    expect(page.url()).toBe(`${at.globex}/orders?sort=price#top`);
    expect(watched.went).toEqual(['globex /orders', 'auth /authorize', 'globex /sso/callback', 'globex /orders']);
  });

  it('who is signed in nowhere is left alone, however often they load the page', async () => {
    const { at } = world();
    await page.goto(at.globex + deep);
    await waitForLive(page, nobody);
    expect(page.url()).toBe(at.globex + deep);
    expect(watched.went).toEqual(cookies === 'allowed' ? [here] : bounce);
    await watched.quiet();

    for (const load of [1, 2]) {
      watched.clear();
      await page.reload();
      await waitForLive(page, nobody);
      await watched.quiet();
      expect(watched.went, `reload ${load}`).toEqual([here]);
      // one frame asks for the page, and one shows the button
      expect(watched.toGateway.filter((one) => one !== 'GET /browser.js').toSorted(), `reload ${load}`).toEqual([
        'GET /frame',
        'GET /frame',
        'POST /frame/check',
        'POST /frame/check',
      ]);
    }
    watched.clear();
    await page.goto(`${at.globex}/?another=page`);
    await waitForLive(page, nobody);
    await watched.quiet();
    expect(watched.went).toEqual([here]);
    expect(watched.toGateway.length).toBeLessThanOrEqual(5);
  });

  it('the policy of Globex’s pages, as strict as it is, keeps nothing of it away', async () => {
    const { at } = world();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (/Content.Security.Policy|\[crossgate\] (?!this browser hides)/i.test(message.text()))
        complaints.push(message.text());
    });
    await signInAtNotes(world(), profile.context);
    const response = await page.goto(`${at.globex}/`);
    expect(response?.headers()['content-security-policy']).toContain("default-src 'none'");
    await waitForLive(page, 'signed-in');
    expect(complaints).toEqual([]);
  });
});
