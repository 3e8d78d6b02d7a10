import { describe, expect, it } from 'vitest';
import { textOf } from './browser.ts';
import { cookiesSet, domainCookieOf, sessionOf } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { answerOf, authorizeRequest, handOff, redeem } from './relying-parties.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** `/authorize`: what an app hears, and what nobody hears. */
export function authorizeSuite(start: StartSubject): void {
  describe('an app on another domain', () => {
    const subject = subjectFor(start);

    it('gets a code for somebody who is signed in, who is asked nothing', async () => {
      const { at, parties, provider, signedIn } = subject();
      const { tab } = await signedIn();
      const { page, answer, state } = await handOff(subject(), parties.globex, tab);
      expect(page.hops.map(({ url }) => new URL(url).origin)).not.toContain(provider.origin);
      expect(page.next?.startsWith(`${parties.globex.redirectUri}?`)).toBe(true);
      expect(answer.get('code')).toMatch(/^[\w-]{43}$/);
      expect([answer.get('state'), answer.get('iss')]).toEqual([state, at.gateway]);
      expect(page.headers.get('cache-control')).toBe('no-store');
    });

    it('gets one through the provider for somebody who is not', async () => {
      const { browser, parties, provider } = subject();
      const tab = browser().tab();
      const { page, state } = await handOff(subject(), parties.globex, tab, { login_hint: 'ann@acme.test' });
      expect(page.url).toContain(provider.origin);
      const back = await provider.signIn(tab, people.ann, { stopAt: parties.globex.origin });
      expect(answerOf(back).get('code')).toBeTruthy();
      expect(answerOf(back).get('state')).toBe(state);
    });

    it('keeps the query of its redirect URI as it was registered', async () => {
      const { parties, signedIn } = subject();
      const redirect = `${parties.globex.redirectUri}?from=gateway`;
      const { tab } = await signedIn();
      const { page } = await handOff(subject(), parties.globex, tab, { redirect_uri: redirect });
      expect(page.next?.startsWith(`${redirect}&code=`)).toBe(true);
    });

    it('may post its request: the answer is a GET, so that cookies come along', async () => {
      const { at, parties, signedIn } = subject();
      const { tab } = await signedIn();
      await tab.goto(`${parties.globex.origin}/`);
      const { url } = authorizeRequest(subject(), parties.globex);
      const fields = Object.fromEntries(new URL(url).searchParams);
      const page = await tab.post(`${at.gateway}/authorize`, fields, { stopAt: parties.globex.redirectUri });
      expect(page.hops[0]).toMatchObject({ method: 'POST', status: 303 });
      expect(answerOf(page).get('code')).toBeTruthy();
    });

    it('hears login_required without a session and without a prompt, and nothing begins', async () => {
      const { at, browser, parties } = subject();
      const { page, answer, state } = await handOff(subject(), parties.globex, browser().tab(), { prompt: 'none' });
      expect(Object.fromEntries(answer)).toMatchObject({ error: 'login_required', state, iss: at.gateway });
      expect(page.hops).toHaveLength(1);
      expect(cookiesSet(page)).toEqual(['__Host-sso_bounces']);
    });

    it('gets a code without a prompt where there is a session', async () => {
      const { parties, signedIn } = subject();
      const { answer } = await handOff(subject(), parties.spa, (await signedIn()).tab, { prompt: 'none' });
      expect(answer.get('code')).toBeTruthy();
    });

    it('hears that the person cancelled at the provider', async () => {
      const { at, browser, parties } = subject();
      const one = browser();
      const tab = one.tab();
      const { state } = await handOff(subject(), parties.globex, tab);
      const page = await tab.follow('Cancel', { stopAt: parties.globex.origin });
      expect(page.next?.startsWith(`${parties.globex.redirectUri}?`)).toBe(true);
      const heard = Object.fromEntries(answerOf(page));
      expect(heard).toEqual({
        error: 'access_denied',
        error_description: expect.any(String),
        state,
        iss: at.gateway,
      });
      expect(one.jar.all().filter(({ name }) => name.includes('login_'))).toEqual([]);
      expect(await sessionOf(one, subject())).toBeUndefined();
    });

    it('that answers a cancelled sign-in by another is stopped', async () => {
      const { browser, parties } = subject();
      const tab = browser().tab();
      for (let i = 0; i < 4; i += 1) {
        await handOff(subject(), parties.globex, tab);
        await tab.follow('Cancel', { stopAt: parties.globex.origin });
      }
      expect([tab.page.status, tab.page.next]).toEqual([429, undefined]);
    });

    it('hears of no cancelled sign-in that it did not begin', async () => {
      const { at, browser, parties } = subject();
      const resumed = new URL(authorizeRequest(subject(), parties.globex).url);
      for (const resume of [undefined, 'made.up', 'x'.repeat(200)]) {
        if (resume !== undefined) resumed.searchParams.set('resume', resume);
        const tab = browser().tab();
        await tab.goto(`${at.gateway}/login?${new URLSearchParams({ return_to: resumed.href })}`);
        const page = await tab.follow('Cancel', { stopAt: parties.globex.origin });
        expect([page.status, page.next]).toEqual([403, undefined]);
        expect(textOf(page.body)).toContain('login_cancelled');
      }
    });

    it.each([
      ['prompt=login', { prompt: 'login' }],
      ['an id_token_hint of somebody else', {}],
    ])('has somebody signed in afresh by %s, once', async (what, changes) => {
      const { parties, provider, signedIn } = subject();
      const { browser, tab } = await signedIn(people.ann);
      const before = domainCookieOf(browser, subject().at.gateway)?.sid;
      let hint = {};
      if (what.startsWith('an id_token_hint')) {
        const { token } = await tokenOf(people.bob);
        hint = { id_token_hint: token };
        const silent = await handOff(subject(), parties.globex, tab, { ...hint, prompt: 'none' });
        expect(silent.answer.get('error')).toBe('login_required');
      }
      const { page } = await handOff(subject(), parties.globex, tab, { ...changes, ...hint });
      expect(page.url).toContain(provider.origin);
      const whom = what === 'prompt=login' ? people.ann : people.bob;
      const back = await provider.signIn(tab, whom, { stopAt: parties.globex.origin });
      expect(answerOf(back).get('code')).toBeTruthy();
      expect(await sessionOf(browser, subject())).toMatchObject({ uid: subject().uid(whom) });
      expect(domainCookieOf(browser, subject().at.gateway)?.sid).not.toBe(before);
    });

    async function tokenOf(person: (typeof people)[keyof typeof people]): Promise<{ token: string }> {
      const { parties, signedIn } = subject();
      const heard = await handOff(subject(), parties.globex, (await signedIn(person)).tab);
      return { token: JSON.parse((await redeem(subject(), parties.globex, heard)).body).id_token };
    }

    it.each([
      ['too old', 100, true],
      ['young enough', 3600, false],
    ])('asks for a sign-in that is not older than max_age: %s', async (_, maxAge, asked) => {
      const { parties, pass, provider, signedIn } = subject();
      const { tab } = await signedIn();
      await pass(120);
      const { page } = await handOff(subject(), parties.globex, tab, { max_age: String(maxAge) });
      expect(page.url.startsWith(provider.origin)).toBe(asked);
      const silent = { max_age: String(maxAge), prompt: 'none' };
      const { answer } = await handOff(subject(), parties.globex, tab, silent);
      expect(answer.get('error')).toBe(asked ? 'login_required' : null);
    });
  });

  describe('at /authorize, an app', () => {
    const subject = subjectFor(start);

    it.each<[string, Record<string, string | undefined>, string]>([
      ['no response_type', { response_type: undefined }, 'unsupported_response_type'],
      ['an implicit response_type', { response_type: 'token id_token' }, 'unsupported_response_type'],
      ['a hybrid response_type', { response_type: 'code id_token' }, 'unsupported_response_type'],
      ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
      ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
      ['plain PKCE by leaving the method out', { code_challenge_method: undefined }, 'invalid_request'],
      ['a method without a challenge', { code_challenge: undefined }, 'invalid_request'],
      ['a short challenge', { code_challenge: 'x'.repeat(42) }, 'invalid_request'],
      ['no openid', { scope: 'email' }, 'invalid_scope'],
      ['no scope', { scope: undefined }, 'invalid_scope'],
      ['an answer in the fragment', { response_mode: 'fragment' }, 'invalid_request'],
      ['an answer by a form', { response_mode: 'form_post' }, 'invalid_request'],
      ['a request object', { request: 'e30.e30.' }, 'request_not_supported'],
      ['a request object elsewhere', { request_uri: 'http://127.0.0.1:9/' }, 'request_uri_not_supported'],
      ['a registration', { registration: '{}' }, 'registration_not_supported'],
      ['an unknown prompt', { prompt: 'create' }, 'invalid_request'],
      ['prompts that exclude each other', { prompt: 'none login' }, 'invalid_request'],
      ['a max_age that is none', { max_age: '-1' }, 'invalid_request'],
      ['a nonce with NUL', { nonce: 'a\0b' }, 'invalid_request'],
      ['a nonce without end', { nonce: 'x'.repeat(600) }, 'invalid_request'],
      ['a hint without end', { login_hint: 'x'.repeat(600) }, 'invalid_request'],
      ['a request too long to come back to', { state: 'x'.repeat(512) }, 'invalid_request'],
    ])('is told what is wrong: %s', async (_, changes, error) => {
      const { browser, parties } = subject();
      const { page, answer } = await handOff(subject(), parties.globex, browser().tab(), changes);
      expect(answer.get('error')).toBe(error);
      expect(answer.get('error_description')).toBeTruthy();
      expect(answer.get('state')).toBeTruthy();
      expect(answer.get('code')).toBeNull();
      expect(page.hops).toHaveLength(1);
    });

    it.each(['scope', 'nonce', 'state', 'prompt', 'code_challenge'])('is told of a second %s', async (name) => {
      const { browser, parties } = subject();
      const request = authorizeRequest(subject(), parties.globex, { prompt: 'none' });
      const url = `${request.url}&${name}=again`;
      const page = await browser().tab().goto(url, { stopAt: parties.globex.origin });
      expect(answerOf(page).get('error')).toBe('invalid_request');
      expect(answerOf(page).get('state')).toBe(name === 'state' ? null : request.state);
    });

    it.each<[string, (at: Record<string, string>) => Record<string, string | undefined>, string]>([
      ['no client', () => ({ client_id: undefined }), 'unknown_client'],
      ['an unknown client', () => ({ client_id: 'nobody' }), 'unknown_client'],
      ['a name of Object.prototype', () => ({ client_id: '__proto__' }), 'unknown_client'],
      [
        'an app that takes no hand-off',
        ({ notes }) => ({ client_id: 'notes', redirect_uri: `${notes}/` }),
        'redirect_uri_refused',
      ],
      ['no redirect URI', () => ({ redirect_uri: undefined }), 'redirect_uri_refused'],
      ['a stranger', () => ({ redirect_uri: 'https://evil.test/callback' }), 'redirect_uri_refused'],
      ['another app’s', ({ spa }) => ({ redirect_uri: `${spa}/callback` }), 'redirect_uri_refused'],
      ['a path below', ({ globex }) => ({ redirect_uri: `${globex}/callback/x` }), 'redirect_uri_refused'],
      ['a path beside', ({ globex }) => ({ redirect_uri: `${globex}/callback/../evil` }), 'redirect_uri_refused'],
      ['a slash more', ({ globex }) => ({ redirect_uri: `${globex}/callback/` }), 'redirect_uri_refused'],
      ['other letters', ({ globex }) => ({ redirect_uri: `${globex}/Callback` }), 'redirect_uri_refused'],
      ['a query more', ({ globex }) => ({ redirect_uri: `${globex}/callback?x=1` }), 'redirect_uri_refused'],
      ['a fragment', ({ globex }) => ({ redirect_uri: `${globex}/callback#x` }), 'redirect_uri_refused'],
      [
        'a user',
        ({ globex }) => ({ redirect_uri: `${globex?.replace('//', '//x@')}/callback` }),
        'redirect_uri_refused',
      ],
      [
        'a host that begins alike',
        ({ globex }) => ({ redirect_uri: `${globex}.evil.test/callback` }),
        'redirect_uri_refused',
      ],
      ['another port', () => ({ redirect_uri: 'http://globex.localhost/callback' }), 'redirect_uri_refused'],
      [
        'a percent sign in place of a letter',
        ({ globex }) => ({ redirect_uri: `${globex}/%63allback` }),
        'redirect_uri_refused',
      ],
      ['a line break', ({ globex }) => ({ redirect_uri: `${globex}/callback\r\nx: y` }), 'redirect_uri_refused'],
      ['a script', () => ({ redirect_uri: 'javascript:alert(1)' }), 'redirect_uri_refused'],
      ['the gateway itself', ({ gateway }) => ({ redirect_uri: `${gateway}/` }), 'redirect_uri_refused'],
    ])('that nobody can be sent back to is told nothing, the person is: %s', async (_, changes, code) => {
      const { at, parties, signedIn } = subject();
      const origins = { ...at, globex: parties.globex.origin, spa: parties.spa.origin };
      const { tab } = await signedIn();
      const request = authorizeRequest(subject(), parties.globex, changes(origins));
      const page = await tab.goto(request.url);
      expect(page.status).toBe(400);
      expect(textOf(page.body)).toContain(code);
      expect(page.hops).toHaveLength(1);
    });

    it.each(['client_id', 'redirect_uri'])('is told nothing where %s is there twice', async (name) => {
      const { parties, signedIn } = subject();
      const { tab } = await signedIn();
      const { url } = authorizeRequest(subject(), parties.globex);
      for (const value of [new URL(url).searchParams.get(name) ?? '', 'https://evil.test/']) {
        const page = await tab.goto(`${url}&${new URLSearchParams({ [name]: value })}`);
        expect(page.status).toBe(400);
        expect(page.headers.has('location')).toBe(false);
      }
    });

    it.each(['fetch', 'iframe', 'image', 'prefetch'] as const)('gets no code by %s', async (how) => {
      const { parties, signedIn } = subject();
      const { tab } = await signedIn();
      const answer = await tab.load(how, authorizeRequest(subject(), parties.globex).url);
      expect([401, 503]).toContain(answer.status);
      expect(answer.headers.has('location')).toBe(false);
      expect(answer.cookies).toEqual([]);
    });

    it('that runs in circles is stopped at the fourth time, and the code is not given', async () => {
      const { parties, signedIn } = subject();
      const { tab } = await signedIn();
      for (let i = 0; i < 3; i += 1) {
        const { answer } = await handOff(subject(), parties.globex, tab, i === 1 ? { prompt: 'none' } : {});
        expect(answer.get('code')).toBeTruthy();
      }
      const { page } = await handOff(subject(), parties.globex, tab);
      expect([page.status, page.next]).toEqual([429, undefined]);
      expect(textOf(page.body)).toContain('login_loop');
      expect(page.body).not.toMatch(/code=/);
    });

    it('that runs in circles by errors is stopped, too', async () => {
      const { browser, parties } = subject();
      const tab = browser().tab();
      for (let i = 0; i < 3; i += 1) await handOff(subject(), parties.globex, tab, { prompt: 'none' });
      expect((await handOff(subject(), parties.globex, tab, { prompt: 'none' })).page.status).toBe(429);
    });

    it('hears when the store is down where no page may be shown; else the person reads of it', async () => {
      const { parties, setAvailable, signedIn } = subject();
      const { tab } = await signedIn();
      setAvailable('store', false);
      try {
        const silent = await handOff(subject(), parties.globex, tab, { prompt: 'none' });
        expect(silent.answer.get('error')).toBe('temporarily_unavailable');
        const { page } = await handOff(subject(), parties.globex, tab);
        expect([page.status, page.headers.get('retry-after')]).toEqual([503, '5']);
      } finally {
        setAvailable('store', true);
      }
    });
  });
}
