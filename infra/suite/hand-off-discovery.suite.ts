import { describe, expect, it } from 'vitest';
import { frameOf, idTokenFor } from './frames.testing.ts';
import { people } from './people.testing.ts';
import { authorizeRequest, handOff, type Party, redeem } from './relying-parties.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** What `/.well-known/openid-configuration` says is true, entry by entry; what it doesn't say isn't offered. */
export function discoverySuite(start: StartSubject): void {
  describe('the discovery document', () => {
    const subject = subjectFor(start);
    const path = '/.well-known/openid-configuration';
    const read = async (): Promise<Record<string, unknown>> => JSON.parse((await subject().ask(path)).body);
    const listed = async (name: string) => (await read())[name] as string[];
    const tokensFor = async (party: Party, changes?: Record<string, string>) => {
      const heard = await handOff(subject(), party, (await subject().signedIn(people.bob)).tab, changes);
      return { heard, body: JSON.parse((await redeem(subject(), party, heard)).body) };
    };
    const headerOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
    const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const authorizeError = async (changes: Record<string, string>) =>
      (
        await handOff(subject(), subject().parties.globex, subject().browser().tab(), { prompt: 'none', ...changes })
      ).answer.get('error');

    /** How each entry is shown to be true. */
    const proofs: Readonly<Record<string, (value: unknown) => Promise<void>>> = {
      issuer: async (value) => {
        expect(value).toBe(subject().at.gateway);
        const { heard, body } = await tokensFor(subject().parties.globex);
        expect([heard.answer.get('iss'), claimsOf(body.id_token).iss]).toEqual([value, value]);
      },
      authorization_endpoint: async (value) =>
        expect(authorizeRequest(subject(), subject().parties.globex).url).toContain(`${value}?`),
      token_endpoint: async (value) => {
        const answer = await subject().ask(new URL(String(value)).pathname, { method: 'POST' });
        expect([answer.status, JSON.parse(answer.body).error]).toEqual([400, 'invalid_request']);
      },
      userinfo_endpoint: async (value) => {
        const { body } = await tokensFor(subject().parties.globex);
        const headers = { authorization: `Bearer ${body.access_token}` };
        for (const method of ['GET', 'POST']) {
          const answer = await subject().ask(new URL(String(value)).pathname, { method, headers });
          expect(JSON.parse(answer.body)).toMatchObject({ sub: subject().uid(people.bob) });
        }
      },
      jwks_uri: async (value) => {
        const answer = await subject().ask(new URL(String(value)).pathname);
        const { keys } = JSON.parse(answer.body);
        const { body } = await tokensFor(subject().parties.globex);
        expect(keys.map(({ kid }: { kid: string }) => kid)).toContain(headerOf(body.id_token).kid);
        for (const key of keys) for (const part of ['d', 'p', 'q', 'k']) expect(key).not.toHaveProperty(part);
        expect(answer.headers.get('access-control-allow-origin')).toBe('*');
      },
      introspection_endpoint: async (value) => {
        const { credentials } = subject().parties.globex;
        const answer = await subject().ask(new URL(String(value)).pathname, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({ ...credentials, token: 'none of ours' }).toString(),
        });
        expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { active: false }]);
      },
      // the same code as at the token endpoint; `none` shows nothing, so it is not among them
      introspection_endpoint_auth_methods_supported: async (value) =>
        expect(value).toEqual(['client_secret_basic', 'client_secret_post', 'private_key_jwt']),
      end_session_endpoint: async (value) => {
        const page = await subject().browser().tab().goto(String(value));
        expect(page.url).toBe(`${subject().at.gateway}/signed-out`);
      },
      check_session_iframe: async (value) => {
        const headers = { accept: 'text/html', 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate' };
        const page = await subject().ask(new URL(String(value)).pathname, { headers });
        expect(page.status).toBe(200);
        const { globex } = subject().parties;
        expect(page.headers.get('content-security-policy')).toContain(globex.origin);
        // what its script asks, for what the app was given
        const { browser } = await subject().signedIn(people.bob);
        const { sessionState } = await idTokenFor(subject(), globex, browser);
        const asked = frameOf(subject(), browser, globex).ask('session-state', { session_state: sessionState });
        expect((await asked).says).toEqual({ state: 'unchanged' });
      },
      scopes_supported: async (value) => {
        const scope = (value as string[]).join(' ');
        expect((await tokensFor(subject().parties.globex, { scope })).body.scope).toBe(scope);
      },
      response_types_supported: async (value) => {
        expect(value).toEqual(['code']);
        expect(await authorizeError({ response_type: 'id_token' })).toBe('unsupported_response_type');
      },
      response_modes_supported: async (value) => {
        expect(value).toEqual(['query']);
        expect(await authorizeError({ response_mode: 'query' })).toBe('login_required');
        expect(await authorizeError({ response_mode: 'form_post' })).toBe('invalid_request');
      },
      grant_types_supported: async (value) => {
        expect(value).toEqual(['authorization_code']);
        const { heard } = await tokensFor(subject().parties.globex);
        const refused = await redeem(subject(), subject().parties.globex, heard, { grant_type: 'client_credentials' });
        expect(JSON.parse(refused.body).error).toBe('unsupported_grant_type');
      },
      subject_types_supported: async (value) => {
        expect(value).toEqual(['public']);
        const { globex, spa } = subject().parties;
        const [one, two] = [await tokensFor(globex), await tokensFor(spa)];
        expect(claimsOf(one.body.id_token).sub).toBe(claimsOf(two.body.id_token).sub);
      },
      id_token_signing_alg_values_supported: async (value) => {
        expect(value).toEqual(['RS256', 'ES256']);
        const { body } = await tokensFor(subject().parties.globex);
        // the other one: the client that signs, in the suite of tokens
        expect(headerOf(body.id_token).alg).toBe('RS256');
      },
      // each of them redeems a code in the suite of tokens
      token_endpoint_auth_methods_supported: async (value) =>
        expect(value).toEqual(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none']),
      token_endpoint_auth_signing_alg_values_supported: async (value) => {
        const { publicJwk } = subject().parties.signer;
        expect(value).toEqual(['RS256', 'ES256', 'EdDSA']);
        expect(value).toContain(publicJwk.alg);
      },
      code_challenge_methods_supported: async (value) => {
        expect(value).toEqual(['S256']);
        expect(await authorizeError({ code_challenge_method: 'plain' })).toBe('invalid_request');
      },
      prompt_values_supported: async (value) => {
        expect(value).toEqual(['none', 'login']);
        for (const prompt of ['consent', 'select_account', 'create'])
          expect(await authorizeError({ prompt })).toBe('invalid_request');
      },
      claims_supported: async (value) => {
        const { body } = await tokensFor(subject().parties.globex, {
          scope: (await listed('scopes_supported')).join(' '),
        });
        expect(Object.keys(claimsOf(body.id_token)).sort()).toEqual([...(value as string[])].sort());
      },
      claims_parameter_supported: async (value) => {
        expect(value).toBe(false);
        const claims = JSON.stringify({ id_token: { email: { essential: true } } });
        const { body } = await tokensFor(subject().parties.globex, { scope: 'openid', claims });
        expect(claimsOf(body.id_token)).not.toHaveProperty('email');
      },
      request_parameter_supported: async (value) => {
        expect(value).toBe(false);
        expect(await authorizeError({ request: 'x' })).toBe('request_not_supported');
      },
      request_uri_parameter_supported: async (value) => {
        expect(value).toBe(false);
        expect(await authorizeError({ request_uri: 'x' })).toBe('request_uri_not_supported');
      },
      authorization_response_iss_parameter_supported: async (value) => {
        expect(value).toBe(true);
        const { heard } = await tokensFor(subject().parties.globex);
        expect(heard.answer.get('iss')).toBe(subject().at.gateway);
      },
      backchannel_logout_supported: async (value) => expect([value, await logoutTold()]).toEqual([true, true]),
      // by its own name for the session: the one that the ID token said
      backchannel_logout_session_supported: async (value) => expect([value, await logoutTold()]).toEqual([true, true]),
    };

    /** Is an app told of a session by the name that its ID token has for it? */
    async function logoutTold(): Promise<boolean> {
      const { at, ask, parties, signedIn } = subject();
      const { browser, tab } = await signedIn(people.bob);
      const heard = await handOff(subject(), parties.globex, tab);
      const { sid } = claimsOf(JSON.parse((await redeem(subject(), parties.globex, heard)).body).id_token);
      const cookie = browser.jar.header(new URL(at.gateway)) ?? '';
      await ask('/logout', { method: 'POST', headers: { cookie, origin: at.gateway } });
      await expect.poll(() => parties.told.some(({ token }) => claimsOf(token).sid === sid)).toBe(true);
      return true;
    }

    it('is true in every entry', async () => {
      const document = await read();
      expect(Object.keys(document).sort()).toEqual(Object.keys(proofs).sort());
      for (const [name, value] of Object.entries(document)) {
        await proofs[name]?.(value).catch((error: unknown) => {
          throw new Error(`${name} is not as it says`, { cause: error });
        });
      }
    }, 60_000);

    it('is for everybody, and may be kept for minutes', async () => {
      const answer = await subject().ask(path, { headers: { origin: 'https://evil.test' } });
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
      expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
      expect(answer.headers.get('content-type')).toContain('application/json');
      expect(answer.cookies).toEqual([]);
    });
  });
}
