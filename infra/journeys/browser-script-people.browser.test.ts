import { describe, expect, it } from 'vitest';
import { code } from './browser-script.testing.ts';
import { blocked, eventually, useScriptPage } from './browser-script-page.testing.ts';

const at = useScriptPage();
const paths = () =>
  at.standIn.seen.filter(({ host }) => at.standIn.app.endsWith(host)).map(({ method, path }) => `${method} ${path}`);

describe('what is set up wrongly is told once, with what to change', () => {
  it('a page’s policy that forbids the frame; and people come in all the same, by the bounce', async () => {
    at.given({ policy: `script-src 'self' ${at.standIn.gateway}; frame-src 'self'` });
    await at.open();
    await eventually(() => at.standIn.asked('GET /?sso_tried=1').length).toBe(1);
    await at.page.waitForLoadState();
    await at.found();
    const text = `[crossgate] CSP: add ${at.standIn.gateway} to frame-src`;
    // once for each of the two pages
    expect(at.notices()).toEqual([text, text]);
  });

  it('a page’s policy that forbids what FedCM needs', async () => {
    at.given({
      frame: { state: 'unknown' },
      policy: `connect-src 'self'`,
      options: { bounce: 'never' },
      // it is asked silently where somebody has come in by it before
      before: `localStorage.setItem('crossgate:globex:fedcm', '1');`,
    });
    await at.open();
    expect(await at.found()).toBe('unknown');
    await eventually(at.notices).toEqual([expect.stringContaining(`add ${at.standIn.gateway} to connect-src`)]);
  });

  it('a page’s policy that forbids its own server', async () => {
    at.given({ policy: `connect-src ${at.standIn.gateway}` });
    await at.open();
    expect(await at.found()).toBe('unknown');
    await eventually(at.notices).toEqual([expect.stringContaining("add 'self' to connect-src")]);
  });

  it('a policy that only reports is nothing to change', async () => {
    at.given({ reportOnly: "frame-src 'none'" });
    await at.open();
    expect(await at.found()).toBe('signed-out');
    expect(at.notices()).toEqual([]);
  });

  it('an origin that the gateway doesn’t let frame it', async () => {
    at.given({ frameAncestors: "'none'", options: { bounce: 'never', frameTimeout: 800 } });
    await at.open();
    expect(await at.found()).toBe('unknown');
    expect(at.notices()).toEqual([
      expect.stringMatching(`add ${at.standIn.app}.* to clients\\[\\].origins of globex at ${at.standIn.gateway}`),
    ]);
  });

  it('an origin that is not registered', async () => {
    at.given({ frame: { state: 'error', reason: 'origin-not-registered' } });
    await at.open();
    expect(await at.found()).toBe('unknown');
    expect(at.notices()).toEqual([
      `[crossgate] add ${at.standIn.app} to clients[].origins of globex at ${at.standIn.gateway}`,
    ]);
    expect(at.standIn.asked('GET /sso/login')).toEqual([]);
  });

  it('a server side that isn’t mounted', async () => {
    at.given({ own: 'missing' });
    await at.open();
    expect(await at.found()).toBe('unknown');
    expect(await at.page.evaluate(() => window.sso.check())).toBe('unknown');
    expect(at.notices()).toEqual([
      "[crossgate] /sso/session isn't there: mount handOff() at /sso, or say by `base` where it is",
    ]);
    expect(at.standIn.questions).toEqual([]);
  });
});

