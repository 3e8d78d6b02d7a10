import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { ask } from './exchange.ts';
import { people, type SuitePerson } from './people.testing.ts';
import { handOff, type Party, redeem } from './relying-parties.testing.ts';
import { type StartSubject, type Subject, subjectFor } from './subject.testing.ts';

/** `/introspect`: what servers that can't verify tokens learn of one, and who may ask. */
export function introspectionSuite(start: StartSubject): void {
  describe('introspection', () => {
    const subject = subjectFor(start);

    const introspect = async (
      token: string,
      form: Record<string, string> = {},
      headers: Record<string, string> = {},
    ) => {
      const sent = { ...subject().parties.globex.credentials, token, ...form };
      const answer = await subject().ask('/introspect', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: new URLSearchParams(sent).toString(),
      });
      return { ...answer, body: JSON.parse(answer.body) };
    };
    const domainToken = async (person?: SuitePerson) => {
      const { browser, tab } = await subject().signedIn(person);
      return { tab, token: browser.jar.value('__Secure-sso', subject().at.gateway) ?? '' };
    };
    const tokensOf = async (party: Party, person?: SuitePerson) => {
      const { tab } = await subject().signedIn(person);
      const scope = 'openid email profile roles permissions';
      const answer = await redeem(subject(), party, await handOff(subject(), party, tab, { scope }));
      return { tab, ...(JSON.parse(answer.body) as { access_token: string; id_token: string }) };
    };

    it('says of the domain cookie whom it speaks of, as the directory has them', async () => {
      const { token } = await domainToken(people.bob);
      const { status, body, headers } = await introspect(token);
      expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(body).toMatchObject({
        ...{ active: true, iss: subject().at.gateway, sub: subject().uid(people.bob) },
        ...{ email: people.bob.email, name: people.bob.name, roles: ['editor'] },
        ...{ exp: decodeJwt(token).exp, aud: 'acme.localhost' },
      });
      expect(body.sid).not.toBe(decodeJwt(token).sid);
    });

    it('says of our own tokens what they are good for, to the app that has them', async () => {
      const { access_token, id_token } = await tokensOf(subject().parties.globex, people.bob);
      const [access, id] = [(await introspect(access_token)).body, (await introspect(id_token)).body];
      const same = { active: true, sub: subject().uid(people.bob), client_id: 'globex', sid: decodeJwt(id_token).sid };
      expect(access).toMatchObject({ ...same, token_type: 'Bearer', scope: 'openid email profile roles permissions' });
      expect(id).toMatchObject({ ...same, aud: 'globex' });
    });

    it("says nothing of another app's tokens", async () => {
      const { access_token, id_token } = await tokensOf(subject().parties.spa);
      for (const token of [access_token, id_token]) expect((await introspect(token)).body).toEqual({ active: false });
    });

    it("knows the provider's tokens for the gateway by their row, and nobody else's", async () => {
      const { id, access } = await providerTokens(subject(), people.cyd);
      const { body } = await introspect(id);
      expect(body).toMatchObject({ active: true, sub: subject().uid(people.cyd), idp_sub: people.cyd.sub });
      expect(body).toMatchObject({ iss: subject().provider.config.issuer, client_id: 'gateway' });
      if (access.split('.').length === 3)
        expect((await introspect(access)).body).toMatchObject({ active: true, token_type: 'Bearer' });
      await subject().setState(people.cyd, 'disabled');
      await subject().hear();
      expect((await introspect(id)).body).toEqual({ active: false });
      await subject().setState(people.cyd, 'active');
    });

    it.each<[string, (token: string) => string]>([
      ['nothing that looks like one', () => 'x'],
      ['an opaque one that nobody gave', () => 'A'.repeat(43)],
      ['one with another signature', (token) => `${token.slice(0, -6)}AAAAAA`],
      ['one without a signature', (token) => token.replace(/[^.]*$/, '')],
      ['one that says it is unsigned', (token) => `${btoa('{"alg":"none","typ":"sso+jwt"}')}.${token.split('.')[1]}.`],
      ['what brings a real one along', (token) => `x; __Secure-sso=${token}`],
      ['one that brings another along', (token) => `${token}; __Secure-sso=x`],
      ['one with something behind it', (token) => `${token} `],
      ['one of an unknown issuer', () => `${btoa('{"alg":"RS256"}')}.${btoa('{"iss":"https://evil.test"}')}.AAAA`],
    ])('calls %s inactive, and says no more', async (_, change) => {
      const { token } = await domainToken();
      const { status, body } = await introspect(change(token));
      expect([status, body]).toEqual([200, { active: false }]);
    });

    it('notices a sign-out, a disabled person and changed roles although it remembers answers', async () => {
      const { token } = await domainToken(people.dan);
      expect((await introspect(token)).body.roles).toEqual(['editor']);
      await subject().giveRoles(people.dan, ['admin']);
      await subject().hear();
      expect((await introspect(token)).body.roles).toEqual(['admin']);
      await subject().setState(people.dan, 'disabled');
      await subject().hear();
      expect((await introspect(token)).body).toEqual({ active: false });
      await subject().setState(people.dan, 'active');
      await subject().hear();
      const afresh = await domainToken(people.dan);
      expect((await introspect(afresh.token)).body.active).toBe(true);
      await afresh.tab.goto(`${subject().at.gateway}/logout`);
      await afresh.tab.submit();
      await subject().hear();
      for (const one of [token, afresh.token]) expect((await introspect(one)).body).toEqual({ active: false });
    });

    it('answers again without the database for a moment, and not longer', async () => {
      const { token } = await domainToken();
      const { token: unseen } = await domainToken();
      await introspect(token);
      subject().setAvailable('store', false);
      expect((await introspect(token)).body.active).toBe(true);
      expect(await introspect(unseen)).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } });
      await subject().pass(31);
      expect((await introspect(token)).status).toBe(503);
      subject().setAvailable('store', true);
      await subject().hear();
      expect((await introspect(token)).body.active).toBe(true);
    });

    it('calls an expired one inactive', async () => {
      const { token } = await domainToken();
      expect((await introspect(token)).body.active).toBe(true);
      await subject().pass(1900);
      expect((await introspect(token)).body).toEqual({ active: false });
    });

    it.each<[string, Record<string, string>, number, string]>([
      ['a wrong secret', { client_secret: 'x'.repeat(43) }, 401, 'invalid_client'],
      ['no secret', { client_secret: '' }, 401, 'invalid_client'],
      ['an unknown app', { client_id: 'nobody' }, 401, 'invalid_client'],
      ['a public app', { client_id: 'spa', client_secret: '' }, 403, 'unauthorized_client'],
      ['no token', { token: '' }, 400, 'invalid_request'],
    ])('refuses %s', async (_, form, status, error) => {
      const { token } = await domainToken();
      const refused = await introspect(token, form);
      expect([refused.status, refused.body.error]).toEqual([status, error]);
      expect(JSON.stringify(refused.body)).not.toContain(subject().uid(people.ann));
    });

    it('takes posts alone, with a form of a reasonable size', async () => {
      expect((await subject().ask('/introspect?token=x')).status).toBe(405);
      const huge = await introspect('x'.repeat(20_000));
      expect([huge.status, huge.body.error]).toEqual([413, 'invalid_request']);
    });

    it('lets an app ask as often as its registration says, and others go on', async () => {
      const most = subject().config.clients.find(({ id }) => id === 'globex')?.introspections ?? 0;
      // to the start of a window
      await subject().pass(60 - (subject().now() % 60));
      const answers = await Promise.all(Array.from({ length: most + 5 }, () => introspect('x')));
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused).toHaveLength(5);
      expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
      await subject().pass(60);
      expect((await introspect('x')).status).toBe(200);
    });
  });
}

/** Tokens that the provider gives to the gateway's own client for somebody, as if another program had got hold of them. */
async function providerTokens({ at, browser, provider }: Subject, person: SuitePerson) {
  const { issuer, clientId, clientSecret } = provider.config as Record<'issuer' | 'clientId' | 'clientSecret', string>;
  const discovered = JSON.parse((await ask(`${issuer}/.well-known/openid-configuration`)).body);
  const callback = `${at.gateway}/callback/acme`;
  const parameters = { client_id: clientId, response_type: 'code', redirect_uri: callback, scope: 'openid email' };
  const tab = browser().tab();
  await tab.goto(`${discovered.authorization_endpoint}?${new URLSearchParams(parameters)}`);
  const { next } = await provider.signIn(tab, person, { stopAt: callback });
  const code = new URL(next ?? '').searchParams.get('code') ?? '';
  const form = { grant_type: 'authorization_code', code, redirect_uri: callback };
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64');
  const answer = await ask(discovered.token_endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: `Basic ${basic}` },
    body: new URLSearchParams(form).toString(),
  });
  const { id_token: id, access_token: access } = JSON.parse(answer.body) as Record<string, string>;
  return { id: id ?? '', access: access ?? '' };
}
