import { afterEach, describe, expect, it } from 'vitest';
import type { Browser } from './browser.ts';
import {
  accounts,
  annAt,
  cookiesAcrossSites,
  corsOf,
  errorOf,
  fedcmParams,
  signOut,
  webidentity,
} from './fedcm.testing.ts';
import { allIsWell, sessionOf } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** What a browser learns of the gateway and of who is signed in, before it asks anybody. */
export function fedcmAccountsSuite(start: StartSubject): void {
  describe('FedCM: the accounts', () => {
    const subject = subjectFor(start);

    describe('the documents', () => {
      it.each(['auth.acme.localhost', 'acme.localhost', 'acme.localhost:8443', 'evil.test', '10.0.0.1'])(
        'the well-known file is the same under %s, and made of configuration alone',
        async (host) => {
          // who has the registrable domain hands this one address on
          const { at, askDirectly } = subject();
          const headers = { ...webidentity, host, 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'https' };
          const answer = await askDirectly('/.well-known/web-identity', { headers });
          expect(answer.status).toBe(200);
          expect(answer.headers.get('content-type')).toContain('application/json');
          expect(JSON.parse(answer.body)).toEqual({
            provider_urls: [`${at.gateway}/fedcm/config.json`],
            accounts_endpoint: `${at.gateway}/fedcm/accounts`,
            login_url: `${at.gateway}/fedcm/login`,
          });
          expect(answer.cookies).toEqual([]);
        },
      );

      it('the configuration names endpoints that are there, and what the well-known file names', async () => {
        const { ask, at } = subject();
        const answer = await ask('/fedcm/config.json', { headers: webidentity });
        // Chromium takes it from another site no more than any other answer
        expect(answer.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
        const config = JSON.parse(answer.body);
        const file = JSON.parse((await ask('/.well-known/web-identity')).body);
        expect(config).toMatchObject({ accounts_endpoint: file.accounts_endpoint, login_url: file.login_url });
        for (const [name, method] of [
          ['accounts_endpoint', 'GET'],
          ['client_metadata_endpoint', 'GET'],
          ['id_assertion_endpoint', 'POST'],
          ['disconnect_endpoint', 'POST'],
          ['login_url', 'GET'],
        ] as const) {
          expect(new URL(config[name]).origin).toBe(at.gateway);
          expect([404, 405], name).not.toContain((await ask(config[name], { method })).status);
        }
        expect(config.branding.background_color).toMatch(/^#[0-9a-f]{6}$/);
      });

      it('nothing else answers for another host', async () => {
        const { ask, askDirectly, front } = subject();
        const headers = { ...webidentity, host: 'acme.localhost' };
        for (const path of ['/fedcm/config.json', '/fedcm/accounts', '/fedcm/login']) {
          expect((await askDirectly(path, { headers })).status, path).toBe(421);
          expect((await ask(path, { headers })).status, path).toBe(front.strangeHost);
        }
      });
    });

    describe('accounts', () => {
      it('are the one person who is signed in, approved for every app that takes the hand-off', async () => {
        const { browser } = await subject().signedIn(people.ann);
        const answer = await accounts(subject(), browser);
        expect(answer.status).toBe(200);
        const id = subject().uid(people.ann);
        expect(JSON.parse(answer.body)).toEqual({
          accounts: [
            {
              id,
              name: 'Ann Almond',
              email: 'ann@acme.test',
              login_hints: [id, 'ann@acme.test'],
              approved_clients: expect.arrayContaining(['globex', 'spa', 'signer']),
            },
          ],
        });
        expect(JSON.parse(answer.body).accounts[0].approved_clients).not.toContain('notes');
        expect(corsOf(answer.headers)).toBeNull();
        expect(answer.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
        expect(answer.headers.get('cache-control')).toBe('no-store');
        expect(answer.cookies).toEqual([]);
      });

      it.each<[string, Record<string, string | undefined>]>([
        ['without Sec-Fetch-Dest', { 'sec-fetch-dest': undefined }],
        ['to a page’s fetch', { 'sec-fetch-dest': 'empty', origin: 'https://evil.test' }],
        ['to a page of an app', { 'sec-fetch-dest': 'empty', origin: 'globex' }],
        ['to a frame', { 'sec-fetch-dest': 'iframe' }],
        ['to a navigation', { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' }],
        ['to something like it', { 'sec-fetch-dest': 'webidentity, empty' }],
      ])('are not shown %s', async (_, headers) => {
        const { browser } = await subject().signedIn(people.ann);
        const origin = headers.origin === 'globex' ? subject().parties.globex.origin : headers.origin;
        const answer = await accounts(subject(), browser, { ...headers, origin });
        expect(answer.status).toBe(400);
        expect(answer.body).not.toContain('ann');
        expect(corsOf(answer.headers)).toBeNull();
        expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin');
        expect(answer.headers.has('set-login')).toBe(false);
      });

      it('go by what crosses sites alone: the session’s own cookie says nothing here', async () => {
        const { browser } = await subject().signedIn(people.ann);
        const host = browser.jar.value('__Host-sso', subject().at.gateway) ?? '';
        for (const cookie of [`__Host-sso=${host}`, `__Host-sso_xs=${host}`, '__Host-sso_xs=made-up', '']) {
          expect((await accounts(subject(), browser, { cookie })).status).toBe(401);
        }
      });

      it.each<[string, (browser: Browser) => Promise<unknown>]>([
        ['who signed out', async (browser) => await signOut(browser, subject())],
        ['whose session ran out', async () => await subject().pass(12 * 3600)],
        ['who was disabled', async () => await subject().setState(people.bob, 'disabled')],
      ])('of somebody %s are none, and the browser stops asking', async (_, end) => {
        const { browser } = await subject().signedIn(people.bob);
        const before = cookiesAcrossSites(browser, subject());
        expect((await accounts(subject(), browser)).status).toBe(200);
        await end(browser);
        const answer = await accounts(subject(), browser, before);
        expect([answer.status, answer.headers.get('set-login')]).toEqual([401, 'logged-out']);
        expect(await sessionOf(browser, subject())).toBeUndefined();
        await subject().setState(people.bob, 'active');
      });
    });

    describe('while something is down', () => {
      afterEach(() => allIsWell(subject()));

      it.each(['store', 'directory'] as const)(
        'without the %s nobody is signed out: 503, and on it goes',
        async (which) => {
          const { parties, setAvailable } = subject();
          const { ask, browser } = await annAt(subject(), parties.globex);
          setAvailable(which, false);
          const listed = await accounts(subject(), browser);
          expect([listed.status, errorOf(listed.body)]).toEqual([503, 'temporarily_unavailable']);
          expect(listed.headers.has('set-login')).toBe(false);
          expect(listed.headers.get('retry-after')).toBe('5');
          const asserted = await ask(fedcmParams(parties.globex).params);
          expect([asserted.status, errorOf(asserted.body)]).toEqual([503, 'temporarily_unavailable']);
          await allIsWell(subject());
          expect((await accounts(subject(), browser)).status).toBe(200);
          expect((await ask(fedcmParams(parties.globex).params)).status).toBe(200);
        },
      );
    });
  });
}
