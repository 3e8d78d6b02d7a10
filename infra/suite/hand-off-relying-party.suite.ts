import * as client from 'openid-client';
import { describe, expect, it } from 'vitest';
import { sessionOf } from './looking.testing.ts';
import { people } from './people.testing.ts';
import type { Party } from './relying-parties.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** An OpenID client that nobody here wrote goes through all of it. */
export function relyingPartySuite(start: StartSubject): void {
  describe('openid-client', () => {
    const subject = subjectFor(start);
    const discover = async (party: Party, authentication: client.ClientAuth, metadata: object = {}) =>
      await client.discovery(new URL(subject().at.gateway), party.id, metadata, authentication, {
        execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
      });

    it.each<[string, 'globex' | 'spa' | 'signer', () => Promise<client.Configuration>]>([
      [
        'a secret in the header',
        'globex',
        () => discover(subject().parties.globex, client.ClientSecretBasic(subject().parties.globex.secret)),
      ],
      [
        'a secret in the form',
        'globex',
        () => discover(subject().parties.globex, client.ClientSecretPost(subject().parties.globex.secret)),
      ],
      ['PKCE alone', 'spa', () => discover(subject().parties.spa, client.None())],
      [
        'a key, with ES256 tokens',
        'signer',
        async () => {
          const { privateKey } = subject().parties.signer;
          const key = await crypto.subtle.importKey(
            'pkcs8',
            privateKey.export({ format: 'der', type: 'pkcs8' }),
            { name: 'ECDSA', namedCurve: 'P-256' },
            false,
            ['sign'],
          );
          const metadata = { id_token_signed_response_alg: 'ES256' };
          return await discover(subject().parties.signer, client.PrivateKeyJwt({ key, kid: 'signer-1' }), metadata);
        },
      ],
    ])('signs somebody in and out, by %s', async (_, which, configure) => {
      const { browser: newBrowser, parties, provider, uid } = subject();
      const party = parties[which];
      const configuration = await configure();
      const verifier = client.randomPKCECodeVerifier();
      const [state, nonce] = [client.randomState(), client.randomNonce()];
      const url = client.buildAuthorizationUrl(configuration, {
        redirect_uri: party.redirectUri,
        scope: 'openid email profile',
        state,
        nonce,
        max_age: '600',
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
      const browser = newBrowser();
      const tab = browser.tab();
      await tab.goto(url.href);
      const back = await provider.signIn(tab, people.ann, { stopAt: party.origin });
      const tokens = await client.authorizationCodeGrant(configuration, new URL(back.next ?? ''), {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
        maxAge: 600,
      });
      expect(tokens.claims()).toMatchObject({ sub: uid(people.ann), aud: party.id });
      const told = await client.fetchUserInfo(configuration, tokens.access_token, uid(people.ann));
      expect(told).toMatchObject({ name: 'Ann Almond' });

      const leaving = client.buildEndSessionUrl(configuration, {
        id_token_hint: tokens.id_token ?? '',
        post_logout_redirect_uri: party.postLogoutUri,
        state: 'bye',
      });
      await tab.goto(leaving.href);
      expect((await provider.finishSignOut(tab)).url).toBe(`${party.postLogoutUri}?state=bye`);
      expect(await sessionOf(browser, subject())).toBeUndefined();
      await expect(client.fetchUserInfo(configuration, tokens.access_token, uid(people.ann))).rejects.toThrow();
    });
  });
}
