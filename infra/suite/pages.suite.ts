import { describe, expect, it } from 'vitest';
import { people } from './people.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

/** What every answer carries, whoever asks and however. */
export function pagesSuite(start: StartSubject): void {
  describe('answers', () => {
    const subject = subjectFor(start);
    const cookieOf = async () =>
      (await subject().signedIn(people.ann)).browser.jar.header(new URL(subject().at.gateway)) ?? '';

    it.each([
      ['the home page', '/', true, 200],
      ['the question before signing out', '/logout', true, 200],
      ['the signed-out page', '/signed-out', false, 200],
      ['a refused address', '/login?return_to=https://evil.test/', false, 400],
      ['nothing there', '/nothing/here', false, 404],
      ['an unknown provider', '/callback/nobody?state=x', false, 404],
      ['a made-up answer', '/callback/acme?state=x&code=y', false, 400],
      ['a prefetch', '/login', false, 503],
    ])('as a page are kept by nobody, framed by nobody, and run no script: %s', async (_, path, known, status) => {
      const { at, ask } = subject();
      const headers = {
        ...navigation,
        ...(known ? { cookie: await cookieOf() } : {}),
        ...(status === 503 ? { 'sec-purpose': 'prefetch' } : {}),
      };
      const answer = await ask(path, { headers });
      expect(answer.status).toBe(status);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'content-type': expect.stringContaining('text/html'),
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'same-origin',
        'x-frame-options': 'DENY',
        'cross-origin-resource-policy': 'same-origin',
        'cross-origin-opener-policy': 'same-origin',
      });
      const policy = answer.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("base-uri 'none'");
      expect(policy).not.toMatch(/unsafe|script-src (?!'none')/);
      expect(policy).toMatch(new RegExp(`form-action [^;]*${at.gateway}`));
      expect(answer.headers.has('access-control-allow-origin')).toBe(false);
    });

    it('let the sign-out form lead through the provider: its origin stands in form-action', async () => {
      const { ask, provider } = subject();
      const headers = { ...navigation, cookie: await cookieOf() };
      for (const path of ['/', '/logout']) {
        const policy = (await ask(path, { headers })).headers.get('content-security-policy') ?? '';
        expect(policy).toMatch(new RegExp(`form-action [^;]*${provider.origin}`));
      }
    });

    it.each([
      ['/login?return_to=https://evil.test/?code=SECRET', 400, 'return_url_refused'],
      ['/callback/acme?state=SECRET&code=SECRET', 400, 'login_attempt_missing'],
      ['/callback/acme?error=SECRET&error_description=SECRET', 400, 'login_attempt_invalid'],
      ['/refresh?return_to=javascript:SECRET', 400, 'return_url_refused'],
      ['/nothing?token=SECRET', 404, 'not_found'],
      ['/session', 401, 'not_signed_in'],
      ['/check', 401, 'not_signed_in'],
      ['/login', 401, 'not_a_navigation'],
    ])('as problem+json quote nothing of the request: %s', async (path, status, code) => {
      const { ask, log } = subject();
      const before = log.length;
      const headers = { accept: 'application/json', cookie: '__Host-sso=SECRET; __Secure-sso=SECRET' };
      const answer = await ask(path, { headers });
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(JSON.parse(answer.body)).toMatchObject({ type: 'about:blank', status, code });
      expect(JSON.parse(answer.body).request_id).toMatch(/^[\w-]{8,}$/);
      const page = await ask(path, { headers: { ...headers, ...navigation } });
      for (const text of [answer.body, page.body, ...log.slice(before).map((line) => line.text)])
        expect(text).not.toContain('SECRET');
    });

    it('to other origins are only the public keys', async () => {
      const { ask } = subject();
      const headers = { origin: 'https://evil.test', cookie: await cookieOf() };
      for (const path of ['/.well-known/sso-jwks.json', '/.well-known/identity-jwks.json']) {
        const answer = await ask(path, { headers });
        expect(answer.status).toBe(200);
        expect(answer.headers.get('access-control-allow-origin')).toBe('*');
        expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
        const { keys } = JSON.parse(answer.body);
        expect(keys.length).toBeGreaterThan(0);
        for (const key of keys)
          for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(secret);
      }
      for (const path of ['/session', '/check', '/', '/login', '/refresh', '/logout', '/healthz', '/readyz']) {
        const answer = await ask(path, { headers });
        const cors = [...answer.headers.keys()].filter((name) => name.startsWith('access-control'));
        expect([path, cors]).toEqual([path, []]);
      }
    });

    it('to a preflight allow nothing', async () => {
      const { at, ask } = subject();
      const headers = { origin: at.notes, 'access-control-request-method': 'POST' };
      for (const path of ['/login', '/logout', '/refresh', '/check']) {
        const answer = await ask(path, { method: 'OPTIONS', headers });
        expect([path, answer.headers.get('access-control-allow-origin')]).toEqual([path, null]);
        expect(answer.status).toBeLessThan(500);
        expect(answer.cookies).toEqual([]);
      }
    });

    it.each([
      ['PUT', '/session'],
      ['PUT', '/logout'],
      ['DELETE', '/'],
      ['POST', '/signed-out'],
      ['POST', '/.well-known/sso-jwks.json'],
      ['PATCH', '/callback/acme'],
    ])('to %s %s name the methods that there are', async (method, path) => {
      const { at, ask } = subject();
      const answer = await ask(path, { method, headers: { cookie: await cookieOf(), origin: at.gateway } });
      expect(answer.status).toBe(405);
      expect(answer.headers.get('allow')).toContain('GET');
      expect(answer.cookies).toEqual([]);
    });

    it('to HEAD have no body and begin nothing', async () => {
      const { ask } = subject();
      const headers = { ...navigation, cookie: await cookieOf() };
      for (const path of ['/', '/session', '/healthz', '/login', '/refresh']) {
        const answer = await ask(path, { method: 'HEAD', headers });
        expect([path, answer.body]).toEqual([path, '']);
        expect(answer.status).toBeLessThan(500);
        expect(answer.cookies.filter((line) => line.includes('_login_'))).toEqual([]);
      }
    });

    it('say that the gateway lives, and what it is ready for', async () => {
      const { ask, askDirectly } = subject();
      expect(await askDirectly('/healthz', { headers: { host: '10.0.0.1:80' } })).toMatchObject({ status: 200 });
      expect(await ask('/healthz')).toMatchObject({ status: 200 });
      expect(JSON.parse((await ask('/readyz')).body)).toEqual({ status: 'ready' });
    });

    it('to a prefetch cause no alarm in the log', async () => {
      const { ask, log } = subject();
      const before = log.length;
      await ask('/login', { headers: { ...navigation, 'sec-purpose': 'prefetch;prerender' } });
      expect(log.slice(before).filter(({ level }) => level === 'error')).toEqual([]);
    });
  });
}
