import express, { type RequestHandler } from 'express';
import type { ConfigParams, SessionStore } from 'express-openid-connect';
import openid from 'express-openid-connect';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Browser, Page, Tab } from './browser.ts';
import { sessionOf } from './looking.testing.ts';
import { people, type SuitePerson } from './people.testing.ts';
import { answerOf, type Party } from './relying-parties.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** An Express app with the middleware that most of them have; what it answers is what the middleware says of the person. */
export function expressOpenidConnectSuite(start: StartSubject): void {
  describe('express-openid-connect', () => {
    const subject = subjectFor(start);
    const app = () => subject().parties.globex.origin;
    const kept = new Map<string, Kept>();
    /** Under these names it keeps what logout tokens told it. */
    const heardOf = (name: unknown) => kept.has(`${subject().at.gateway}|${name}`);
    beforeAll(() => {
      const { at, parties } = subject();
      const { globex, signer } = parties;
      parties.serve('globex', createApp(at.gateway, globex, { clientSecret: globex.secret }, storeIn(kept)));
      const byKey: Partial<ConfigParams> = {
        clientAssertionSigningKey: signer.privateKey,
        clientAssertionSigningAlg: 'ES256',
        idTokenSigningAlg: 'ES256',
      };
      parties.serve('signer', createApp(at.gateway, signer, byKey, storeIn(kept)));
    });

    /** Somebody who has come to the app's guarded page, and signed in on the way. */
    const signedInAtApp = async (
      person: SuitePerson = people.bob,
    ): Promise<{ browser: Browser; tab: Tab; page: Page }> => {
      const browser = subject().browser();
      const tab = browser.tab();
      await tab.goto(`${app()}/albums`);
      return { browser, tab, page: await subject().provider.signIn(tab, person) };
    };
    /** What a page of the app hears from its own server. */
    const asScript = (tab: Tab) => tab.load('fetch', `${app()}/albums`, { headers: { accept: 'application/json' } });
    const signOutAtPhotos = async (tab: Tab) => {
      await tab.goto(`${subject().at.photos}/`);
      await tab.post(`${subject().at.gateway}/logout`, {});
      await subject().provider.finishSignOut(tab);
    };

    it('knows somebody whom the gateway knows, without a question', async () => {
      const { at, provider, signedIn, uid } = subject();
      const { tab } = await signedIn(people.ann);
      const page = await tab.goto(`${app()}/albums?page=2`);
      expect([page.status, page.url]).toEqual([200, `${app()}/albums?page=2`]);
      expect(JSON.parse(page.body)).toMatchObject({
        sub: uid(people.ann),
        name: 'Ann Almond',
        email: 'ann@acme.test',
        sid: expect.stringMatching(/^[\w-]{43}$/),
      });
      const ways = page.hops.map(({ url }) => new URL(url)).map(({ origin, pathname }) => origin + pathname);
      expect(ways).toEqual([`${app()}/albums`, `${at.gateway}/authorize`, `${app()}/callback`, `${app()}/albums`]);
      expect(ways.join()).not.toContain(provider.origin);
      expect(JSON.parse((await tab.goto(`${app()}/afresh`)).body)).toEqual({
        sub: uid(people.ann),
        name: 'Ann Almond',
        email: 'ann@acme.test',
      });
    });

    it('signs somebody in from nothing, and comes back to the very page', async () => {
      const { uid } = subject();
      const { browser, page } = await signedInAtApp();
      expect([page.status, page.url]).toEqual([200, `${app()}/albums`]);
      expect(JSON.parse(page.body)).toMatchObject({ sub: uid(people.bob) });
      expect(await sessionOf(browser, subject())).toMatchObject({ uid: uid(people.bob) });
    });

    it('starts at its root where the address of the page is too long to come back to', async () => {
      const { signedIn } = subject();
      const { tab } = await signedIn(people.ann);
      const long = `${app()}/albums?${'x'.repeat(400)}`;
      expect(await tab.goto(long)).toMatchObject({ status: 200, url: `${app()}/` });
      expect(await tab.goto(long)).toMatchObject({ status: 200, url: long });
    });

    it('shows who it is by a key, and reads tokens signed by ES256', async () => {
      const { parties, signedIn, uid } = subject();
      const { origin } = parties.signer;
      const { tab } = await signedIn(people.ann);
      const page = await tab.goto(`${origin}/albums`);
      const { sub, sid } = JSON.parse(page.body);
      expect([page.url, sub]).toEqual([`${origin}/albums`, uid(people.ann)]);
      await signOutAtPhotos(tab);
      await expect.poll(() => heardOf(sid)).toBe(true);
      expect((await tab.goto(`${origin}/`)).body).toBe('null');
    });

    it('keeps nobody signed in for longer than the gateway does', async () => {
      const { page } = await signedInAtApp();
      const { session_expiry } = JSON.parse(page.body);
      const set = page.hops.flatMap(({ cookies }) => cookies).filter((line) => line.startsWith('appSession='));
      const expires = set.map((line) => Date.parse(/Expires=([^;]+)/.exec(line)?.[1] ?? '') / 1000);
      expect(expires.at(-1)).toBe(session_expiry);
    });

    it('signs out everywhere, and returns to where it starts', async () => {
      const { provider } = subject();
      const { browser, tab } = await signedInAtApp();
      await tab.goto(`${app()}/logout`);
      const page = await provider.finishSignOut(tab);
      expect([page.url, page.body]).toEqual([`${app()}/`, 'null']);
      expect(await sessionOf(browser, subject())).toBeUndefined();
      expect((await tab.goto(`${app()}/albums`)).url).toContain(provider.origin);
    });

    it('hears at once that somebody signed out elsewhere', async () => {
      const { provider } = subject();
      const { tab, page } = await signedInAtApp();
      const { sid } = JSON.parse(page.body);
      expect((await asScript(tab)).status).toBe(200);
      await signOutAtPhotos(tab);
      await expect.poll(() => heardOf(sid)).toBe(true);
      await tab.goto(`${app()}/`);
      expect(tab.page.body).toBe('null');
      expect((await asScript(tab)).status).toBe(401);
      expect((await tab.goto(`${app()}/albums`)).url).toContain(provider.origin);
    });

    it('sends the person’s other browsers round once, and asks nothing there', async () => {
      const { uid } = subject();
      const laptop = await signedInAtApp(people.dan);
      const phone = await signedInAtApp(people.dan);
      const { sid } = JSON.parse(laptop.page.body);
      await signOutAtPhotos(laptop.tab);
      await expect.poll(() => heardOf(sid)).toBe(true);
      // it goes by the `sub` of a logout token although there is a `sid`
      expect((await asScript(phone.tab)).status).toBe(401);
      const page = await phone.tab.goto(`${app()}/albums`);
      expect([page.url, JSON.parse(page.body).sub]).toEqual([`${app()}/albums`, uid(people.dan)]);
      // and that brings nobody else back
      expect((await asScript(laptop.tab)).status).toBe(401);
    });

    it.each<[string, (idToken: string) => Record<string, string>]>([
      ['is no logout token', () => ({})],
      ['is made up', () => ({ logout_token: 'a.b.c' })],
      ['is an ID token', (idToken) => ({ logout_token: idToken })],
    ])('believes no news that %s', async (_, forge) => {
      const { tab } = await signedInAtApp();
      const { idToken } = JSON.parse((await tab.goto(`${app()}/token`)).body);
      const { status } = await subject().ask(`${app()}/logged-out`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(forge(idToken)).toString(),
      });
      expect(status).toBe(400);
      expect((await asScript(tab)).status).toBe(200);
    });

    it.each<[string, (answer: URLSearchParams) => void]>([
      ['another state', (answer) => answer.set('state', `${answer.get('state')}x`)],
      ['no state', (answer) => answer.delete('state')],
      ['another issuer', (answer) => answer.set('iss', 'https://evil.test')],
      ['no issuer', (answer) => answer.delete('iss')],
      ['another code', (answer) => answer.set('code', 'x'.repeat(43))],
    ])('is signed in by no answer with %s', async (_, change) => {
      const { tab } = await subject().signedIn();
      const page = await tab.goto(`${app()}/albums`, { stopAt: `${app()}/callback` });
      const answer = answerOf(page);
      change(answer);
      expect((await tab.goto(`${app()}/callback?${answer}`)).status).toBe(400);
      expect((await tab.goto(`${app()}/`)).body).toBe('null');
    });

    it('signs nobody in by the answer to somebody else’s browser', async () => {
      const { browser, signedIn } = subject();
      const attacker = await signedIn(people.eve);
      const page = await attacker.tab.goto(`${app()}/albums`, { stopAt: `${app()}/callback` });
      const victim = browser().tab();
      expect((await victim.goto(page.next ?? '')).status).toBe(400);
      expect((await victim.goto(`${app()}/`)).body).toBe('null');
    });

    it('asks silently who is there, and nobody is', async () => {
      const { at, browser } = subject();
      const page = await browser().tab().goto(`${app()}/welcome`);
      expect([page.status, page.url, page.body]).toEqual([200, `${app()}/welcome`, 'null']);
      const [, asked, heard] = page.hops;
      expect(new URL(asked?.url ?? '').searchParams.get('prompt')).toBe('none');
      expect(asked?.url).toContain(`${at.gateway}/authorize?`);
      expect(new URL(heard?.url ?? '').searchParams.get('error')).toBe('login_required');
    });

    it('asks silently who is there, and somebody is', async () => {
      const { signedIn, uid } = subject();
      const { tab } = await signedIn(people.ann);
      const page = await tab.goto(`${app()}/welcome`);
      expect(page.url).toBe(`${app()}/welcome`);
      expect(JSON.parse(page.body)).toMatchObject({ sub: uid(people.ann) });
    });
  });
}

