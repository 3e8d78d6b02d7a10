import '../local/localhost-names.ts';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { startBrowser } from './chromium.ts';
import { worldForTests } from './globex.testing.ts';
import { signIn, signOut } from './person.ts';

// Apps that have no code for signing in: a wiki behind the gateway itself, a folder of files behind CloudFront's functions.

const world = worldForTests();
const live = 'Live: what others write appears here at once.';

let browser: Browser;
let context: BrowserContext;
let page: Page;
let complaints: string[];
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
});
beforeEach(async () => {
  complaints = [];
  context = await newPerson();
  page = await context.newPage();
});
afterEach(async () => {
  for (const one of browser.contexts()) await one.close();
});

/** A browser of their own; what their pages may not do by their policies is written down. */
async function newPerson(): Promise<BrowserContext> {
  const made = await browser.newContext();
  made.on('console', (message) => {
    if (/Content.Security.Policy/i.test(message.text())) complaints.push(message.text());
  });
  return made;
}

async function openWiki(on: Page, email: string, path = '/pages/lunch'): Promise<void> {
  const { at } = world();
  await on.goto(at.wiki + path);
  await signIn(on, email);
  await on.waitForURL(at.wiki + path);
}
const waitForLive = (on: Page, says = live) => on.locator('#live').filter({ hasText: says }).waitFor();

/** In a tab of its own. */
async function signOutAtNotes(of: BrowserContext): Promise<void> {
  const notes = await of.newPage();
  await notes.goto(`${world().at.notes}/`);
  await signOut(notes);
  await notes.waitForURL((url) => url.pathname === '/bye');
  await notes.close();
}
const domainCookie = async () => (await context.cookies()).find(({ name }) => name === '__Secure-sso');

it('somebody writes in the wiki, somebody else sees it at once, docs is open too, and a sign-out at notes closes both', async () => {
  const { at } = world();
  const other = await (await newPerson()).newPage();
  await openWiki(other, 'cyd@acme.test');
  await waitForLive(other);
  let loads = 0;
  other.on('load', () => {
    loads += 1;
  });

  await openWiki(page, 'ann@acme.test');
  await page.getByRole('link', { name: 'Edit' }).click();
  await page.getByLabel('Text').fill('From now on on **Mondays**.');
  await page.getByLabel('What did you change?').fill('Another day');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.waitForURL(`${at.wiki}/pages/lunch`);
  await waitForLive(page);

  await other.locator('strong', { hasText: 'Mondays' }).waitFor();
  await waitForLive(other, 'Ann Almond edited “Lunch” just now.');
  expect(loads).toBe(0);

  const docs = await context.newPage();
  await docs.goto(`${at.docs}/`);
  expect(docs.url()).toBe(`${at.docs}/`);
  await docs.getByRole('heading', { name: 'The way this page took' }).waitFor();
  await docs.locator('#functions', { hasText: 'check_auth' }).waitFor();

  await signOutAtNotes(context);
  await page.waitForURL(`${at.wiki}/bye?elsewhere=1`, { timeout: 8000 });
  await page.getByRole('heading', { name: 'You were signed out elsewhere' }).waitFor();
  expect(await domainCookie()).toBeUndefined();
  await docs.reload();
  expect(docs.url()).toContain(`${at.userPool}/`);

  // nobody else was
  await other.reload();
  await waitForLive(other);
  expect(complaints).toEqual([]);
});

it('whoever is signed out while they write keeps what they wrote', async () => {
  const { at } = world();
  await openWiki(page, 'bob@acme.test', '/edit/house-rules');
  await waitForLive(page, 'Live: you hear of it at once if somebody else saves this page.');
  await page.getByLabel('Text').fill('Half a thought');
  await signOutAtNotes(context);
  await page.getByText('You were signed out elsewhere.').waitFor({ timeout: 8000 });
  expect(page.url()).toBe(`${at.wiki}/edit/house-rules`);
  expect(await page.getByLabel('Text').inputValue()).toBe('Half a thought');

  const [again] = await Promise.all([
    context.waitForEvent('page'),
    page.getByRole('link', { name: 'sign in again' }).click(),
  ]);
  await signIn(again, 'bob@acme.test');
  await again.waitForURL(`${at.wiki}/`);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.waitForURL(`${at.wiki}/pages/house-rules`);
  await page.getByText('Half a thought').waitFor();
});

it('a page that outlives its cookie gets a new one, and stays', async () => {
  const { at } = world();
  await openWiki(page, 'ann@acme.test');
  await waitForLive(page);
  await context.clearCookies({ name: '__Secure-sso' });
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
  await expect.poll(domainCookie).toBeDefined();
  expect(page.url()).toBe(`${at.wiki}/pages/lunch`);
});

it('a page of docs that is looked at again after a sign-out says that nobody is signed in', async () => {
  const { at } = world();
  await page.goto(`${at.docs}/http-headers`);
  await signIn(page, 'ann@acme.test');
  await page.waitForURL(`${at.docs}/http-headers`);
  await page.locator('#headers', { hasText: 'content-security-policy' }).waitFor();
  await signOutAtNotes(context);
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await page.getByText('Nobody is signed in any more.').waitFor();
  expect(complaints).toEqual([]);
});
