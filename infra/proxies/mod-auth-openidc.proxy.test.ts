import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser, Page, Tab } from '../suite/browser.ts';
import { sessionOf } from '../suite/looking.testing.ts';
import { people, type SuitePerson } from '../suite/people.testing.ts';
import { startPool } from '../suite/pool-provider.testing.ts';
import { answerOf } from '../suite/relying-parties.testing.ts';
import { memoryRooms } from '../suite/rooms.testing.ts';
import { type Subject, startSubject, subjectFor } from '../suite/subject.testing.ts';
import { type Httpd, startHttpd } from './httpd.testing.ts';
import { handOn } from './server.testing.ts';

/** An app behind Apache: it says what Apache tells it in headers. */
const upstream = createServer((request, response) => response.end(JSON.stringify(request.headers)));

const directives = ({ at, parties: { initech } }: Subject, upstreamPort: number): string[] => [
  `OIDCProviderMetadataURL ${at.gateway}/.well-known/openid-configuration`,
  `OIDCClientID ${initech.id}`,
  `OIDCClientSecret ${initech.secret}`,
  `OIDCRedirectURI ${initech.redirectUri}`,
  'OIDCCryptoPassphrase "encrypts the cookies and the cache of this server"',
  'OIDCScope "openid email profile"',
  'OIDCPKCEMethod S256',
  'OIDCRemoteUserClaim sub',
  'OIDCSessionType server-cache',
  'OIDCCookieSameSite On',
  'OIDCAuthNHeader OIDC_remote_user',
  '<Location />',
  'AuthType openid-connect',
  'Require valid-user',
  '</Location>',
  '<Location /silent>',
  'OIDCPathAuthRequestParams prompt=none',
  '</Location>',
  // `AuthType None` would let the browser's own OIDC_CLAIM_… through to the app
  '<Location /bye>',
  'OIDCUnAuthAction pass',
  '</Location>',
  `ProxyPass ${new URL(initech.redirectUri).pathname} !`,
  `ProxyPass / http://127.0.0.1:${upstreamPort}/`,
];

