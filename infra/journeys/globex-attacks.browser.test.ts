import '../local/localhost-names.ts';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openProfile, type Profile } from './chromium.ts';
import { closeTabs, type Watched, watch, worldForTests } from './globex.testing.ts';
import {
  type EvilSite,
  frameByHand,
  isAnybodyThere,
  type MorePages,
  openByHand,
  startEvilSite,
  startMorePages,
} from './globex-attacks.testing.ts';
import { signInAtNotes } from './person.ts';

// In a browser that blocks no third-party cookies: the best that an attacker can hope for. Ann is signed in at the gateway
// all the time.

/** Names of what the gateway logged. */
const logged: string[] = [];
const log = (event: string) => void logged.push(event);
const world = worldForTests({ gatewayLog: { debug: log, info: log, warn: log, error: log } });
let evil: EvilSite;
let globex: MorePages;
let profile: Profile;
let page: Page;
let watched: Watched;

beforeAll(async () => {
  [evil, globex] = await Promise.all([startEvilSite(), startMorePages(world())]);
  profile = await openProfile('allowed', globex.switches);
  await signInAtNotes(world(), profile.context);
});
afterAll(async () => {
  await profile?.close();
  await evil?.stop();
  await globex?.stop();
});
beforeEach(async () => {
  await closeTabs(profile.context);
  globex.pages.clear();
  logged.length = 0;
  await profile.context.clearCookies({ domain: 'globex.localhost' });
  page = await profile.context.newPage();
  watched = watch(page, world());
});

const frameOfGlobex = () => `${world().at.gateway}/frame?client_id=globex`;
const checks = () => watched.toGateway.filter((one) => one.startsWith('POST /frame/'));
/** What a page and its frames heard of the gateway that says anything about anybody. */
const told = async (on: Page) => {
  const all = await Promise.all(on.frames().map((frame) => frame.evaluate(() => window.byHand?.heard ?? [])));
  return all.flat().filter(({ state }) => state !== 'error');
};
/** Asks from wherever a page frames the gateway by hand, and gives it time to answer. */
const shoutEverywhere = async (on: Page) => {
  for (const frame of on.frames()) {
    await frame.evaluate((question) => window.byHand?.shout(question, 3), isAnybodyThere).catch(() => {});
  }
  await on.waitForTimeout(400);
};

describe('a page that may not frame the gateway', () => {
  it('frames it all the same where it may, so that the others are tests of something', async () => {
    const { at } = world();
    globex.pages.set('/framing', frameByHand(world(), frameOfGlobex()));
    await openByHand(page, `${at.globex}/framing`);
    await shoutEverywhere(page);
    expect(await told(page)).toContainEqual(expect.objectContaining({ state: 'signed-in' }));
  });

  it.each<[string, string]>([
    ['an origin that is not registered', '/frame?client_id=globex'],
    ['the same with a button', '/frame?client_id=globex&button=1'],
    ['the frame of Session Management', '/check-session'],
  ])('learns nothing: %s', async (_, path) => {
    evil.page = frameByHand(world(), world().at.gateway + path);
    await openByHand(page, evil.origin);
    expect(page.frames()[1]?.url()).toBe('chrome-error://chromewebdata/');
    await shoutEverywhere(page);
    expect([await told(page), checks()]).toEqual([[], []]);
  });

  it.each<[string, () => Promise<string>]>([
    [
      'a stranger around a page of Globex',
      async () => {
        evil.page = `<iframe src="${world().at.globex}/framing"></iframe>`;
        return evil.origin;
      },
    ],
    [
      'a page of Globex in a sandbox',
      async () => {
        globex.pages.set('/around', '<iframe sandbox="allow-scripts" src="/framing"></iframe>');
        return `${world().at.globex}/around`;
      },
    ],
  ])('learns nothing, and nor does what it frames: %s', async (_, around) => {
    globex.pages.set('/framing', frameByHand(world(), frameOfGlobex()));
    await page.goto(await around());
    await expect.poll(() => page.frames().at(-1)?.url()).toBe('chrome-error://chromewebdata/');
    expect(page.frames()).toHaveLength(3);
    await shoutEverywhere(page);
    expect([await told(page), checks()]).toEqual([[], []]);
  });

  it('learns nothing by Globex’s own pages, which nobody frames', async () => {
    evil.page = `<iframe src="${world().at.globex}/"></iframe>`;
    await page.goto(evil.origin);
    await expect.poll(() => page.frames()[1]?.url()).toBe('chrome-error://chromewebdata/');
  });

  it('learns nothing by a frame of the gateway in a sandbox, which has no origin of its own', async () => {
    const { at } = world();
    const sandboxed = frameByHand(world(), frameOfGlobex(), 'sandbox="allow-scripts"');
    globex.pages.set('/framing', sandboxed);
    await openByHand(page, `${at.globex}/framing`);
    await shoutEverywhere(page);
    expect(await told(page)).toEqual([]);
  });
});

