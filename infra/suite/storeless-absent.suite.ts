import { describe, expect, it } from 'vitest';
import { cookiesSet } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** What takes a store: where there is none, nothing is at these addresses. */
const absent: readonly [method: string, path: string][] = [
  ['GET', '/.well-known/openid-configuration'],
  ['GET', '/.well-known/jwks.json'],
  ['GET', '/.well-known/web-identity'],
  ['GET', '/authorize?client_id=notes&response_type=code'],
  ['POST', '/authorize'],
  ['POST', '/token'],
  ['OPTIONS', '/token'],
  ['GET', '/token'],
  ['GET', '/userinfo'],
  ['OPTIONS', '/userinfo'],
  ['POST', '/introspect'],
  ['GET', '/end-session'],
  ['POST', '/end-session'],
  ['GET', '/browser.js'],
  ['GET', '/frame?client=notes'],
  ['GET', '/check-session'],
  ['POST', '/frame/check'],
  ['POST', '/frame/watch'],
  ['POST', '/frame/session-state'],
  ['GET', '/sessions'],
  ['POST', '/sessions/end'],
  ['GET', '/fedcm/config.json'],
  ['GET', '/fedcm/accounts'],
  ['GET', '/fedcm/client-metadata'],
  ['POST', '/fedcm/assertion'],
  ['POST', '/fedcm/disconnect'],
  ['GET', '/fedcm/login'],
  ['GET', '/fedcm/signed-in'],
];

/** That nothing is half there. */
export function absentSuite(start: StartSubject): void {
  describe('what takes a store, where there is none', () => {
    const subject = subjectFor(start);

    it.each(absent)('has nothing at %s %s', async (method, path) => {
      const { ask, at } = subject();
      const answer = await ask(path, { method, headers: { origin: at.notes } });
      expect(answer.status).toBe(404);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'not_found' });
      expect(cookiesSet(answer)).toEqual([]);
    });

    it('keeps the keys of domain cookie and identity, and is ready', async () => {
      const { ask } = subject();
      for (const path of ['/.well-known/sso-jwks.json', '/.well-known/identity-jwks.json', '/healthz'])
        expect((await ask(path)).status, path).toBe(200);
      expect((await ask('/readyz')).body).not.toMatch(/store|feed|users/);
    });

    it('leads nowhere on its pages that is not there, and sets no cookie for what is not there', async () => {
      const { at, browser, signedIn } = subject();
      const { page } = await signedIn(people.ann, browser(), `${at.gateway}/`);
      for (const [, path] of absent) expect(page.body).not.toContain(`"${at.gateway}${path}`);
      expect(page.hops.flatMap(cookiesSet)).not.toContain('__Host-sso_xs');
      expect(page.hops.some(({ headers }) => headers.has('set-login'))).toBe(false);
    });
  });
}
