import { describe, expect, it } from 'vitest';
import { type Browser, textOf } from './browser.ts';
import { cookiesSet, domainCookieOf, sessionOf } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { type StartSubject, type StoreUnderTest, subjectFor, testOf } from './subject.testing.ts';

/** What may come to the callback instead of the provider's answer to this browser. */
export function hostileCallbackSuite(start: StartSubject, store: StoreUnderTest = 'shared'): void {
  const itShared = testOf(store);
  describe('the callback', () => {
    const subject = subjectFor(start);
    const callbackPath = () => `${subject().at.gateway}/callback/`;
    const exchanges = () => subject().tap.calls.filter(({ grant }) => grant === 'authorization_code');

    /** A browser in front of the provider's sign-in page, and the state that it has to bring back. */
    const begun = async (browser: Browser = subject().browser()) => {
      const { at } = subject();
      const tab = browser.tab();
      const page = await tab.goto(`${at.gateway}/login?${new URLSearchParams({ return_to: `${at.notes}/kept` })}`);
      const asked = page.hops.map(({ url }) => new URL(url).searchParams.get('state')).find((state) => state !== null);
      return { browser, tab, state: asked ?? '' };
    };
    /** The same, with the provider's answer in hand, not yet delivered. */
    const answered = async () => {
      const { browser, tab, state } = await begun();
      const page = await subject().provider.signIn(tab, people.ann, { stopAt: callbackPath() });
      return { browser, tab, state, answer: page.next ?? '' };
    };
    const noSession = (browser: Browser) => {
      expect(browser.jar.value('__Host-sso', subject().at.gateway)).toBeUndefined();
      expect(domainCookieOf(browser, subject().at.notes)).toBeUndefined();
    };

    it('takes the answer of the browser that asked', async () => {
      const { tab, answer } = await answered();
      expect((await tab.click(answer)).url).toBe(`${subject().at.notes}/kept`);
    });

    it('refuses the answer to another browser: nobody is signed in as somebody else', async () => {
      const { answer } = await answered();
      const victim = await begun();
      for (const one of [victim.browser, subject().browser()]) {
        const page = await one.tab().goto(answer);
        expect(page.status).toBe(400);
        expect(textOf(page.body)).toContain('login_attempt_missing');
        noSession(one);
      }
      // the victim's own attempt still works
      expect((await subject().provider.signIn(victim.tab, people.bob)).url).toBe(`${subject().at.notes}/kept`);
    });

    itShared('takes no answer twice, and the session of the first stays', async () => {
      const { browser, tab, answer } = await answered();
      const cookies = browser.jar.header(new URL(subject().at.gateway)) ?? '';
      await tab.click(answer);
      const before = exchanges().length;
      const again = await tab.goto(answer);
      expect(again.status).toBe(400);
      const withCookies = await subject().ask(answer, { headers: { cookie: cookies, accept: 'text/html' } });
      expect(withCookies.status).toBe(400);
      expect(textOf(withCookies.body)).toContain('login_attempt_used');
      expect(cookiesSet(withCookies)).toEqual([]);
      expect(exchanges()).toHaveLength(before);
      expect(await sessionOf(browser, subject())).toBeDefined();
    });

    itShared('makes one session of twenty at once, over two processes, and asks the provider once', async () => {
      const { browser, answer } = await answered();
      const cookie = browser.jar.header(new URL(subject().at.gateway)) ?? '';
      const before = exchanges().length;
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          subject().ask(answer, {
            headers: { cookie, accept: 'text/html', ...(i % 2 ? { 'x-suite-process': 'second' } : {}) },
          }),
        ),
      );
      expect(exchanges()).toHaveLength(before + 1);
      expect(answers.filter(({ status }) => status === 302)).toHaveLength(1);
      expect(answers.filter((one) => one.status === 400 && one.body.includes('login_attempt_used'))).toHaveLength(19);
      expect(answers.filter((one) => cookiesSet(one).includes('__Host-sso'))).toHaveLength(1);
    });

    it('refuses an answer at another provider’s address, and still takes it at the right one', async () => {
      const { at } = subject();
      const { browser, tab, answer } = await answered();
      const elsewhere = new URL(answer);
      elsewhere.pathname = '/callback/rogue';
      const page = await tab.goto(elsewhere.href);
      expect(page.status).toBe(400);
      expect(textOf(page.body)).toContain('login_attempt_invalid');
      noSession(browser);
      elsewhere.pathname = '/callback/nobody';
      expect((await tab.goto(elsewhere.href)).status).toBe(404);
      expect((await tab.goto(answer)).url).toBe(`${at.notes}/kept`);
    });

    it.each(['another app', 'an attacker’s sign-in here'])('refuses a code that was made for %s', async (whose) => {
      const { at, provider, browser } = subject();
      let stolen = '';
      if (whose === 'another app') {
        const tab = browser().tab();
        await tab.goto(provider.strangersLogin(`${at.foreign}/callback`));
        stolen = (await provider.signIn(tab, people.eve)).url;
      } else stolen = (await answered()).answer;
      const code = new URL(stolen).searchParams.get('code') ?? '';
      expect(code).not.toBe('');
      const victim = await begun();
      const page = await victim.tab.goto(`${callbackPath()}acme?${new URLSearchParams({ code, state: victim.state })}`);
      expect(page.status).toBe(400);
      noSession(victim.browser);
    });

    it.each([
      ['access_denied', 403, 'login_cancelled'],
      ['login_required', 401, 'not_signed_in'],
      ['interaction_required', 401, 'not_signed_in'],
      ['invalid_request', 403, 'login_refused'],
      ['unauthorized_client', 403, 'login_refused'],
      ['server_error', 503, 'provider_unavailable'],
      ['temporarily_unavailable', 503, 'provider_unavailable'],
      ['<img src=x onerror=alert(1)>', 403, 'login_refused'],
      ['x'.repeat(3000), 403, 'login_refused'],
    ])('says what is fit for a person when the provider says %j', async (error, status, code) => {
      const { browser, tab, state, answer } = await answered();
      const said = '<script>alert("said by the provider")</script>';
      const url = new URL(answer);
      url.searchParams.delete('code');
      const parameters = { error, error_description: said, error_uri: 'javascript:alert(1)' };
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
      const page = await tab.goto(url.href);
      expect(page.status).toBe(status);
      expect(textOf(page.body)).toContain(code);
      for (const injected of ['said by the provider', 'onerror', 'javascript:', 'xxxx', state])
        expect(page.body).not.toContain(injected);
      if (status === 503) expect(page.headers.get('retry-after')).toMatch(/^\d+$/);
      noSession(browser);
      // there is a way on, to where the person wanted
      expect(page.body).toContain(encodeURIComponent(`${subject().at.notes}/kept`));
    });

    it.each([
      ['no state', (good: URLSearchParams) => good.delete('state')],
      ['an empty state', (good: URLSearchParams) => good.set('state', '')],
      ['a made-up state', (good: URLSearchParams) => good.set('state', 'x'.repeat(43))],
      ['the state twice', (good: URLSearchParams) => good.append('state', good.get('state') ?? '')],
      ['a second state', (good: URLSearchParams) => good.append('state', 'other')],
      ['no code', (good: URLSearchParams) => good.delete('code')],
      ['an empty code', (good: URLSearchParams) => good.set('code', '')],
      ['a made-up code', (good: URLSearchParams) => good.set('code', 'made-up')],
      ['the code twice', (good: URLSearchParams) => good.append('code', good.get('code') ?? '')],
      ['code and error', (good: URLSearchParams) => good.set('error', 'access_denied')],
      ['an answer of the implicit flow', (good: URLSearchParams) => good.set('id_token', 'e30.e30.e30')],
      ['an answer as a token', (good: URLSearchParams) => good.set('response', 'e30.e30.e30')],
      ['the issuer of another provider', (good: URLSearchParams) => good.set('iss', 'https://evil.test')],
      ['a second issuer', (good: URLSearchParams) => good.append('iss', 'https://evil.test')],
    ])('refuses an answer with %s', async (_, spoil) => {
      const { browser, tab, answer } = await answered();
      const url = new URL(answer);
      const query = new URLSearchParams(url.search);
      spoil(query);
      url.search = query.toString();
      const page = await tab.goto(url.href);
      expect([400, 403]).toContain(page.status);
      expect(page.headers.get('content-type')).toContain('text/html');
      noSession(browser);
    });

    it('takes no answer fifteen minutes after the start', async () => {
      const { browser, tab, answer } = await answered();
      const cookie = browser.jar.header(new URL(subject().at.gateway)) ?? '';
      await subject().pass(15 * 60 + 60);
      const page = await tab.goto(answer);
      expect(page.status).toBe(400);
      const kept = await subject().ask(answer, { headers: { cookie, accept: 'text/html' } });
      expect(kept.body).toContain('login_attempt_missing');
      noSession(browser);
    });

    it('is not used up by a prefetch, nor by HEAD', async () => {
      const { browser, tab, answer } = await answered();
      const ahead = await tab.load('prefetch', answer);
      expect(ahead.status).toBe(503);
      const cookie = browser.jar.header(new URL(subject().at.gateway)) ?? '';
      const head = await subject().ask(answer, { method: 'HEAD', headers: { cookie } });
      expect(cookiesSet(head)).toEqual([]);
      expect((await tab.click(answer)).url).toBe(`${subject().at.notes}/kept`);
    });

    it('refuses an answer with far too much, however far it gets', async () => {
      const { at, askDirectly, front } = subject();
      const { browser, tab, answer } = await answered();
      const long = new URL(answer);
      long.searchParams.set('code', 'x'.repeat(9000));
      expect((await tab.goto(long.href)).status).toBe(front.longAddress ?? 400);
      const headers = { cookie: browser.jar.header(new URL(at.gateway)) ?? '', accept: 'text/html' };
      const page = await askDirectly(`${long.pathname}${long.search}`, { headers });
      expect([page.status, page.headers.get('content-type')]).toEqual([400, expect.stringContaining('text/html')]);
      expect(cookiesSet(page)).toEqual([]);
      noSession(browser);
    });

    it('survives an address without end', async () => {
      const answer = await subject().ask(`${callbackPath()}acme?state=${'x'.repeat(40_000)}`);
      expect(answer.status).toBe(subject().front.tooLong);
    });
  });
}