describe('mod_auth_openidc', () => {
  const subject = subjectFor(() => startSubject(startPool, memoryRooms));
  let httpd: Httpd | undefined;
  beforeAll(async () => {
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const { port } = upstream.address() as AddressInfo;
    httpd = await startHttpd(['authz_user', 'proxy', 'proxy_http', 'auth_openidc'], directives(subject(), port));
    subject().parties.serve('initech', handOn(httpd.port));
  });
  afterAll(async () => {
    await httpd?.stop();
    upstream.closeAllConnections();
    upstream.close();
  });

  const app = () => subject().parties.initech.origin;
  const redirectUri = () => subject().parties.initech.redirectUri;
  /** What the app behind Apache was told of the person. */
  const toldOf = ({ status, body }: Pick<Page, 'status' | 'body'>): Record<string, string> => {
    expect(status).toBe(200);
    return JSON.parse(body);
  };
  /** Somebody who has come to the app, and signed in on the way. */
  const signedInAtApp = async (
    person: SuitePerson = people.bob,
  ): Promise<{ browser: Browser; tab: Tab; page: Page }> => {
    const browser = subject().browser();
    const tab = browser.tab();
    await tab.goto(`${app()}/albums`);
    return { browser, tab, page: await subject().provider.signIn(tab, person) };
  };
  /** Has somebody leave the app, which shows their ID token, and come straight back, still of the same session. */
  const idTokenOf = async (tab: Tab): Promise<string> => {
    const leaving = `${redirectUri()}?logout=${encodeURIComponent(`${app()}/bye`)}`;
    const page = await tab.goto(leaving, { stopAt: subject().at.gateway });
    toldOf(await tab.goto(`${app()}/albums`));
    return answerOf(page).get('id_token_hint') ?? '';
  };
  const asScript = async (tab: Tab) => (await tab.load('fetch', `${app()}/albums`)).status;
  const signOutAtPhotos = async (tab: Tab) => {
    await tab.goto(`${subject().at.photos}/`);
    await tab.post(`${subject().at.gateway}/logout`, {});
    await subject().provider.finishSignOut(tab);
    await tab.goto(`${app()}/bye`);
  };

  it('knows somebody whom the gateway knows, without a question', async () => {
    const { at, signedIn, uid } = subject();
    const { tab } = await signedIn(people.ann);
    const page = await tab.goto(`${app()}/albums?page=2`);
    expect(page.url).toBe(`${app()}/albums?page=2`);
    expect(toldOf(page)).toMatchObject({
      oidc_remote_user: uid(people.ann),
      oidc_claim_sub: uid(people.ann),
      oidc_claim_name: 'Ann Almond',
      oidc_claim_email: 'ann@acme.test',
    });
    const ways = page.hops.map(({ url }) => new URL(url)).map(({ origin, pathname }) => origin + pathname);
    expect(ways).toEqual([`${app()}/albums`, `${at.gateway}/authorize`, redirectUri(), `${app()}/albums`]);
  });

  it('signs somebody in from nothing, and comes back to the very page', async () => {
    const { uid } = subject();
    const { browser, page } = await signedInAtApp();
    expect(page.url).toBe(`${app()}/albums`);
    expect(toldOf(page)).toMatchObject({ oidc_remote_user: uid(people.bob) });
    expect(await sessionOf(browser, subject())).toMatchObject({ uid: uid(people.bob) });
  });

  it.each([
    'OIDC_remote_user',
    'OIDC-Remote-User',
    'OIDC.remote.user',
    'OIDC_CLAIM_sub',
    'OIDC-CLAIM-sub',
    'oidc_claim_roles',
  ])('hands on no %s of the browser’s own, on public pages either', async (name) => {
    const { tab } = await signedInAtApp();
    const stranger = subject().browser().tab();
    const headers = { [name]: 'root' };
    for (const page of [
      await tab.goto(`${app()}/albums`, { headers }),
      await tab.goto(`${app()}/bye`, { headers }),
      await stranger.goto(`${app()}/bye`, { headers }),
    ]) {
      expect(Object.values(toldOf(page))).not.toContain('root');
    }
  });

  it('signs out everywhere, and returns to the app', async () => {
    const { provider } = subject();
    const { browser, tab } = await signedInAtApp();
    await tab.goto(`${redirectUri()}?logout=${encodeURIComponent(`${app()}/bye`)}`);
    expect((await provider.finishSignOut(tab)).url).toBe(`${app()}/bye`);
    expect(await sessionOf(browser, subject())).toBeUndefined();
    expect((await tab.goto(`${app()}/albums`)).url).toContain(provider.origin);
  });

  it.each<[string, () => string, string]>([
    ['an address of the app that is not registered', () => `${app()}/elsewhere`, 'redirect_uri_refused'],
    ['an address elsewhere', () => 'https://evil.test/', 'does not match the hostname'],
  ])('leads nobody to %s after signing out', async (_, where, says) => {
    const { tab } = await signedInAtApp();
    const page = await tab.goto(`${redirectUri()}?logout=${encodeURIComponent(where())}`);
    expect(page.body).toContain(says);
    expect(page.hops.map(({ url }) => url)).not.toContain(where());
  });

  it('hears at once that somebody signed out elsewhere', async () => {
    const { provider } = subject();
    const { tab } = await signedInAtApp();
    expect(await asScript(tab)).toBe(200);
    await signOutAtPhotos(tab);
    await expect.poll(() => asScript(tab)).toBe(401);
    expect((await tab.goto(`${app()}/albums`)).url).toContain(provider.origin);
  });

  it('leaves the person’s other browsers signed in', async () => {
    const laptop = await signedInAtApp(people.dan);
    const phone = await signedInAtApp(people.dan);
    await signOutAtPhotos(laptop.tab);
    await expect.poll(() => asScript(laptop.tab)).toBe(401);
    expect(await asScript(phone.tab)).toBe(200);
  });

  it.each<[string, (idToken: string) => Record<string, string>]>([
    ['is no logout token', () => ({})],
    ['is made up', () => ({ logout_token: 'a.b.c' })],
    ['is an ID token', (idToken) => ({ logout_token: idToken })],
  ])('believes no news that %s', async (_, forge) => {
    const { tab } = await signedInAtApp();
    const { status } = await subject().ask(`${redirectUri()}?logout=backchannel`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(forge(await idTokenOf(tab))).toString(),
    });
    expect(status).toBe(400);
    expect(await asScript(tab)).toBe(200);
  });

  it.each<[string, (answer: URLSearchParams) => void]>([
    ['another state', (answer) => answer.set('state', `${answer.get('state')}x`)],
    ['no state', (answer) => answer.delete('state')],
    ['another issuer', (answer) => answer.set('iss', 'https://evil.test')],
    ['another code', (answer) => answer.set('code', 'x'.repeat(43))],
  ])('is signed in by no answer with %s', async (_, change) => {
    const { tab } = await subject().signedIn();
    const answer = answerOf(await tab.goto(`${app()}/albums`, { stopAt: redirectUri() }));
    change(answer);
    await tab.goto(`${redirectUri()}?${answer}`, { stopAt: app() });
    expect(await asScript(tab)).toBe(401);
  });

  it('signs nobody in by the answer to somebody else’s browser', async () => {
    const { browser, signedIn } = subject();
    const attacker = await signedIn(people.eve);
    const page = await attacker.tab.goto(`${app()}/albums`, { stopAt: redirectUri() });
    const victim = browser().tab();
    await victim.goto(page.next ?? '', { stopAt: app() });
    expect(await asScript(victim)).toBe(401);
  });

  it('asks silently who is there, and nobody is', async () => {
    const { browser } = subject();
    const tab = browser().tab();
    const page = await tab.goto(`${app()}/silent`);
    expect(new URL(page.url).searchParams.get('error')).toBe('login_required');
    expect(await asScript(tab)).toBe(401);
  });

  it('asks silently who is there, and somebody is', async () => {
    const { signedIn, uid } = subject();
    const { tab } = await signedIn(people.ann);
    expect(toldOf(await tab.goto(`${app()}/silent`))).toMatchObject({ oidc_remote_user: uid(people.ann) });
  });
});
