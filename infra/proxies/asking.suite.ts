import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tab } from '../suite/browser.ts';
import { ask } from '../suite/exchange.ts';
import { people } from '../suite/people.testing.ts';
import { attackers } from './attackers.suite.ts';
import { askRaw, type ProxyKind, type RunningProxy, startProxy } from './proxy.testing.ts';
import { renewing } from './renewing.suite.ts';
import { type ProxyWorld, startProxyWorld } from './world.testing.ts';

const page = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' };
const fetching = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*' };

/** What every proxy that asks the gateway has to do, with the configuration that is printed for it. */
export function askingSuite(kind: ProxyKind): void {
  describe(`behind ${kind.name}`, () => {
    let world: ProxyWorld;
    let proxy: RunningProxy;
    let bob: string;
    let cyd: string;
    beforeAll(async () => {
      world = await startProxyWorld({ renews: true });
      proxy = await startProxy(kind, world);
      bob = world.cookieOf((await world.signIn(people.bob)).browser);
      cyd = world.cookieOf((await world.signIn(people.cyd)).browser);
    });
    afterAll(async () => {
      await proxy?.stop();
      await world?.stop();
    });

    const host = () => `Host: ${new URL(world.app).host}`;
    const get = (path: string, headers: Record<string, string> = {}) => ask(`${world.app}${path}`, { headers });
    describe('a person', () => {
      it('is led to sign in, and back to the very page', async () => {
        const path = '/a/b%20c?d=e%26f&g=%2Fh&i';
        const { tab } = await world.signIn(people.ann, path);
        expect([tab.page.status, tab.page.url]).toEqual([200, `${world.app}${path}`]);
        expect(JSON.parse(tab.page.body)).toMatchObject({ method: 'GET', url: path });
        expect(tab.page.hops.map(({ cookies }) => cookies.length).at(-1)).toBe(0);
      });

      it('is known to the app by headers', async () => {
        expect((await get('/', { cookie: bob })).status).toBe(200);
        const { last } = world.upstream;
        expect(last('Remote-User')).toEqual([world.uid(people.bob)]);
        expect(last('Remote-Email')).toEqual([people.bob.email]);
        expect(last('Remote-Name')).toEqual([people.bob.name]);
        expect(last('Remote-Groups')).toEqual(['editor']);
        expect(last('Host')).toEqual([new URL(world.app).host]);
        expect(last('X-Forwarded-Host')).toEqual([new URL(world.app).host]);
        expect(last('X-Forwarded-Proto')).toEqual(['http']);
        expect(last('X-Forwarded-For')).toEqual(['127.0.0.1']);
      });

      it("keeps the app's cookies, and none of the gateway's reaches the app", async () => {
        for (const cookie of [`a=1; ${bob}; b=2`, `${bob}; a=1; b=2`, `a=1; b=2; ${bob}`]) {
          await get('/', { cookie });
          expect(world.upstream.last('Cookie').map((line) => line.replace(/; ?$/, ''))).toEqual(['a=1; b=2']);
        }
        await get('/', { cookie: `${bob}; a=1; ${bob}; ${bob}` });
        expect(world.upstream.last('Cookie').join()).not.toContain('__Secure-sso');
        await get('/', { cookie: bob });
        expect(world.upstream.last('Cookie').join()).toBe('');
      });

      it('whose cookie nears its end, or is past it, is renewed on the way', async () => {
        const { browser, tab } = await world.signIn(people.dan, '/x?y=z');
        const renewed = async (): Promise<[Tab['page']['status'], boolean, string]> => {
          const before = world.cookieOf(browser);
          await tab.goto(`${world.app}/x?y=z`);
          const { hops, status, url } = tab.page;
          expect(url).toBe(`${world.app}/x?y=z`);
          return [status, before !== world.cookieOf(browser), hops.map((hop) => new URL(hop.url).pathname).join(' ')];
        };
        expect(await renewed()).toEqual([200, false, '/x']);
        await world.pass(1500);
        expect(await renewed()).toEqual([200, true, '/x /refresh /x']);
        await world.pass(1900);
        expect(await renewed()).toEqual([200, true, '/x /refresh /x']);
        bob = world.cookieOf((await world.signIn(people.bob)).browser);
        cyd = world.cookieOf((await world.signIn(people.cyd)).browser);
      });

      it('who lacks the role is told so: a page, or JSON, and neither is a redirect', async () => {
        const before = world.upstream.seen.length;
        const shown = await get('/admin/users', { cookie: cyd, ...page });
        expect([shown.status, shown.headers.get('location')]).toEqual([403, null]);
        expect(shown.headers.get('content-type')).toContain('text/html');
        const told = await get('/admin/users', { cookie: cyd, ...fetching });
        expect([told.status, JSON.parse(told.body)]).toMatchObject([403, { code: 'forbidden' }]);
        expect(world.upstream.seen.length).toBe(before);
      });

      it('who signs out is out within five seconds, whoever has the cookie', async () => {
        const { browser, tab } = await world.signIn(people.eve);
        const cookie = world.cookieOf(browser);
        expect((await get('/', { cookie })).status).toBe(200);
        await tab.goto(`${world.gateway}/logout`);
        await tab.submit();
        await world.finishSignOut(tab);
        const until = performance.now() + 5000;
        let status = 200;
        while (status === 200 && performance.now() < until) status = (await get('/', { cookie, ...fetching })).status;
        expect(status).toBe(401);
      });
    });

    describe('a program', () => {
      it.each([
        ['GET', {}],
        ['POST', { origin: 'http://notes.acme.localhost' }],
      ])('that nobody signed in is told 401 in JSON for %s, not led away', async (method, more) => {
        const answer = await ask(`${world.app}/a?b=c`, { method, headers: { ...fetching, ...more } });
        expect([answer.status, answer.headers.get('content-type')]).toEqual([401, 'application/problem+json']);
        const login = `${world.gateway}/login?return_to=${encodeURIComponent(`${world.app}/a?b=c`)}`;
        expect(JSON.parse(answer.body)).toMatchObject({ code: 'not_signed_in', login });
        expect(answer.headers.get('cache-control')).toContain('no-store');
      });

      it('posts bodies that arrive whole, with a length or in chunks', async () => {
        const body = 'x'.repeat(300_000);
        const answer = await ask(`${world.app}/p?q`, { method: 'POST', headers: { cookie: bob }, body });
        expect([answer.status, JSON.parse(answer.body)]).toMatchObject([200, { method: 'POST', url: '/p?q', body }]);
        const lines = ['POST /p HTTP/1.1', host(), `Cookie: ${bob}`, 'Transfer-Encoding: chunked', 'Connection: close'];
        const chunked = await askRaw(world.ports.proxy, lines, '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n');
        expect([chunked.status, world.upstream.seen.at(-1)?.body]).toEqual([200, 'hello world']);
      });

      it('is judged by its own method', async () => {
        const write = (method: string) =>
          ask(`${world.app}/write/x`, { method, headers: { cookie: bob, ...fetching } });
        expect([(await write('GET')).status, (await write('POST')).status]).toEqual([200, 403]);
      });

      it('gets what the app itself says, refusals included', async () => {
        for (const status of [401, 403, 404, 500, 503]) {
          const answer = await get(`/?status=${status}`, { cookie: bob, ...page });
          expect([answer.status, JSON.parse(answer.body).url]).toEqual([status, `/?status=${status}`]);
        }
      });

      it('asks by preflight, and the app answers it to nobody in particular', async () => {
        const headers = { origin: 'https://x.test', 'access-control-request-method': 'PUT', cookie: bob };
        expect((await ask(`${world.app}/a`, { method: 'OPTIONS', headers })).status).toBe(200);
        expect(world.upstream.last('Remote-User').join('')).toBe('');
      });
    });

    attackers(() => ({ world, bob, cyd }));

    renewing(() => ({ world }));

    describe('the gateway down', () => {
      it('lets nobody through, and everybody again once it is back', async () => {
        // hours have passed for pages that stayed open
        bob = world.cookieOf((await world.signIn(people.bob)).browser);
        await world.setGateway(false);
        const before = world.upstream.seen.length;
        try {
          for (const headers of [{ cookie: bob }, {}]) {
            for (const path of ['/', '/public/', '/admin/']) {
              expect((await get(path, { ...headers, ...page })).status).toBeGreaterThanOrEqual(500);
            }
          }
          expect(
            (await ask(`${world.app}/`, { method: 'POST', headers: { cookie: bob }, body: 'x' })).status,
          ).toBeGreaterThanOrEqual(500);
        } finally {
          await world.setGateway(true);
        }
        expect(world.upstream.seen.length).toBe(before);
        const until = performance.now() + 15_000;
        let status = 0;
        while (status !== 200 && performance.now() < until) {
          status = (await get('/', { cookie: bob })).status;
          if (status !== 200) await new Promise((resolve) => setTimeout(resolve, 200));
        }
        expect(status).toBe(200);
      });
    });
  });
}