describe('messages to the frame of Globex’s page', () => {
  beforeEach(() => {
    globex.pages.set('/framing', frameByHand(world(), frameOfGlobex()));
  });

  it('of a page that opened it are ignored', async () => {
    evil.page = '<p>waiting</p>';
    await page.goto(evil.origin);
    const opening = profile.context.waitForEvent('page');
    await page.evaluate((url) => void Object.assign(window, { opened: open(url) }), `${world().at.globex}/framing`);
    const opened = await opening;
    const there = watch(opened, world());
    await opened.waitForFunction(() => window.byHand !== undefined);
    await page.evaluate((question) => {
      const { opened } = window as unknown as { opened: Window };
      // another site's window, but its frames can be reached
      for (let i = 0; i < 20; i++) opened[0]?.postMessage({ v: 1, ...question }, '*');
    }, isAnybodyThere);
    await opened.waitForTimeout(400);
    expect(there.toGateway.filter((one) => one.startsWith('POST'))).toEqual([]);
    expect(await opened.evaluate(() => window.byHand.heard)).toEqual([]);
  });

  it('of another frame in that page are ignored, of whatever origin', async () => {
    const { at } = world();
    await openByHand(page, `${at.globex}/framing`);
    const shout = `<script>for (let i = 0; i < 20; i++)
      parent[0].postMessage(${JSON.stringify({ v: 1, ...isAnybodyThere })}, '*')</script>`;
    evil.page = shout;
    globex.pages.set('/shouting', shout);
    await page.evaluate(
      async (urls) => {
        for (const src of urls) {
          const frame = Object.assign(document.createElement('iframe'), { src });
          document.body.append(frame);
          await new Promise((resolve) => frame.addEventListener('load', resolve));
        }
      },
      [evil.origin, `${at.globex}/shouting`],
    );
    await page.waitForTimeout(400);
    expect([await told(page), checks()]).toEqual([[], []]);
  });

  it('at a thousand a second cost the gateway one request a second, and each answer is right', async () => {
    await openByHand(page, `${world().at.globex}/framing`);
    const start = performance.now();
    const { sent, heard } = await page.evaluate(async (question) => {
      let sent = 0;
      for (const start = performance.now(); performance.now() - start < 2200; ) {
        window.byHand.shout(question, 50);
        sent += 50;
        await new Promise((resolve) => setTimeout(resolve, 45));
      }
      await new Promise((resolve) => setTimeout(resolve, 300));
      return { sent, heard: window.byHand.heard };
    }, isAnybodyThere);
    expect(sent).toBeGreaterThan(1000);
    const seconds = (performance.now() - start) / 1000;
    expect(checks().length).toBeGreaterThanOrEqual(2);
    expect(checks().length).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
    expect(heard).toHaveLength(sent);
    const kinds = new Set(heard.map(({ state, reason }) => `${state} ${reason ?? ''}`.trim()));
    // who asks again before there was a first answer is told so
    expect([...kinds].toSorted()).toEqual(['error throttled', 'signed-in']);
    expect(heard.findLast(() => true)).toMatchObject({ state: 'signed-in' });
  });
});

