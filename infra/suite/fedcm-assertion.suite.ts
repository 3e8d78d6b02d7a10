import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import type { Browser } from './browser.ts';
import { annAt, cookiesAcrossSites, corsOf, errorOf, fedcmParams, signOut, webidentity } from './fedcm.testing.ts';
import { sessionOf } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { redeem } from './relying-parties.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** Codes that a browser fetches for a page, and what pages try to get them. */
export function fedcmAssertionSuite(start: StartSubject): void {
  describe('FedCM: the code', () => {
    const subject = subjectFor(start);

    describe('an assertion', () => {
      it('is a code that the app redeems like any other', async () => {
        const { parties, uid } = subject();
        const { globex } = parties;
        const { ask } = await annAt(subject(), globex);
        const { params, verifier } = fedcmParams(globex, { scope: 'openid email roles made-up' });
        const given = await ask(params);
        expect(given.status).toBe(200);
        expect([corsOf(given.headers), given.headers.get('access-control-allow-credentials')]).toEqual([
          globex.origin,
          'true',
        ]);
        expect(given.headers.get('vary')).toContain('Origin');
        expect(given.headers.get('cache-control')).toBe('no-store');
        const { token, ...more } = JSON.parse(given.body);
        expect(more).toEqual({});
        const answer = await redeem(subject(), globex, { answer: new URLSearchParams({ code: token }), verifier });
        expect(answer.status).toBe(200);
        const body = JSON.parse(answer.body);
        expect(body.scope).toBe('openid email roles');
        expect(decodeJwt(body.id_token)).toMatchObject({
          sub: uid(people.ann),
          nonce: params.nonce,
          email: 'ann@acme.test',
          roles: ['admin'],
        });
      });

      it('grants openid alone where no scope is asked for', async () => {
        const { spa } = subject().parties;
        const { ask } = await annAt(subject(), spa);
        const { params, verifier } = fedcmParams(spa);
        const code = JSON.parse((await ask(params)).body).token;
        const answer = await redeem(
          subject(),
          spa,
          { answer: new URLSearchParams({ code }), verifier },
          {},
          { origin: spa.origin },
        );
        expect(JSON.parse(answer.body)).toMatchObject({ scope: 'openid' });
      });

      it('is redeemed once of twenty at a time', async () => {
        const { globex } = subject().parties;
        const { ask } = await annAt(subject(), globex);
        const { params, verifier } = fedcmParams(globex);
        const heard = { answer: new URLSearchParams({ code: JSON.parse((await ask(params)).body).token }), verifier };
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, i) =>
            redeem(subject(), globex, heard, {}, i % 2 ? { 'x-suite-process': 'second' } : {}),
          ),
        );
        expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      });

      it.each<[string, Record<string, string | undefined>]>([
        ['another verifier', { code_verifier: 'x'.repeat(43) }],
        ['no verifier', { code_verifier: undefined }],
        ['another redirect URI', { redirect_uri: 'www' }],
        ['another client', { client_id: 'spa', client_secret: undefined }],
      ])('is worth nothing, and burnt, with %s', async (_, changes) => {
        const { globex } = subject().parties;
        const { ask } = await annAt(subject(), globex);
        const { params, verifier } = fedcmParams(globex);
        const heard = { answer: new URLSearchParams({ code: JSON.parse((await ask(params)).body).token }), verifier };
        const uri = changes.redirect_uri && `${globex.origin.replace('//', '//www.')}/callback`;
        const wrong = { ...changes, ...(uri && { redirect_uri: uri }) };
        expect((await redeem(subject(), globex, heard, wrong)).status).toBe(400);
        expect((await redeem(subject(), globex, heard)).status).toBe(400);
      });

      it.each<[string, Record<string, string | undefined>]>([
        ['a stranger', { origin: 'https://evil.test' }],
        ['an origin that begins like the app’s', { origin: 'globex.evil.test' }],
        ['an app below the parent domain that takes no hand-off', { origin: 'notes' }],
        ['a page that hides where it is', { origin: 'null' }],
        ['nobody', { origin: undefined }],
        ['the app, written otherwise', { origin: 'GLOBEX' }],
      ])('is refused to %s before anything is read', async (_, { origin: named }) => {
        const { at, parties, log } = subject();
        const { ask, request } = await annAt(subject(), parties.globex);
        const special: Record<string, string> = {
          notes: at.notes,
          'globex.evil.test': `${parties.globex.origin}.evil.test`,
          GLOBEX: parties.globex.origin.toUpperCase(),
        };
        const origin = special[named ?? ''] ?? named;
        const before = log.length;
        const answer = await ask(fedcmParams(parties.globex).params, {
          headers: { ...request.headers, origin },
          fields: { x: 'y'.repeat(20_000) },
        });
        expect([answer.status, errorOf(answer.body)]).toEqual([403, 'unauthorized_client']);
        expect(corsOf(answer.headers)).toBeNull();
        expect(log.slice(before).map(({ text }) => text)).toEqual([expect.stringContaining('cross_site_refused')]);
      });

      it.each([undefined, 'empty', 'document', 'iframe', 'WebIdentity'])(
        'is refused with Sec-Fetch-Dest %s, even with the app’s own Origin',
        async (dest) => {
          const { globex } = subject().parties;
          const { ask, request } = await annAt(subject(), globex);
          const headers = { ...request.headers, 'sec-fetch-dest': dest };
          const answer = await ask(fedcmParams(globex).params, { headers });
          expect([answer.status, errorOf(answer.body)]).toEqual([400, 'invalid_request']);
        },
      );

      it('is refused to another app’s page with this app’s client_id, and the other way round', async () => {
        const { globex, spa } = subject().parties;
        const { ask, request } = await annAt(subject(), globex);
        const foreign = { ...request.headers, origin: spa.origin };
        const stolen = await ask(fedcmParams(globex).params, { headers: foreign });
        expect([stolen.status, errorOf(stolen.body)]).toEqual([400, 'unauthorized_client']);
        expect(corsOf(stolen.headers)).toBe(spa.origin);
        const lent = await ask(fedcmParams(globex).params, { fields: { client_id: 'spa' } });
        expect(errorOf(lent.body)).toBe('unauthorized_client');
      });

      it.each<[string, Record<string, unknown> | string | undefined, string]>([
        ['no code_challenge', { code_challenge: undefined }, 'invalid_request'],
        ['a plain challenge', { code_challenge: 'v'.repeat(50) }, 'invalid_request'],
        ['a challenge by the method plain', { code_challenge_method: 'plain' }, 'invalid_request'],
        ['an empty challenge', { code_challenge: '' }, 'invalid_request'],
        ['a challenge that is a list', { code_challenge: ['x'.repeat(43)] }, 'invalid_request'],
        ['no nonce', { nonce: undefined }, 'invalid_request'],
        ['a nonce too short to be random', { nonce: 'abc' }, 'invalid_request'],
        ['no redirect URI', { redirect_uri: undefined }, 'invalid_request'],
        ['a redirect URI that is not registered', { redirect_uri: 'https://evil.test/callback' }, 'invalid_request'],
        ['a redirect URI on another origin of the app', { redirect_uri: 'www' }, 'invalid_request'],
        ['a scope without openid', { scope: 'email' }, 'invalid_scope'],
        ['a parameter that nobody knows', { prompt: 'none' }, 'invalid_request'],
        ['params that are no JSON', '{"nonce":', 'invalid_request'],
        ['params that are a list', '[]', 'invalid_request'],
        ['params that are null', 'null', 'invalid_request'],
        ['params that reach for the prototype', '{"__proto__":{"nonce":"x"}}', 'invalid_request'],
        ['no params', undefined, 'invalid_request'],
      ])('is refused with %s', async (_, changes, code) => {
        const { globex } = subject().parties;
        const { ask } = await annAt(subject(), globex);
        const www = `${globex.origin.replace('//', '//www.')}/callback`;
        const laid =
          typeof changes === 'object' && changes.redirect_uri === 'www' ? { ...changes, redirect_uri: www } : changes;
        const answer = await ask(typeof laid === 'object' ? fedcmParams(globex, laid).params : laid);
        expect([answer.status, errorOf(answer.body)]).toEqual([400, code]);
        expect(corsOf(answer.headers)).toBe(globex.origin);
        expect(answer.body).not.toMatch(/token/);
      });

      it('is refused for another account than the one that is signed in', async () => {
        const { parties, uid } = subject();
        const { ask } = await annAt(subject(), parties.globex);
        for (const account_id of [uid(people.bob), `${uid(people.ann)} `, people.ann.email]) {
          const answer = await ask(fedcmParams(parties.globex).params, { fields: { account_id } });
          expect([answer.status, errorOf(answer.body)]).toEqual([403, 'access_denied']);
        }
      });

      it('is refused with a parameter twice, as JSON, and as a body without end', async () => {
        const { at, parties, ask } = subject();
        const { request } = await annAt(subject(), parties.globex);
        const { params } = fedcmParams(parties.globex);
        const sent = { ...webidentity, origin: parties.globex.origin, ...request.headers };
        const whole = new URLSearchParams({
          client_id: 'globex',
          account_id: request.accountId,
          params: JSON.stringify(params),
        });
        const post = (type: string, body: string) =>
          ask(`${at.gateway}/fedcm/assertion`, { method: 'POST', headers: { ...sent, 'content-type': type }, body });
        const form = 'application/x-www-form-urlencoded';
        expect((await post(form, whole.toString())).status).toBe(200);
        expect((await post(form, `${whole}&client_id=globex`)).status).toBe(400);
        expect((await post('application/json', JSON.stringify(Object.fromEntries(whole)))).status).toBe(400);
        const large = await post(form, `${whole}&x=${'y'.repeat(10_000)}`);
        expect([large.status, errorOf(large.body)]).toEqual([413, 'invalid_request']);
      });

      it.each<[string, (browser: Browser) => Promise<unknown>, string]>([
        ['has signed out', async (browser) => await signOut(browser, subject()), 'login_required'],
        ['was disabled', async () => await subject().setState(people.ann, 'disabled'), 'access_denied'],
        [
          'has lost the provider’s grant',
          async () => {
            await subject().provider.endGrants(people.ann);
            await subject().pass(61 * 60);
          },
          'login_required',
        ],
      ])('is refused for somebody who %s, with cookies of before', async (_, end, code) => {
        const { globex } = subject().parties;
        const { ask, browser } = await annAt(subject(), globex);
        await end(browser);
        const answer = await ask(fedcmParams(globex).params);
        expect(errorOf(answer.body)).toBe(code);
        await subject().setState(people.ann, 'active');
        // and the session is over everywhere
        expect((await ask(fedcmParams(globex).params)).status).toBe(400);
      });

      it('given before a sign-out is worth nothing after it', async () => {
        const { globex } = subject().parties;
        const { ask, browser } = await annAt(subject(), globex);
        const { params, verifier } = fedcmParams(globex);
        const code = JSON.parse((await ask(params)).body).token;
        await signOut(browser, subject());
        const answer = await redeem(subject(), globex, { answer: new URLSearchParams({ code }), verifier });
        expect(answer.status).toBe(400);
      });
    });

    describe('client metadata and disconnecting', () => {
      const metadata = (id: string, headers: Record<string, string>) =>
        subject().ask(`/fedcm/client-metadata?client_id=${id}`, { headers });
      const disconnect = (browser: Browser, fields: Record<string, string>, headers: Record<string, string>) =>
        subject().ask('/fedcm/disconnect', {
          method: 'POST',
          headers: {
            ...cookiesAcrossSites(browser, subject()),
            'content-type': 'application/x-www-form-urlencoded',
            ...headers,
          },
          body: new URLSearchParams(fields).toString(),
        });

      it('are there for the app itself, and end nothing', async () => {
        const { parties, signedIn, uid } = subject();
        const { browser } = await signedIn(people.ann);
        const headers = { ...webidentity, origin: parties.globex.origin };
        const told = await metadata('globex', headers);
        expect([told.status, told.body, corsOf(told.headers)]).toEqual([200, '{}', parties.globex.origin]);
        for (const account_hint of [uid(people.ann), 'ann@acme.test']) {
          const answer = await disconnect(browser, { client_id: 'globex', account_hint }, headers);
          expect(JSON.parse(answer.body)).toEqual({ account_id: uid(people.ann) });
          expect(corsOf(answer.headers)).toBe(parties.globex.origin);
        }
        expect(await sessionOf(browser, subject())).toBeDefined();
      });

      it.each<[string, Record<string, string>, number]>([
        ['a stranger', { ...webidentity, origin: 'https://evil.test' }, 403],
        ['a page that hides where it is', { ...webidentity, origin: 'null' }, 403],
        ['nobody', { ...webidentity }, 403],
        ['another app', { ...webidentity, origin: 'spa' }, 400],
        ['a page’s fetch', { 'sec-fetch-dest': 'empty', origin: 'globex' }, 400],
      ])('are refused to %s', async (_, sent, status) => {
        const { parties, signedIn, uid } = subject();
        const { browser } = await signedIn(people.ann);
        const origin = { spa: parties.spa.origin, globex: parties.globex.origin }[sent.origin ?? ''] ?? sent.origin;
        const headers = { ...sent, ...(origin === undefined ? {} : { origin }) };
        expect((await metadata('globex', headers)).status).toBe(status);
        const answer = await disconnect(browser, { client_id: 'globex', account_hint: uid(people.ann) }, headers);
        expect(answer.status).toBe(status);
        expect(answer.body).not.toContain(uid(people.ann));
      });

      it('tell an app nothing of who else has an account', async () => {
        const { parties, signedIn, uid } = subject();
        const { browser } = await signedIn(people.ann);
        const headers = { ...webidentity, origin: parties.globex.origin };
        for (const account_hint of [uid(people.bob), 'bob@acme.test', 'nobody@acme.test', '']) {
          const answer = await disconnect(browser, { client_id: 'globex', account_hint }, headers);
          expect([answer.status, errorOf(answer.body)]).toEqual([403, 'access_denied']);
        }
      });
    });
  });
}