describe('a person’s click', () => {
  it('leads to the gateway’s page where FedCM can’t be asked', async () => {
    await at.open('/a?b#c');
    await at.found();
    await at.page.click('#in');
    await at.page.waitForURL(`${at.standIn.app}/sso/login?return_to=${encodeURIComponent('/a?b#c')}`);
  });

  it.each([
    ['accepted', 1, 0],
    ['closed', 0, 0],
    ['closed, and a second click', 0, 1],
  ])('opens FedCM’s dialog, which is %s', async (what, redeemed, logins) => {
    at.given({ fedcm: true, options: { onSignedIn: 'report' } });
    await at.page.goto(`${at.standIn.gateway}/fedcm/login`);
    const devtools = await at.context.newCDPSession(at.page);
    await devtools.send('FedCm.enable', { disableRejectionDelay: true });
    const closed = new Promise<void>((resolve) => {
      devtools.on('FedCm.dialogShown', async ({ dialogId }) => {
        // as long as a person needs at the least
        await new Promise((wait) => setTimeout(wait, 700));
        if (what === 'accepted') await devtools.send('FedCm.selectAccount', { dialogId, accountIndex: 0 });
        else await devtools.send('FedCm.dismissDialog', { dialogId, triggerCooldown: false });
        resolve();
      });
    });
    await at.open();
    expect(await at.found()).toBe('signed-out');
    await at.page.click('#in');
    await closed;
    if (what === 'accepted') await at.page.waitForFunction(() => window.sso.state === 'signed-in');
    await at.page.waitForTimeout(300);
    if (logins) {
      await at.page.click('#in');
      await at.page.waitForURL(/sso\/login/);
    }
    expect(at.standIn.asked('POST /sso/callback')).toHaveLength(redeemed);
    expect(at.standIn.asked('GET /sso/login')).toHaveLength(logins);
  });

  it.each([
    ['lets the page know them', { state: 'signed-in', code }, 1, 0],
    ['leads to the gateway’s page where nobody is signed in', { state: 'signed-out' }, 0, 1],
    [
      'leads there too where the browser still hides the cookies',
      { state: 'unknown', reason: 'storage-blocked' },
      0,
      1,
    ],
  ])('on the button in the frame %s', async (_, clicked, redeemed, logins) => {
    at.given({ ...blocked, body: '<div id="place"></div>', clicked, options: { onSignedIn: 'report' } });
    await at.open();
    await eventually(() => at.standIn.questions.length).toBe(1);
    await at.page.waitForTimeout(200);
    expect(at.standIn.asked('GET /sso/login')).toEqual([]);
    await at.page.frameLocator('#place iframe').getByRole('button').click();
    if (redeemed) await at.page.waitForFunction(() => window.sso.state === 'signed-in');
    else await at.page.waitForURL(/sso\/login/);
    expect(at.standIn.asked('POST /sso/callback')).toHaveLength(redeemed);
    expect(at.standIn.asked('GET /sso/login')).toHaveLength(logins);
  });

  it('signs out by a form, which takes the whole tab along', async () => {
    await at.open();
    await at.found();
    await at.page.evaluate(() => window.sso.signOut());
    await at.page.waitForURL(`${at.standIn.app}/sso/logout`);
    expect(at.standIn.asked('POST /sso/logout')).toHaveLength(1);
  });
});

describe('a page without a server side', () => {
  it('is told the state, and asks nothing of its own origin', async () => {
    at.given({ options: { base: false }, frame: { state: 'signed-in' } });
    await at.open();
    expect(await at.found()).toBe('signed-in');
    expect(at.standIn.questions[0]).toMatchObject({ type: 'sso:check', want: 'state' });
    expect(paths().filter((path) => path.includes('/sso/'))).toEqual([]);
  });
});

describe('stop()', () => {
  it('takes the frames away and asks nothing more', async () => {
    at.given({ own: 'signed-in', frame: { state: 'signed-in' } });
    await at.open();
    await at.found();
    await eventually(() => at.standIn.questions.length).toBe(1);
    await at.page.evaluate(() => window.sso.stop());
    at.standIn.seen.length = 0;
    await at.page.waitForTimeout(2100);
    await at.page.evaluate(() => window.dispatchEvent(new Event('focus')));
    expect(await at.page.evaluate(() => window.sso.check())).toBe('signed-in');
    expect(await at.page.locator('iframe').count()).toBe(0);
    expect(at.standIn.seen).toEqual([]);
  });
});