describe('a stranger who says that they are Globex', () => {
  it('is answered by no rung of the script', async () => {
    const { at } = world();
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    evil.page = `<script type="module">
      import { createSso } from '${at.gateway}/browser.js';
      document.title = await createSso({ gateway: '${at.gateway}', clientId: 'globex', base: false, frameTimeout: 800 }).check();
    </script>`;
    await page.goto(evil.origin);
    await page.waitForFunction(() => document.title !== 'evil');
    expect(await page.title()).toBe('unknown');
    expect(checks()).toEqual([]);
    // and should it be a mistake, and not a stranger, the console says what to do
    expect(said).toContainEqual(
      expect.stringMatching(
        `^\\[crossgate\\] add ${evil.origin}.* to clients\\[\\].origins of globex at ${at.gateway}$`,
      ),
    );
  });

  it('gets no token by FedCM, even if the person chooses their account', async () => {
    const { at } = world();
    evil.page = '<button>Win a phone</button>';
    await page.goto(evil.origin);
    const devtools = await profile.context.newCDPSession(page);
    await devtools.send('FedCm.enable', { disableRejectionDelay: true });
    const dialogs: string[] = [];
    devtools.on('FedCm.dialogShown', ({ dialogId, dialogType }) => {
      dialogs.push(dialogType);
      const done =
        dialogType === 'AccountChooser'
          ? devtools.send('FedCm.selectAccount', { dialogId, accountIndex: 0 })
          : devtools.send('FedCm.dismissDialog', { dialogId });
      // it may be gone by itself
      done.catch(() => {});
    });
    await page.evaluate((gateway) => {
      document.querySelector('button')?.addEventListener('click', async () => {
        const params = {
          nonce: 'n'.repeat(22),
          code_challenge: 'c'.repeat(43),
          redirect_uri: `${gateway.replace('auth.acme', 'globex')}/sso/callback`,
        };
        const providers = [{ configURL: `${gateway}/fedcm/config.json`, clientId: 'globex', params }];
        const options = { identity: { mode: 'active', providers } } as CredentialRequestOptions;
        document.title = await navigator.credentials.get(options).then(
          (credential) => `got ${JSON.stringify((credential as unknown as { token: string }).token)}`,
          (error: Error) => `refused: ${error.name}`,
        );
      });
    }, at.gateway);
    await page.getByRole('button').click();
    await page.waitForFunction(() => document.title !== 'evil');
    expect(await page.title()).toMatch(/^refused: /);
    // the browser may take the account by itself, for Globex is known to have it: what refuses is the gateway
    expect(dialogs.at(-1)).toBe('Error');
    expect(logged).not.toContain('code given');
  });

  it.each<[string, (globex: string) => string, string]>([
    ['a place of their own to send the code to', () => `${evil.origin}/`, 'auth.acme.localhost'],
    ['Globex’s place, and a challenge of their own', (globex) => `${globex}/sso/callback`, 'globex.localhost'],
  ])('gets no code by a redirect with %s', async (_, redirectUri, end) => {
    const { at } = world();
    const query = new URLSearchParams({
      client_id: 'globex',
      redirect_uri: redirectUri(at.globex),
      response_type: 'code',
      scope: 'openid',
      state: 'known-to-the-attacker',
      code_challenge: 'c'.repeat(43),
      code_challenge_method: 'S256',
      prompt: 'none',
    });
    evil.page = `<meta http-equiv="refresh" content="0;url=${at.gateway}/authorize?${query.toString().replaceAll('&', '&amp;')}">`;
    await page.goto(evil.origin, { waitUntil: 'commit' });
    await page.waitForURL((url) => url.hostname === end);
    await watched.quiet();
    expect(new URL(page.url()).hostname).toBe(end);
    expect(watched.went.filter((one) => one.startsWith('evil'))).toHaveLength(1);
    // a code that Globex's own browser did not ask for signs nobody in
    const cookies = await profile.context.cookies(at.globex);
    expect(cookies.filter(({ name }) => name === '__Host-app_session')).toEqual([]);
  });
});
