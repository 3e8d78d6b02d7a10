import '../local/localhost-names.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PoolEvent } from '../local/user-pool/settings.ts';
import { startWorld, type World } from '../local/world.ts';
import { startBrowser } from './chromium.ts';
import { seededPassword, signIn, signOut } from './person.ts';

let world: World;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let dir: string;
const poolEvents: PoolEvent[] = [];

beforeAll(async () => {
  dir = mkdtempSync(path.resolve('.crossgate/journey-'));
  [browser, world] = await Promise.all([
    startBrowser(),
    startWorld({ port: 0, dir, passwordCost: 2, onPoolEvent: (event) => poolEvents.push(event) }),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await world?.stop();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  context = await browser.newContext();
  page = await context.newPage();
});
afterEach(async () => {
  await context.close();
});

type Me = { uid: string; email: string; name: string; roles: string[]; permissions: string[] };

/** Who the app of a page says that its browser is: asked with the browser's cookies, as a program would ask. */
async function me(on: Page): Promise<Me | number> {
  const response = await on
    .context()
    .request.get(new URL('/api/me', on.url()).href, { headers: { accept: 'application/json' } });
  return response.ok() ? ((await response.json()) as Me) : response.status();
}

const host = () => new URL(page.url()).host;

describe('somebody new', () => {
  it('signs up, confirms, is signed in at notes and photos by one id, signs out at photos and is out at notes', async () => {
    const email = `dee+${Date.now()}@acme.test`;
    await page.goto(`${world.at.notes}/?from=journey`);
    expect(host()).toBe(new URL(world.at.userPool).host);
    await page.getByRole('link', { name: /sign up|create/i }).click();
    await page.getByLabel('Name').fill('Dee Ørsted');
    await page.getByLabel('Email').fill(email);
    await page.getByLabel('Password').fill('a long enough password');
    await page.getByRole('button', { name: /sign up|create/i }).click();

    const outbox = await context.newPage();
    await outbox.goto(`${world.at.userPool}/outbox.json`);
    const { messages } = JSON.parse((await outbox.textContent('body')) ?? '') as {
      messages: { to: string; code: string }[];
    };
    await outbox.close();
    const code = messages.find(({ to }) => to === email)?.code ?? '';
    expect(code).toMatch(/^\d{6}$/);
    await page.getByLabel(/code/i).fill(code);
    await page.getByRole('button', { name: /confirm/i }).click();

    // back at the exact page, signed in
    await page.waitForURL(`${world.at.notes}/?from=journey`);
    const atNotes = (await me(page)) as Me;
    expect(atNotes).toMatchObject({ email, name: 'Dee Ørsted', roles: [] });
    await page.getByRole('textbox').fill('Buy stamps');
    await page.getByRole('button', { name: 'Keep it' }).click();
    await page.getByText('Buy stamps').first().waitFor();

    // photos knows them without a word
    const seen: string[] = [];
    page.on('request', (request) => {
      if (request.isNavigationRequest()) seen.push(new URL(request.url()).host);
    });
    await page.goto(`${world.at.photos}/`);
    expect(seen).toEqual([new URL(world.at.photos).host]);
    const atPhotos = (await me(page)) as Me;
    expect(atPhotos.uid).toBe(atNotes.uid);

    // the row has that id, and so have both tokens
    const [row] = await world.sql<{ id: string; email: string; state: string }[]>`
      select id::text, email, state from crossgate.users where email = ${email}`;
    expect(row).toEqual({ id: atNotes.uid, email, state: 'active' });
    const claims = poolEvents.findLast((event) => event.type === 'token')?.details;
    expect(claims).toMatchObject({ idClaims: { uid: atNotes.uid }, accessClaims: { uid: atNotes.uid } });

    await signOut(page);
    await page.waitForURL((url) => url.host !== new URL(world.at.userPool).host);
    expect(await context.cookies(world.at.gateway)).toEqual([]);
    await page.goto(`${world.at.notes}/`);
    expect(host()).toBe(new URL(world.at.userPool).host);
    await page.getByLabel('Password').waitFor();
  });
});

describe('people with roles', () => {
  it.each([
    ['ann@acme.test', ['admin'], 200],
    ['bob@acme.test', ['editor'], 200],
    ['cyd@acme.test', [], 403],
  ])('%s has roles %j and gets %i at a page for editors', async (email, roles, status) => {
    await page.goto(`${world.at.notes}/`);
    await signIn(page, email);
    await page.waitForURL(`${world.at.notes}/`);
    expect(await me(page)).toMatchObject({ email, roles });
    expect((await page.goto(`${world.at.notes}/team`))?.status()).toBe(status);
  });

  it('the gateway’s home lists their apps and says who they are', async () => {
    await page.goto(`${world.at.gateway}/`);
    await signIn(page, 'ann@acme.test');
    await page.waitForURL(`${world.at.gateway}/`);
    await page.getByRole('link', { name: /Notes/ }).waitFor();
    expect(await page.textContent('main')).toContain('ann@acme.test');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(/signed-out/);
    expect(await page.textContent('main')).toContain('You are signed out everywhere');
  });
});

describe('what can go wrong', () => {
  it('a wrong password stays at the form', async () => {
    await page.goto(`${world.at.notes}/`);
    await signIn(page, 'ann@acme.test', 'not her password');
    await page.getByText('Incorrect username or password.').waitFor();
    await signIn(page, 'ann@acme.test', seededPassword);
    await page.waitForURL(`${world.at.notes}/`);
  });

  it('cancelling at the provider is a page with a way on', async () => {
    await page.goto(`${world.at.photos}/`);
    await page.getByRole('link', { name: 'Cancel' }).click();
    await page.getByText('Signing in was cancelled').waitFor();
    expect(host()).toBe(new URL(world.at.gateway).host);
    await page.getByRole('link', { name: /again/i }).click();
    await page.getByLabel('Password').waitFor();
  });

  it('two tabs that both ask to sign in both finish', async () => {
    const other = await context.newPage();
    await page.goto(`${world.at.notes}/?tab=1`);
    await other.goto(`${world.at.photos}/?tab=2`);
    await signIn(page, 'bob@acme.test');
    await page.waitForURL(`${world.at.notes}/?tab=1`);
    await signIn(other, 'bob@acme.test');
    await other.waitForURL(`${world.at.photos}/?tab=2`);
    await page.reload();
    expect(await me(page)).toEqual(await me(other));
  });

  it('the next person at the machine never sees the last one’s pages', async () => {
    await page.goto(`${world.at.notes}/`);
    await signIn(page, 'ann@acme.test');
    await page.waitForURL(`${world.at.notes}/`);
    const ann = (await me(page)) as Me;
    await signOut(page);
    await page.waitForURL((url) => url.pathname === '/bye');
    await page.goBack().catch(() => {});
    expect(await page.textContent('body')).not.toContain(ann.uid);
    await page.goto(`${world.at.notes}/`);
    await signIn(page, 'bob@acme.test');
    await page.waitForURL(`${world.at.notes}/`);
    expect(await me(page)).toMatchObject({ email: 'bob@acme.test' });
    expect(((await me(page)) as Me).uid).not.toBe(ann.uid);
  });

  it('somebody disabled is told so, and comes in nowhere', async () => {
    await page.goto(`${world.at.notes}/`);
    await signIn(page, 'cyd@acme.test');
    await page.waitForURL(`${world.at.notes}/`);
    try {
      await world.sql`update crossgate.users set state = 'disabled' where email = 'cyd@acme.test'`;
      await page.goto(`${world.at.gateway}/`);
      await page.getByText('This account is disabled').waitFor();
      const fresh = await browser.newContext();
      const other = await fresh.newPage();
      await other.goto(`${world.at.notes}/`);
      await signIn(other, 'cyd@acme.test');
      await other.getByText(/This account is disabled/).waitFor();
      await fresh.close();
    } finally {
      await world.sql`update crossgate.users set state = 'active' where email = 'cyd@acme.test'`;
    }
  });

  it('a cookie tossed by a sibling app ends in nobody’s account, not in another’s', async () => {
    const other = await browser.newContext();
    const attacker = await other.newPage();
    await attacker.goto(`${world.at.notes}/`);
    await signIn(attacker, 'cyd@acme.test');
    await attacker.waitForURL(`${world.at.notes}/`);
    const theirs = (await other.cookies(world.at.notes)).find(({ name }) => name === '__Secure-sso');
    await other.close();

    await page.goto(`${world.at.notes}/`);
    await signIn(page, 'ann@acme.test');
    await page.waitForURL(`${world.at.notes}/`);
    // on a path of its own, where the gateway's cookie does not replace it
    const cookie = {
      name: '__Secure-sso',
      value: theirs?.value ?? '',
      domain: '.acme.localhost',
      path: '/api',
      secure: true,
      httpOnly: true,
    };
    await context.addCookies([{ ...cookie, sameSite: 'Lax' }]);
    expect(await me(page)).toBe(401);
  });
});

describe('the page that shows what happened', () => {
  it('names the steps of a sign-in, and no secret', async () => {
    await page.goto(`${world.at.notes}/`);
    await signIn(page, 'ann@acme.test');
    await page.waitForURL(`${world.at.notes}/`);
    const cookies = await context.cookies([world.at.gateway, world.at.notes]);
    await page.goto(`${world.at.start}/what-happened`);
    const text = (await page.textContent('body')) ?? '';
    for (const step of ['pre-token-generation', '/callback/cognito', '__Secure-sso', 'uid'])
      expect(text).toContain(step);
    for (const { value } of cookies) expect(text).not.toContain(value);
    expect(text).not.toContain(seededPassword);
  });
});
