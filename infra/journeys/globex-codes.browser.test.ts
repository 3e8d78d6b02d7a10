import '../local/localhost-names.ts';
import { createHash, randomBytes } from 'node:crypto';
import type { Page, Route } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../shared/clock.ts';
import { worldSecrets } from '../local/world-config.ts';
import { openProfile, type Profile } from './chromium.ts';
import { closeTabs, worldForTests } from './globex.testing.ts';
import { frameByHand, type MorePages, openByHand, startEvilSite, startMorePages } from './globex-attacks.testing.ts';
import { signInAtNotes } from './person.ts';

// What a script in Globex's own page could do with a code, which is more than any other page's. Ann is signed in at the
// gateway all the time.

let passed = 0;
const logged: string[] = [];
const log = (event: string) => void logged.push(event);
const world = worldForTests({
  clock: () => systemClock() + passed,
  gatewayLog: { debug: log, info: log, warn: log, error: log },
});
let globex: MorePages;
let profile: Profile;
let page: Page;

beforeAll(async () => {
  globex = await startMorePages(world());
  profile = await openProfile('allowed', globex.switches);
  await signInAtNotes(world(), profile.context);
  globex.pages.set('/by-hand', frameByHand(world(), `${world().at.gateway}/frame?client_id=globex`));
});
afterAll(async () => {
  await profile?.close();
  await globex?.stop();
});
beforeEach(async () => {
  await closeTabs(profile.context);
  await profile.context.clearCookies({ domain: 'globex.localhost' });
  logged.length = 0;
  page = await profile.context.newPage();
  await openByHand(page, `${world().at.globex}/by-hand`);
});

type Challenge = Readonly<Record<string, string>>;
const challenge = (): Promise<Challenge> => page.evaluate(() => window.byHand.challenge());
/** What the frame answers to a challenge. */
const askFrame = ({ client_id: _, ...asked }: Challenge) =>
  page.evaluate((question) => window.byHand.ask(question), { type: 'sso:check', want: 'code', ...asked });
const codeFor = async (asked: Challenge) => (await askFrame(asked)).code ?? 'no code';
const redeem = (body: object) => page.evaluate((sent) => window.byHand.redeem(sent), body);
/** A refusal as the page sees it: a problem by name, and no word of why. */
const refused = (status: number, code: string) => ({
  status,
  body: { title: expect.any(String), status, code },
});
const isSignedIn = async () => (await profile.context.request.get(`${world().at.globex}/api/me`)).ok();
const count = (event: string) => logged.filter((one) => one === event).length;

describe('a code', () => {
  it('signs in once; a second time, and what comes after, changes nothing', async () => {
    const asked = await challenge();
    const code = await codeFor(asked);
    const body = { code, nonce: asked.nonce };
    expect(await redeem(body)).toMatchObject({ status: 200, body: { signed_in: true } });
    expect(await redeem(body)).toEqual(refused(400, 'login_attempt_missing'));
    const later = await challenge();
    expect(await redeem({ code, nonce: later.nonce })).toEqual(refused(400, 'login_attempt_used'));
    expect(await isSignedIn()).toBe(true);
    expect(count('tokens given')).toBe(1);
  });

  it('redeemed twenty times at once starts one session', async () => {
    const asked = await challenge();
    const body = { code: await codeFor(asked), nonce: asked.nonce };
    const answers = await page.evaluate(
      async (sent) => await Promise.all(Array.from({ length: 20 }, () => window.byHand.redeem(sent))),
      body,
    );
    const good = answers.filter(({ status }) => status === 200);
    expect(good.length).toBeGreaterThan(0);
    // all of the same session
    expect(new Set(good.map((one) => JSON.stringify(one.body))).size).toBe(1);
    // those that came after the first answer, whose attempt was over by then
    for (const other of answers.filter((one) => one.status !== 200))
      expect(other).toEqual(refused(400, 'login_attempt_missing'));
    expect(count('tokens given')).toBe(1);
    expect(await isSignedIn()).toBe(true);
  });

  it.each<[string, () => Promise<{ code: string; nonce: string | undefined }>, string]>([
    [
      'of another challenge, whose verifier is another',
      async () => ({ code: await codeFor(await challenge()), nonce: (await challenge()).nonce }),
      'login_attempt_used',
    ],
    [
      'that is half a minute old',
      async () => {
        const asked = await challenge();
        const code = await codeFor(asked);
        passed += 31;
        return { code, nonce: asked.nonce };
      },
      'login_attempt_used',
    ],
    [
      'that somebody made up',
      async () => ({ code: randomBytes(32).toString('base64url'), nonce: (await challenge()).nonce }),
      'login_attempt_used',
    ],
    [
      'of an attempt that is not this browser’s',
      async () => ({ code: await codeFor(await challenge()), nonce: randomBytes(16).toString('base64url') }),
      'login_attempt_missing',
    ],
  ])('%s signs nobody in', async (_, arrange, problem) => {
    expect(await redeem(await arrange())).toEqual(refused(400, problem));
    expect(await isSignedIn()).toBe(false);
    expect(count('tokens given')).toBe(0);
  });
});

