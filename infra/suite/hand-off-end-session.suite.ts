import { generateKeyPairSync } from 'node:crypto';
import { decodeJwt, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { signToken } from '../../shared/tokens/signed.ts';
import type { Browser, Tab } from './browser.ts';
import { textOf } from './browser.ts';
import { sessionOf } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { handOff, type Party, redeem } from './relying-parties.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

const idTokens = { other: generateKeyPairSync('rsa', { modulusLength: 2048 }) };

/** `/end-session`: an app signs the person out everywhere, and nobody else does. */
export function endSessionSuite(start: StartSubject): void {
  describe('signing out at an app on another domain', () => {
    const subject = subjectFor(start);
    const endSession = (parameters: Readonly<Record<string, string>>) =>
      `${subject().at.gateway}/end-session?${new URLSearchParams(parameters)}`;
    const signedInAt = async (
      party: Party,
      person = people.ann,
    ): Promise<{ browser: Browser; tab: Tab; token: string }> => {
      const { browser, tab } = await subject().signedIn(person);
      const answer = await redeem(subject(), party, await handOff(subject(), party, tab));
      return { browser, tab, token: JSON.parse(answer.body).id_token };
    };

    it('asks nothing, ends everything, and comes back to the app with its state', async () => {
      const { parties, provider } = subject();
      const { browser, tab, token } = await signedInAt(parties.globex);
      const { postLogoutUri } = parties.globex;
      await tab.goto(endSession({ id_token_hint: token, post_logout_redirect_uri: postLogoutUri, state: 'a b&c' }));
      const page = await provider.finishSignOut(tab);
      expect(page.url).toBe(`${postLogoutUri}?state=a+b%26c`);
      expect(await sessionOf(browser, subject())).toBeUndefined();
      expect(browser.jar.all().map(({ name }) => name)).not.toContain('__Host-sso');
    });

    it('may be posted by the app', async () => {
      const { at, parties, provider } = subject();
      const { browser, tab, token } = await signedInAt(parties.globex);
      await tab.goto(`${parties.globex.origin}/`);
      await tab.post(`${at.gateway}/end-session`, { id_token_hint: token });
      await provider.finishSignOut(tab);
      expect(tab.page.url).toBe(`${at.gateway}/signed-out`);
      expect(await sessionOf(browser, subject())).toBeUndefined();
    });

    it('takes an ID token that expired long ago', async () => {
      const { parties, pass, provider } = subject();
      const { browser, tab, token } = await signedInAt(parties.globex, people.bob);
      await pass(3 * 3600);
      await tab.goto(endSession({ id_token_hint: token }));
      await provider.finishSignOut(tab);
      expect(await sessionOf(browser, subject())).toBeUndefined();
    });

    it('that is over already comes straight back', async () => {
      const { browser, parties } = subject();
      const uri = parties.globex.postLogoutUri;
      const tab = browser().tab();
      const page = await tab.goto(endSession({ client_id: 'globex', post_logout_redirect_uri: uri, state: 's' }));
      expect([page.url, page.hops.length]).toEqual([`${uri}?state=s`, 2]);
    });

    it('without a hint is asked about, and leads back to the app all the same', async () => {
      const { parties, provider, signedIn } = subject();
      const { browser, tab } = await signedIn();
      const uri = parties.globex.postLogoutUri;
      const page = await tab.goto(endSession({ client_id: 'globex', post_logout_redirect_uri: uri, state: 's' }));
      expect(textOf(page.body)).toContain('Sign out of all apps?');
      expect(await sessionOf(browser, subject())).toBeDefined();
      await tab.submit();
      expect((await provider.finishSignOut(tab)).url).toBe(`${uri}?state=s`);
    });

    it.each<[string, (token: string) => Promise<string> | string]>([
      ['of another sign-in of the same person', async () => (await signedInAt(subject().parties.globex)).token],
      ['of somebody else', async () => (await signedInAt(subject().parties.globex, people.bob)).token],
      ['that is made up', () => 'x.y.z'],
      ['with stray bits', (token) => `${token}=`],
      ['without its signature', (token) => `${token.slice(0, token.lastIndexOf('.'))}.`],
      [
        'signed by another key',
        async (token) =>
          await new SignJWT(decodeJwt(token))
            .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: subject().keyring.openid.current.kid })
            .sign(idTokens.other.privateKey),
      ],
      ['that is a logout token', (token) => signToken(subject().keyring.openid, 'logout+jwt', claimsOf(token))],
      [
        'signed by the key of domain cookies',
        (token) => signToken(subject().keyring.domainCookie, 'JWT', claimsOf(token)),
      ],
      [
        'for a client that there is not',
        (token) => signToken(subject().keyring.openid, 'JWT', { ...claimsOf(token), aud: 'nobody' }),
      ],
      ['for another client', (token) => signToken(subject().keyring.openid, 'JWT', { ...claimsOf(token), aud: 'spa' })],
      [
        'of another issuer',
        (token) => signToken(subject().keyring.openid, 'JWT', { ...claimsOf(token), iss: 'https://evil.test' }),
      ],
      [
        'without a session',
        (token) => signToken(subject().keyring.openid, 'JWT', { ...claimsOf(token), sid: undefined }),
      ],
      ['that is very long', () => 'x'.repeat(8000)],
    ])('with an ID token %s is asked about', async (_, forge) => {
      const { browser, tab, token } = await signedInAt(subject().parties.globex);
      const page = await tab.goto(endSession({ id_token_hint: await forge(token) }));
      expect(textOf(page.body)).toContain('Sign out of all apps?');
      expect(await sessionOf(browser, subject())).toBeDefined();
    });

    it('with an ID token without end is asked about, where the gateway gets to read it', async () => {
      const { askDirectly, at, front } = subject();
      const { browser, tab } = await signedInAt(subject().parties.globex);
      const url = new URL(endSession({ id_token_hint: 'x'.repeat(9000) }));
      expect((await tab.goto(url.href)).status).toBe(front.longAddress ?? 200);
      const headers = { cookie: browser.jar.header(new URL(at.gateway)) ?? '', accept: 'text/html' };
      const answer = await askDirectly(`${url.pathname}${url.search}`, { headers });
      expect(answer.headers.get('location')).toBe(`${at.gateway}/logout`);
      expect(textOf((await tab.goto(`${at.gateway}/logout`)).body)).toContain('Sign out of all apps?');
      expect(await sessionOf(browser, subject())).toBeDefined();
    });

    const claimsOf = (token: string) => decodeJwt(token) as Parameters<typeof signToken>[2];

    it.each<[string, Record<string, string>, string]>([
      ['an address that is not registered', { post_logout_redirect_uri: 'https://evil.test/' }, 'redirect_uri_refused'],
      ['a redirect URI', { post_logout_redirect_uri: 'redirect' }, 'redirect_uri_refused'],
      ['its address and a path more', { post_logout_redirect_uri: 'more' }, 'redirect_uri_refused'],
      ['another client', { client_id: 'spa' }, 'unknown_client'],
      ['a parameter twice', { twice: 'yes' }, 'parameter_repeated'],
    ])('sends nobody anywhere with %s, and ends nothing', async (_, changes, code) => {
      const { parties } = subject();
      const { redirectUri, postLogoutUri } = parties.globex;
      const { browser, tab, token } = await signedInAt(parties.globex);
      const uri = { redirect: redirectUri, more: `${postLogoutUri}/x` }[changes.post_logout_redirect_uri ?? ''];
      const url = endSession({ id_token_hint: token, ...changes, ...(uri && { post_logout_redirect_uri: uri }) });
      const page = await tab.goto(changes.twice ? `${url}&id_token_hint=x` : url);
      expect([page.status, page.hops.length]).toEqual([400, 1]);
      expect(textOf(page.body)).toContain(code);
      expect(await sessionOf(browser, subject())).toBeDefined();
    });

    it('needs a client for an address to return to', async () => {
      const { browser, parties } = subject();
      const page = await browser()
        .tab()
        .goto(endSession({ post_logout_redirect_uri: parties.globex.postLogoutUri }));
      expect([page.status, page.headers.has('location')]).toEqual([400, false]);
    });

    it.each(['fetch', 'iframe', 'image', 'prefetch'] as const)('fails by %s', async (how) => {
      const { browser, tab, token } = await signedInAt(subject().parties.globex);
      await tab.load(how, endSession({ id_token_hint: token }));
      expect(await sessionOf(browser, subject())).toBeDefined();
    });
  });
}
