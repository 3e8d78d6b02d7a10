import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createGateway } from '../app.ts';
import { ann, domainCookie, openCheckWorld } from '../check/check.testing.ts';
import { addSession, cookieIn } from '../check/renews.testing.ts';
import { notesAt, openProxied, type ProxiedWorld, serve } from '../runtimes/node/proxied.testing.ts';
import { hasStore, type Parts } from '../session/parts.ts';
import { withRenewedCookie } from './renewed-cookie.ts';

const fetching = ['Sec-Fetch-Mode', 'cors', 'Sec-Fetch-Dest', 'empty'];

async function withAnn(parts: Parts) {
  if (!hasStore(parts)) throw new Error('there is no store');
  await addSession(parts, ann.sid, ann.uid);
}

/** A gateway in front of an app, ten minutes before Ann's cookie ends. */
async function open(app: RequestListener, upstream: object = {}, check: object = { renews: true }) {
  const world = await openProxied(app, upstream, { check });
  await withAnn(world.gateway.parts);
  world.now = ann.exp - 600;
  return world;
}

const sids = ({ headers }: Awaited<ReturnType<ProxiedWorld['ask']>>, now: number) =>
  (headers['set-cookie'] ?? []).map((one) => cookieIn(one, now)?.sid ?? one);

describe('an app behind the gateway', () => {
  it("has its visitor's cookie renewed beside its own cookies, on an answer that no cache keeps", async () => {
    const world = await open((_, outgoing) => {
      outgoing.setHeader('Set-Cookie', ['a=1; Path=/', 'b=2']);
      outgoing.setHeader('Cache-Control', 'public, max-age=600');
      outgoing.setHeader('X-App', 'stays');
      outgoing.end('{}');
    });
    const answer = await world.ask('/api', { headers: fetching });
    expect([answer.status, answer.body, answer.headers['x-app']]).toEqual([200, '{}', 'stays']);
    expect(sids(answer, world.now)).toEqual(['a=1; Path=/', 'b=2', ann.sid]);
    expect(answer.headers['cache-control']).toBe('private, no-store');
  });

  it('answers the next fetches as it likes, and so it does where the setting is off', async () => {
    const app: RequestListener = (_, outgoing) => void outgoing.setHeader('Cache-Control', 'public').end();
    const world = await open(app);
    await world.ask('/api', { headers: fetching });
    for (const one of [world, await open(app, {}, {})]) {
      const answer = await one.ask('/api', { headers: fetching });
      expect([sids(answer, one.now), answer.headers['cache-control']]).toEqual([[], 'public']);
    }
  });

  it('has its page loads sent to renew, as ever', async () => {
    const world = await open((_, outgoing) => void outgoing.end());
    const answer = await world.ask('/', { headers: ['Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'document'] });
    expect([answer.status, answer.headers.location]).toEqual([302, expect.stringContaining('/refresh?')]);
    expect(sids(answer, world.now)).toEqual([]);
  });

  it('has nothing renewed with images, public pages and strangers', async () => {
    const world = await open((_, outgoing) => void outgoing.end());
    const image = await world.ask('/x', { headers: ['Sec-Fetch-Mode', 'no-cors', 'Sec-Fetch-Dest', 'image'] });
    const open_ = await world.ask('/open/x', { headers: fetching });
    const nobody = await world.ask('/open/x', { bare: true, headers: ['Host', 'notes.acme.test', ...fetching] });
    for (const answer of [image, open_, nobody]) expect([answer.status, sids(answer, world.now)]).toEqual([200, []]);
  });

  it('that takes its time brings no cookie back to somebody who has signed out meanwhile', async () => {
    let answer = () => {};
    let asked = () => {};
    const reached = new Promise<void>((resolve) => {
      asked = () => resolve();
    });
    const world = await open((_, outgoing) => {
      answer = () => void outgoing.end('late');
      asked();
    });
    const late = world.ask('/slow', { headers: fetching });
    await reached;
    world.gateway.feed.apply({ kind: 'session-ended', sid: ann.sid, until: ann.exp + 60 });
    answer();
    // told by then, the stream may have been cut off; if not, it brings nothing
    const outcome = await late.then((one) => sids(one, world.now)).catch(() => []);
    expect(outcome).toEqual([]);
  });
});

describe('a hostile app', () => {
  const own = '__Secure-sso=evil; Domain=acme.test; Path=/; Secure; HttpOnly';

  it.each<[string, (outgoing: ServerResponse) => void]>([
    ['sets a cookie of that name', (outgoing) => outgoing.setHeader('Set-Cookie', [own, own])],
    ['calls the cookie hop by hop', (outgoing) => outgoing.setHeader('Connection', 'Set-Cookie, Cache-Control')],
    [
      'has caches keep the answer',
      (outgoing) => {
        outgoing.setHeader('Cache-Control', ['public', 'max-age=600', 'immutable']);
        outgoing.setHeader('CDN-Cache-Control', 'max-age=600');
        outgoing.setHeader('Cloudflare-CDN-Cache-Control', 'max-age=600');
        outgoing.setHeader('Surrogate-Control', 'max-age=600');
        outgoing.setHeader('X-Accel-Expires', '600');
        outgoing.setHeader('Expires', 'Fri, 01 Jan 2100 00:00:00 GMT');
      },
    ],
    ['clears the cookies', (outgoing) => outgoing.setHeader('Clear-Site-Data', '"cookies"')],
    [
      'says that nothing changed',
      (outgoing) => {
        outgoing.statusCode = 304;
      },
    ],
  ])('%s, in vain', async (_, act) => {
    const world = await open((incoming, outgoing) => {
      act(outgoing);
      outgoing.end(incoming.method === 'HEAD' ? undefined : '');
    });
    const answer = await world.ask('/api', { headers: fetching });
    expect(sids(answer, world.now)).toEqual([ann.sid]);
    const caching = Object.entries(answer.headers).filter(([name]) => /cache|surrogate|expires|clear/.test(name));
    expect(caching).toEqual([['cache-control', 'private, no-store']]);
  });

  it('is not helped by a configuration that lets caches keep a folder', async () => {
    const headers = [{ path: '/api/*', set: { 'Cache-Control': 'public, max-age=60' }, override: true }];
    const world = await open((_, outgoing) => void outgoing.end(), { headers });
    const answer = await world.ask('/api/x', { headers: fetching });
    expect([sids(answer, world.now), answer.headers['cache-control']]).toEqual([[ann.sid], 'private, no-store']);
    expect((await world.ask('/api/x', { headers: fetching })).headers['cache-control']).toBe('public, max-age=60');
  });

  it.each(['Cache-Control', 'cache-control', 'Foo-Cache-Control', 'Edge-Control', 'EXPIRES'])(
    'has no say by %s',
    (name) => {
      const headers = withRenewedCookie([name, 'max-age=1', 'Vary', 'Cookie', name, 'public'], 'c=1');
      expect(headers).toEqual(['Vary', 'Cookie', 'Cache-Control', 'private, no-store', 'Set-Cookie', 'c=1']);
    },
  );
});

describe('a gateway that has nothing but fetch, such as on Workers', () => {
  it('renews in passing just so', async () => {
    const port = await serve(
      createServer((_, outgoing) => {
        outgoing.writeHead(200, { 'Set-Cookie': ['a=1', 'b=2'], 'Cache-Control': 'public' }).end('{}');
      }),
    );
    const world = await openCheckWorld({ clients: notesAt(port), check: { renews: true } });
    const gateway = createGateway({ ...world.gateway.parts, fetch });
    await withAnn(gateway.parts);
    world.now = ann.exp - 600;
    const headers = { cookie: domainCookie(), 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
    const ask = async () =>
      await gateway.fetch(new Request('https://notes.acme.test/api', { headers }), { peer: '203.0.113.9' });
    const answer = await ask();
    const cookies = answer.headers.getSetCookie();
    expect([answer.status, cookies.slice(0, 2), await answer.text()]).toEqual([200, ['a=1', 'b=2'], '{}']);
    expect(cookies.slice(2).map((one) => cookieIn(one, world.now)?.sid)).toEqual([ann.sid]);
    expect(answer.headers.get('cache-control')).toBe('private, no-store');
    const next = await ask();
    expect([next.headers.getSetCookie(), next.headers.get('cache-control')]).toEqual([['a=1', 'b=2'], 'public']);
  });
});