describe('a code at the gateway’s own /token', () => {
  const verifier = randomBytes(32).toString('base64url');
  const own = () => ({
    nonce: randomBytes(16).toString('base64url'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    redirect_uri: `${world().at.globex}/sso/callback`,
    scope: 'openid',
  });
  const token = async (changes: Readonly<Record<string, string>>) => {
    const { secret } = worldSecrets(world().dir).globexClient;
    const form = {
      grant_type: 'authorization_code',
      code: await codeFor(own()),
      redirect_uri: own().redirect_uri,
      code_verifier: verifier,
      client_id: 'globex',
      client_secret: secret,
      ...changes,
    };
    const response = await profile.context.request.post(`${world().at.gateway}/token`, { form });
    return { status: response.status(), body: await response.json() };
  };

  it('is worth tokens to Globex', async () => {
    const { status, body } = await token({});
    expect([status, Object.keys(body).toSorted()]).toEqual([
      200,
      ['access_token', 'expires_in', 'id_token', 'scope', 'token_type'],
    ]);
  });

  it.each<[string, Readonly<Record<string, string>>, number, string]>([
    ['another verifier', { code_verifier: 'v'.repeat(43) }, 400, 'invalid_grant'],
    ['another redirect URI', { redirect_uri: 'http://evil.localhost/sso/callback' }, 400, 'invalid_grant'],
    ['another client', { client_id: 'notes' }, 401, 'invalid_client'],
    ['another secret', { client_secret: 'guessed' }, 401, 'invalid_client'],
  ])('is worth nothing with %s', async (_, changes, status, error) => {
    const answer = await token(changes);
    expect(answer).toEqual({ status, body: { error, error_description: expect.any(String) } });
    expect(count('tokens given')).toBe(0);
  });
});

describe('the frame gives no code', () => {
  it.each<[string, Readonly<Record<string, string>>]>([
    ['for another place to send it to', { redirect_uri: 'http://evil.localhost/sso/callback' }],
    ['for a place of Globex that is not registered', { redirect_uri: '/elsewhere' }],
    ['without the scope that says who somebody is', { scope: 'email' }],
    ['for a challenge that is none', { code_challenge: 'plain' }],
  ])('%s', async (_, changes) => {
    const asked = await challenge();
    const { redirect_uri } = changes;
    const place = redirect_uri && { redirect_uri: new URL(redirect_uri, world().at.globex).href };
    const answer = await askFrame({ ...asked, ...changes, ...place });
    expect(answer).toEqual({ v: 1, type: 'sso:result', nonce: asked.nonce, state: 'error', reason: 'bad-request' });
    expect(count('code given')).toBe(0);
  });
});

describe('a message to Globex’s page that pretends to be the frame’s', () => {
  it('is ignored, even if it knows the nonce, and comes first', async () => {
    const { at } = world();
    const evil = await startEvilSite();
    onTestFinished(evil.stop);
    const redeemed: string[] = [];
    page.on('request', (request) => {
      if (request.url() === `${at.globex}/sso/callback`) redeemed.push(request.postDataJSON().code);
    });
    evil.page = `<script>addEventListener('message', ({ data: nonce }) => setInterval(() => parent.postMessage(
      { v: 1, type: 'sso:result', nonce, state: 'signed-in', code: 'a-code-of-the-attacker' }, '*'), 20))</script>`;
    globex.pages.set(
      '/spoofed',
      `<iframe src="${evil.origin}"></iframe><script type="module">
      import { createSso } from '${at.gateway}/browser.js';
      await new Promise((resolve) => document.querySelector('iframe').addEventListener('load', resolve));
      const ask = window.fetch;
      window.fetch = async (...args) => {
        const response = await ask(...args);
        // this app gives its nonces away
        if (String(args[0]).endsWith('/challenge')) frames[0].postMessage((await response.clone().json()).nonce, '*');
        return response;
      };
      const sso = createSso({ gateway: '${at.gateway}', clientId: 'globex', onSignedIn: 'report' });
      document.title = await sso.check();
      </script>`,
    );
    // the true answer is late
    await page.route('**/frame/check', async (route: Route) => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      await route.continue();
    });
    await page.goto(`${at.globex}/spoofed`);
    await page.waitForFunction(() => document.title !== 'page');
    expect(await page.title()).toBe('signed-in');
    expect(redeemed).toEqual([expect.not.stringContaining('attacker')]);
  });
});
