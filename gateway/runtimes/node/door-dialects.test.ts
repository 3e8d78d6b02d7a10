import type { OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createClientRegistry } from '../../../shared/clients.ts';
import { domainCookie, openCheckWorld, start } from '../../check/check.testing.ts';
import { ask, listen, throughBoth } from './doors.testing.ts';
import { createListener } from './listener.ts';

const cookie = domainCookie();
const page = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' };
const fetching = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
const login = 'https://auth.acme.test/login?return_to=https%3A%2F%2Fnotes.acme.test%2Fa%3Fb%3Dc%26d';
const refresh = login.replace('/login', '/refresh');

/** How a question of each proxy travels. */
type Way = {
  readonly name: string;
  readonly passes: number;
  readonly redirects: number;
  send(uri: string, more?: OutgoingHttpHeaders, method?: string): [OutgoingHttpHeaders, string, string];
};
const ways: readonly Way[] = [
  {
    name: '/check',
    passes: 204,
    redirects: 302,
    send: (uri, more, method = 'GET') => [
      {
        host: 'auth.acme.test',
        'x-forwarded-method': method,
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'notes.acme.test',
        'x-forwarded-uri': uri,
        ...more,
      },
      '/check',
      'GET',
    ],
  },
  {
    name: '/check/nginx',
    passes: 204,
    redirects: 401,
    send: (uri, more, method = 'GET') => [
      {
        host: 'auth.acme.test',
        'x-original-method': method,
        'x-original-url': `https://notes.acme.test${uri}`,
        ...more,
      },
      '/check/nginx',
      'GET',
    ],
  },
  {
    name: '/check/envoy',
    passes: 200,
    redirects: 302,
    send: (uri, more, method = 'GET') => [
      { host: 'notes.acme.test', 'x-forwarded-proto': 'https', 'content-length': '0', ...more },
      `/check/envoy${uri}`,
      method,
    ],
  },
];

describe.each(ways)('$name, by both doors', ({ passes, redirects, send }) => {
  it('lets through by the fast one, with the identity headers', async () => {
    const { answer, taken } = await throughBoth(await openCheckWorld(), ...send('/a?b=c&d', { cookie, ...page }));
    expect([answer.status, taken, answer.headers['remote-user'], answer.body]).toEqual([passes, true, '42', '']);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('judges by the method of the person', async () => {
    const world = await openCheckWorld();
    expect((await throughBoth(world, ...send('/write', { cookie }, 'POST'))).answer.status).toBe(403);
    expect((await throughBoth(world, ...send('/a', { cookie }, 'POST'))).answer.status).toBe(passes);
  });

  it.each([
    ['to sign in', {}, 0, login],
    ['to renew, what has expired', { cookie }, 1900, refresh],
    ['to renew, what soon will', { cookie }, 1500, refresh],
  ])('leads a page load %s', async (_, headers, after, location) => {
    const world = await openCheckWorld();
    world.now = start + after;
    await world.gateway.feed.poll();
    const { answer, taken } = await throughBoth(world, ...send('/a?b=c&d', { ...headers, ...page }));
    expect([answer.status, answer.headers.location, taken]).toEqual([redirects, location, false]);
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', vary: expect.stringContaining('Cookie') });
    expect(answer.headers['remote-user']).toBeUndefined();
  });

  it('tells a fetch where a person could sign in, without leading it there', async () => {
    const { answer } = await throughBoth(await openCheckWorld(), ...send('/a?b=c&d', fetching));
    expect([answer.status, answer.headers.location]).toEqual([401, undefined]);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(answer.body)).toMatchObject({ status: 401, login });
  });

  it.each([
    ['somebody without the role', '/admin/', {}, 403],
    ['a prefetch of nobody', '/a', { cookie: '', ...page, 'sec-purpose': 'prefetch' }, 503],
    ['dot segments', '/open/../admin/', {}, 400],
    ['a parameter that hides a folder', '/admin;x/', {}, 400],
  ])('refuses %s', async (_, uri, headers, status) => {
    const { answer, taken } = await throughBoth(await openCheckWorld(), ...send(uri, { cookie, ...headers }));
    expect([answer.status, taken]).toEqual([status, false]);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('remote'))).toEqual([]);
  });

  it('lets a preflight through as nobody', async () => {
    const headers = { cookie, origin: 'https://photos.acme.test', 'access-control-request-method': 'PUT' };
    const { answer } = await throughBoth(await openCheckWorld(), ...send('/a', headers, 'OPTIONS'));
    expect([answer.status, answer.headers['remote-user']]).toEqual([passes, '']);
  });

  describe('a WebSocket', () => {
    const handshakes: Record<string, OutgoingHttpHeaders> = {
      'as a browser opens it': {
        'sec-websocket-version': '13',
        'sec-websocket-key': 'x',
        'sec-fetch-mode': 'websocket',
      },
      'over HTTP/2': { 'sec-websocket-version': '13' },
      'of which the proxy left the Fetch Metadata': { 'sec-fetch-mode': 'websocket', 'sec-fetch-dest': 'empty' },
      'of which the proxy left the upgrade': { upgrade: 'WebSocket' },
    };
    const rows = Object.entries(handshakes);

    it.each(rows)('%s is let through for a page of the app itself', async (_, handshake) => {
      const headers = { cookie, ...handshake, origin: 'https://notes.acme.test' };
      const { answer } = await throughBoth(await openCheckWorld(), ...send('/a', headers));
      expect([answer.status, answer.headers['remote-user']]).toEqual([passes, '42']);
    });

    it.each(rows)('%s is let through for a registered app', async (_, handshake) => {
      const world = await openCheckWorld({
        clients: [
          { id: 'photos', name: 'Photos', home: 'https://photos.acme.test/', origins: ['https://photos.acme.test'] },
        ],
      });
      expect(createClientRegistry(world.gateway.parts.config.clients).all).toHaveLength(1);
      const headers = { cookie, ...handshake, origin: 'https://photos.acme.test' };
      expect((await throughBoth(world, ...send('/a', headers))).answer.status).toBe(passes);
    });

    it.each(rows)('%s is refused for anybody else', async (_, handshake) => {
      const world = await openCheckWorld();
      for (const origin of [
        'https://sibling.acme.test',
        'http://notes.acme.test',
        'https://notes.acme.test:8443',
        'https://notes.acme.test.evil.test',
        'https://notes.acme.test, https://evil.test',
        'null',
        '',
        undefined,
      ]) {
        const headers = { cookie, ...handshake, ...(origin === undefined ? {} : { origin }) };
        const { answer, taken } = await throughBoth(world, ...send('/a', headers));
        expect([origin, answer.status, taken]).toEqual([origin, 403, false]);
        const open = await throughBoth(world, ...send('/open/', headers));
        expect([open.answer.status, open.answer.headers['remote-user']]).toEqual([passes, '']);
      }
    });
  });
});

