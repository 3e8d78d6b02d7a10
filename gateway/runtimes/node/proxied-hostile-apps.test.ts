import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { domainCookie } from '../../check/check.testing.ts';
import { echo, openProxied, serve } from './proxied.testing.ts';

describe("the gateway's cookies", () => {
  it('go no further, whatever they stand between', async () => {
    const world = await openProxied(echo);
    const names = [
      '__Host-sso',
      '__Host-sso_login_x',
      '__Host-sso_xs',
      '__Secure-sso_staging',
      '__host-SSO',
      '__Host-sso ',
    ];
    const cookie = ['a=1', ...names.map((name) => `${name}=secret`), domainCookie(), 'b="2"', '=__Host-sso=x', 'c'];
    const answer = await world.ask('/', {
      bare: true,
      headers: ['Host', 'notes.acme.test', 'Cookie', cookie.join('; ')],
    });
    expect(answer.got('cookie')).toEqual(['a=1; b="2"; c']);
  });

  it.each([
    [{}, ['a=1']],
    [{ domainCookie: true }, [`a=1; ${domainCookie()}`]],
  ])('the domain cookie goes on where the app verifies it: %j', async (settings, expected) => {
    const cookie = `a=1; __Host-sso=secret; ${domainCookie()}`;
    const world = await openProxied(echo, settings);
    const answer = await world.ask('/', { bare: true, headers: ['Host', 'notes.acme.test', 'Cookie', cookie] });
    const strip = (value: string) => value.replace(/__Secure-sso=.*/, '__Secure-sso');
    expect(answer.got('cookie').map(strip)).toEqual(expected.map(strip));
  });

  it('are not for an app to set', async () => {
    const own = ['a=1', 'sso=1; Path=/', '__Host-app_session=x; Path=/; Secure', '__Secure-ssot=1; Secure'];
    const stolen = [
      '__Host-sso=x; Path=/; Secure',
      '__Secure-sso=x; Domain=acme.test; Secure; Path=/',
      '__secure-SSO=x; Domain=acme.test; Secure',
      ' __Secure-sso =x; Domain=acme.test',
      '=__Secure-sso=x; Domain=acme.test',
      '__Secure-sso; Domain=acme.test',
      '__Secure-sso_staging=x; Domain=acme.test; Secure',
      '__Host-sso_bounces=; Max-Age=0; Path=/; Secure',
      '__Host-sso_login_abc=x; Path=/; Secure',
      '__Host-sso_mon=x; Path=/; Secure; Partitioned',
    ];
    const mixed = stolen.flatMap((cookie, i) => [cookie, own[i] ?? []].flat());
    const world = await openProxied((_, outgoing) => void outgoing.setHeader('Set-Cookie', mixed).end());
    expect((await world.ask('/')).headers['set-cookie']).toEqual(own);
  });

  it.each([
    ['"cookies"', undefined],
    ['"*"', '"cache", "storage"'],
    ['"cache", "cookies", "storage"', '"cache", "storage"'],
    ['"cache"', '"cache"'],
  ])('are not for an app to clear: %s', async (said, left) => {
    const world = await openProxied((_, outgoing) => void outgoing.setHeader('Clear-Site-Data', said).end());
    expect((await world.ask('/')).headers['clear-site-data']).toBe(left);
  });
});

describe('an app that answers what no answer can be', () => {
  const app = async (answer: string) => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(answer, 'latin1'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const world = await openProxied(typeof address === 'object' && address ? address.port : 0);
    const answered = await world.ask('/').catch((error: Error) => error);
    await new Promise((resolve) => server.close(resolve));
    return answered;
  };

  it.each([
    ['nothing', ''],
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n'],
    [
      'two lengths',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
    ],
    [
      'a bare line feed in a header',
      'HTTP/1.1 200 OK\r\nX-A: b\rSet-Cookie: __Host-sso=x\r\nContent-Length: 0\r\n\r\n',
    ],
    ['a null', 'HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 0\r\n\r\n'],
    [
      'a switch that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
    ],
    ['a switch to nothing in particular', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['a status that is none', 'HTTP/1.1 099 Hm\r\nContent-Length: 0\r\n\r\n'],
  ])('%s: 502', async (_, answer) => {
    expect(await app(answer)).toMatchObject({ status: 502 });
  });

  it('cut off in the middle: the visitor notices', async () => {
    expect(await app('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf')).toBeInstanceOf(Error);
  });

  it('of its own connection it tells the visitor nothing', async () => {
    const answer = await app(
      'HTTP/1.1 200 OK\r\nConnection: X-Inner, close\r\nX-Inner: 1\r\nKeep-Alive: timeout=99\r\nAlt-Svc: h3=":1"\r\nContent-Length: 2\r\n\r\nok',
    );
    expect(answer).toMatchObject({ status: 200, body: 'ok' });
    const { headers } = answer as { headers: Record<string, string> };
    expect(headers['x-inner']).toBeUndefined();
    expect(headers['alt-svc']).toBeUndefined();
    expect(headers['keep-alive']).not.toBe('timeout=99');
  });
});

describe('an app whose certificate nobody vouches for', () => {
  it('is not asked', async () => {
    const plain = await serve(createServer(echo));
    const world = await openProxied(0, { url: `https://127.0.0.1:${plain}` });
    expect((await world.ask('/')).status).toBe(502);
  });
});
