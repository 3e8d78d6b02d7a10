import { describe, expect, it } from 'vitest';
import { challenge, code } from './browser-script.testing.ts';
import { blocked, eventually, useScriptPage } from './browser-script-page.testing.ts';

const at = useScriptPage();
const paths = () =>
  at.standIn.seen.filter(({ host }) => at.standIn.app.endsWith(host)).map(({ method, path }) => `${method} ${path}`);
const strict = () =>
  [
    "default-src 'none'",
    `script-src 'self' ${at.standIn.gateway}`,
    `frame-src ${at.standIn.gateway}`,
    `connect-src 'self' ${at.standIn.gateway}`,
    "form-action 'self'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');

describe('somebody who is signed in at the gateway', () => {
  it('is signed in by the frame’s code, on a page with the strictest policy, and it is reloaded once', async () => {
    at.given({ frame: { state: 'signed-in', code }, policy: strict() });
    await at.open('/there?a=b');
    await at.page.waitForFunction(() => window.sso?.state === 'signed-in' && window.states.length === 1);
    await eventually(() => at.standIn.asked('GET /there').length).toBe(2);
    expect(await at.found()).toBe('signed-in');
    const { client_id: _, ...asked } = challenge;
    expect(at.standIn.questions[0]).toEqual({ v: 1, type: 'sso:check', want: 'code', ...asked });
    expect(at.standIn.asked('POST /sso/callback').map(({ body }) => JSON.parse(body))).toEqual([
      { code, nonce: challenge.nonce },
    ]);
    expect(at.said.filter((text) => /violates|Refused|TrustedType/i.test(text))).toEqual([]);
    expect(at.notices()).toEqual([]);
    const frame = at.page.locator('iframe');
    expect(await frame.getAttribute('allow')).toBe('identity-credentials-get; storage-access');
    expect(await frame.getAttribute('aria-hidden')).toBe('true');
    expect([await frame.getAttribute('title'), await frame.getAttribute('tabindex')]).toEqual(['Sign in', '-1']);
    expect(await frame.isVisible()).toBe(false);
  });

  it('hands the ticket over once, is watched, and signed out when the gateway says so', async () => {
    at.given({ own: 'signed-in', monitor: 'the-ticket', frame: { state: 'signed-in' } });
    await at.open();
    expect(await at.found()).toBe('signed-in');
    await eventually(() => at.standIn.questions.length).toBe(1);
    expect(at.standIn.questions[0]).toMatchObject({ type: 'sso:watch', ticket: 'the-ticket' });
    at.given({ frame: { state: 'signed-out' } });
    await at.page.waitForTimeout(2100);
    await at.page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await expect.poll(() => at.standIn.asked('GET /').filter(({ path }) => path === '/').length).toBe(2);
    expect(at.standIn.questions[1]).toMatchObject({ type: 'sso:check', want: 'state' });
    expect(at.standIn.questions[1]?.nonce).not.toBe(at.standIn.questions[0]?.nonce);
    expect(at.standIn.asked('POST /sso/end')).toHaveLength(1);
    expect(await at.found()).toBe('signed-out');
  });

  it('is not signed out by a frame that can’t tell', async () => {
    at.given({ ...blocked, own: 'signed-in' });
    await at.open();
    await eventually(() => at.standIn.asked('GET /sso/session').length).toBe(2);
    await at.page.waitForTimeout(300);
    expect(at.standIn.asked('POST /sso/end')).toEqual([]);
    expect(await at.page.evaluate(() => [window.sso.state, window.states])).toEqual(['signed-in', ['signed-in']]);
    expect(at.notices()).toEqual([expect.stringContaining("this browser hides the gateway's cookies")]);
  });

  it('gets no page of the person before them out of the browser’s memory', async () => {
    at.given({ own: 'signed-in', session: 'of Ann', frame: { state: 'signed-in' } });
    await at.open();
    expect(await at.found()).toBe('signed-in');
    await at.page.evaluate(() => document.body.append('Ann’s own'));
    at.given({ session: 'of Bob' });
    await at.page.evaluate(() => void window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
    await eventually(() => at.standIn.asked('GET /').filter(({ path }) => path === '/').length).toBe(2);
    expect(await at.found()).toBe('signed-in');
    expect(await at.page.textContent('body')).not.toContain('Ann');
  });

  it('is asked for again when a page comes out of the browser’s memory, before it counts as signed in', async () => {
    at.given({ own: 'signed-in', frame: { state: 'signed-in' }, options: { onSignedOut: 'report' } });
    await at.open();
    expect(await at.found()).toBe('signed-in');
    const restore = () =>
      at.page.evaluate(() => void window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
    await restore();
    await at.page.waitForFunction(() => window.states.length === 3);
    at.given({ own: 'signed-out' });
    await restore();
    await at.page.waitForFunction(() => window.states.length === 5);
    expect(await at.page.evaluate(() => window.states)).toEqual([
      'signed-in',
      ...['unknown', 'signed-in'],
      ...['unknown', 'signed-out'],
    ]);
  });
});

describe('a bounce', () => {
  const silentLogins = () => at.standIn.asked('GET /sso/login').filter(({ path }) => path.includes('silent=1')).length;

  /** A bounce that begins now would be seen by then. */
  const noSilentLogin = async () => {
    await at.page.waitForTimeout(400);
    expect(silentLogins()).toBe(0);
  };
  /** The page that the bounce leaves has an outcome too: waits for the one after it. */
  const foundAfterBounce = async (path: string) => {
    await eventually(() => silentLogins()).toBe(1);
    await eventually(() => at.standIn.asked(`GET ${path}`).filter((one) => one.path.includes('sso_tried')).length).toBe(
      1,
    );
    await at.page.waitForLoadState();
    return await at.found();
  };

  it('happens once in a tab, comes back to the same address, and leaves no trace in it', async () => {
    at.given(blocked);
    await at.open('/a?b=%20c+d&e#f');
    expect(await foundAfterBounce('/a')).toBe('unknown');
    expect(at.page.url()).toBe(`${at.standIn.app}/a?b=%20c+d&e#f`);
    await at.page.reload();
    expect(await at.found()).toBe('unknown');
    await at.open('/another');
    expect(await at.found()).toBe('unknown');
    expect(silentLogins()).toBe(1);
  });

  it('never happens twice where the tab forgets, for the address says where the browser comes from', async () => {
    at.given(blocked);
    // a memory that is lost with each page
    await at.page.addInitScript(() => sessionStorage.clear());
    await at.open('/a');
    expect(await foundAfterBounce('/a')).toBe('unknown');
    expect(at.page.url()).toBe(`${at.standIn.app}/a`);
    expect(silentLogins()).toBe(1);
  });

  it.each<[string, () => Promise<unknown>]>([
    [
      'where the tab has no memory',
      () =>
        at.page.addInitScript(() => {
          Object.defineProperty(window, 'sessionStorage', {
            get: () => {
              throw new DOMException('denied', 'SecurityError');
            },
          });
        }),
    ],
    ['where the app wants none', async () => at.given({ options: { bounce: 'never' } })],
    ['once the frame has said that nobody is signed in', async () => at.given({ frame: { state: 'signed-out' } })],
    ['to a gateway that is down', async () => at.given({ frame: { state: 'error', reason: 'unavailable' } })],
  ])('never happens %s', async (_, arrange) => {
    at.given(blocked);
    await arrange();
    await at.open();
    expect(['unknown', 'signed-out']).toContain(await at.found());
    await noSilentLogin();
  });

  it('never happens inside of a frame', async () => {
    at.given({ ...blocked, body: '' });
    // a page of its own, so that neither memory nor policy is what keeps it from it
    await at.page.goto(`${at.standIn.app}/sso/plain`);
    await at.page.setContent(`<iframe src="${at.standIn.app}/"></iframe>`);
    await eventually(() => at.standIn.asked('POST /sso/challenge').length).toBeGreaterThan(0);
    const [inner] = at.page.mainFrame().childFrames();
    if (!inner) throw new Error('the app is not in the frame');
    await inner.waitForFunction(() => window.found !== undefined);
    expect(await inner.evaluate(() => window.found)).toBe('unknown');
    await noSilentLogin();
  });

  it('is shared by whoever checks at the same time', async () => {
    await at.open();
    await at.found();
    at.standIn.seen.length = 0;
    const states = await at.page.evaluate(() =>
      Promise.all([window.sso.check(), window.sso.check(), window.sso.check()]),
    );
    expect(states).toEqual(['signed-out', 'signed-out', 'signed-out']);
    expect(paths()).toEqual(['GET /sso/session', 'POST /sso/challenge']);
  });
});

describe('an answer that is not the frame’s', () => {
  it.each<[string, () => string]>([
    ['a frame of somebody else', () => `${at.standIn.evil}/`],
    ['another frame of the gateway’s origin', () => `${at.standIn.gateway}/silent-frame`],
    ['the page itself', () => 'about:blank'],
    ['somebody else in the place of the gateway’s frame', () => 'instead'],
  ])('does nothing, though it knows the nonce: from %s', async (_, from) => {
    at.given({ frame: undefined, options: { bounce: 'never', frameTimeout: 800 } });
    await at.page.addInitScript(
      ([app, nonce, forged]) => {
        if (location.origin !== app || window !== top) return;
        setInterval(() => postMessage({ v: 1, type: 'sso:result', nonce, state: 'signed-in', code: forged }, '*'), 50);
      },
      [at.standIn.app, challenge.nonce, code] as const,
    );
    const isInstead = from() === 'instead';
    at.given(isInstead ? { frameLeadsAway: true } : { body: `<iframe src="${from()}"></iframe>` });
    await at.open();
    expect(await at.found()).toBe('unknown');
    expect(at.standIn.questions).toHaveLength(isInstead ? 0 : 1);
    expect(at.standIn.asked('POST /sso/callback')).toEqual([]);
  });
});