function createApp(gateway: string, party: Party, credentials: Partial<ConfigParams>, store: SessionStore) {
  const settings: ConfigParams = {
    issuerBaseURL: gateway,
    baseURL: party.origin,
    clientID: party.id,
    ...credentials,
    secret: 'signs and encrypts the cookies of the app',
    authorizationParams: { response_type: 'code' },
    authRequired: false,
    idpLogout: true,
    routes: { backchannelLogout: '/logged-out' },
    session: { store },
    backchannelLogout: true,
    // it carries the page's address in `state`, which has to be short
    getLoginState: (_, { returnTo = '/' }) => ({ returnTo: returnTo.length > 200 ? '/' : returnTo }),
  };
  const who: RequestHandler = (request, response) => {
    response.send(JSON.stringify(request.oidc.idTokenClaims ?? null));
  };
  const app = express();
  app.use(openid.auth(settings));
  app.get('/', who);
  app.get('/albums', openid.requiresAuth(), who);
  app.get('/welcome', openid.attemptSilentLogin(), who);
  app.get('/afresh', openid.requiresAuth(), async (request, response) => {
    response.send(await request.oidc.fetchUserInfo());
  });
  app.get('/token', openid.requiresAuth(), (request, response) => {
    response.send({ idToken: request.oidc.idToken });
  });
  return app;
}

type Kept = Parameters<SessionStore['set']>[1];

/** What the middleware wants of a session store, which is what `express-session` has. */
const storeIn = (kept: Map<string, Kept>): SessionStore => ({
  get: (id, callback) => callback(null, kept.get(id) ?? null),
  set(id, session, callback) {
    kept.set(id, session);
    callback?.();
  },
  destroy(id, callback) {
    kept.delete(id);
    callback?.();
  },
});