describe('one family of headers for each address', () => {
  const [, nginx, envoy] = ways;

  it.each([
    [
      'nginx',
      nginx,
      { 'x-forwarded-uri': '/open/', 'x-forwarded-host': 'photos.acme.test', 'x-forwarded-method': 'GET' },
    ],
    ['envoy', envoy, { 'x-forwarded-uri': '/open/', 'x-original-url': 'https://notes.acme.test/open/' }],
  ])('the other families change nothing for %s', async (_, way, others) => {
    const [headers, path, method] = way?.send('/admin/', { cookie, ...others }) ?? [{}, '', ''];
    expect((await throughBoth(await openCheckWorld(), headers, path, method)).answer.status).toBe(403);
  });

  it.each(['/check/nginx', '/check/envoy/a', '/check/envoy'])(
    '%s never answers about the caller itself',
    async (path) => {
      const { answer } = await throughBoth(await openCheckWorld(), { host: 'auth.acme.test', cookie }, path);
      expect(answer.status).toBe(400);
    },
  );

  it.each(['x-original-url', 'x-original-method'])('a doubled %s is refused', async (name) => {
    const [headers = {}, path = ''] = nginx?.send('/open/') ?? [{}, ''];
    const twice = { ...headers, [name]: [String(headers[name]), String(headers[name])] };
    expect((await throughBoth(await openCheckWorld(), twice, path)).answer.status).toBe(400);
  });
});

describe('what Envoy puts behind its prefix reaches no other address of the gateway', () => {
  /** Status of a request line that no HTTP library would send. */
  const statusOf = async (lines: readonly string[]) => {
    const port = await listen(createListener((await openCheckWorld()).gateway));
    return await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`));
      socket.setEncoding('latin1').on('data', (chunk: string) => {
        text += chunk;
      });
      socket.on('error', reject).on('close', () => resolve(text.split(' ')[1] ?? ''));
    });
  };
  const host = 'Host: notes.acme.test';
  const rest = ['X-Forwarded-Proto: https', 'Connection: close'];

  it.each([
    '/check/envoy/../../healthz',
    '/check/envoy/..',
    '/check/envoy/../',
    '/check/envoy/%2e%2e/%2E%2e/healthz',
    '/check/envoy/./../../healthz',
    '/check/envoy/..;/../healthz',
    '/check/envoy\\..\\..\\healthz',
    '/check/envoy/\\..\\..\\..\\healthz',
    '/check/envoy//healthz/../../../healthz',
    '/check/envoy/../nginx',
    '/check/envoy/../../.well-known/sso-jwks.json',
    '/check/envoy*',
  ])('%s', async (path) => {
    for (const method of ['GET', 'POST', 'HEAD', 'OPTIONS', 'TRACE']) {
      expect(await statusOf([`${method} ${path} HTTP/1.1`, host, ...rest])).toBe('400');
    }
  });

  it('two lines of Host are refused', async () => {
    expect(await statusOf(['GET /check/envoy/open/ HTTP/1.1', host, ...rest])).toBe('200');
    expect(await statusOf(['GET /check/envoy/open/ HTTP/1.1', host, 'Host: photos.acme.test', ...rest])).toBe('400');
  });

  it('a whole address in the request line is no question of Envoy', async () => {
    expect(await statusOf(['GET http://notes.acme.test/check/envoy/open/ HTTP/1.1', host, ...rest])).not.toBe('200');
  });
});

describe('a gateway below a path', () => {
  it.each(ways)('has $name there alone', async ({ send, passes }) => {
    const world = await openCheckWorld({ publicUrl: 'https://app.acme.test/_sso', cookie: { domain: 'acme.test' } });
    const port = await listen(createListener(world.gateway));
    const [headers, path, method] = send('/open/');
    expect((await ask(port, headers, `/_sso${path}`, method)).status).toBe(passes);
    expect((await ask(port, headers, path, method)).status).not.toBe(passes);
  });
});
