import { request } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { domainCookie } from '../../check/check.testing.ts';
import { echo, openProxied, type ProxiedWorld, type Seen, valuesIn, wire } from './proxied.testing.ts';

const host = 'Host: notes.acme.test\r\n';
const close = 'Connection: close\r\n';

/** What the app saw of a request written by hand; `undefined`: it never came. */
async function seenOf(
  world: ProxiedWorld,
  head: string,
  body = '',
): Promise<{ answer: string; seen: Seen | undefined }> {
  const answer = await wire(world.port, `${head}\r\n${body}`);
  const found = /\r\n\r\n(?:[0-9a-f]+\r\n)?(\{"method".*\})/s.exec(answer)?.[1];
  return { answer, seen: found === undefined ? undefined : (JSON.parse(found) as Seen) };
}

describe('a visitor who says who they are', () => {
  it.each([
    'Remote-User',
    'remote-user',
    'Remote_User',
    'Remote.User',
    'REMOTE_GROUPS',
    'Remote-Email',
    'Remote-Name',
    'X-Auth-Request-User',
    'X_Auth_Request_User',
    'X-Auth-Request-Groups',
    'X-Auth-Request-Email',
    'X-Auth-Request-Preferred-Username',
    'Identity-Token',
    'Identity_Token',
  ])('by %s is not believed', async (name) => {
    const world = await openProxied(echo);
    const { seen } = await seenOf(world, `GET /open/ HTTP/1.1\r\n${host}${close}${name}: 1\r\n${name}: root\r\n`);
    const told = (seen?.rawHeaders ?? []).filter((_, i, all) => i % 2 === 0 && isAlias(all[i] ?? '', name));
    const values = (seen?.rawHeaders ?? []).filter((_, i, all) => i % 2 === 1 && isAlias(all[i - 1] ?? '', name));
    expect(seen).toBeDefined();
    expect(values.every((value) => value === '')).toBe(true);
    expect(told.length).toBeLessThanOrEqual(1);
  });

  it.each(['remote-user', 'Remote-User, remote-groups', 'x-forwarded-for', 'cookie', 'host', 'close, forwarded'])(
    'cannot have our word dropped by `Connection: %s`',
    async (named) => {
      const world = await openProxied(echo);
      const head = `GET / HTTP/1.1\r\n${host}Cookie: own=1; ${domainCookie()}\r\nConnection: ${named}, close\r\n`;
      const { seen } = await seenOf(world, head);
      for (const [name, value] of [
        ['remote-user', '42'],
        ['remote-groups', 'editor'],
        ['host', 'notes.acme.test'],
        ['x-forwarded-for', '127.0.0.1'],
        ['cookie', 'own=1'],
      ])
        expect(valuesIn(seen?.rawHeaders ?? [], name ?? '')).toEqual([value]);
    },
  );
});

const isAlias = (one: string, other: string) =>
  one.toLowerCase().replace(/[_.]/g, '-') === other.toLowerCase().replace(/[_.]/g, '-');

describe('a visitor who says what they asked for', () => {
  it.each([
    ['X-Forwarded-Host', 'evil.test'],
    ['X_Forwarded_Host', 'evil.test'],
    ['X-Forwarded-Proto', 'http'],
    ['X-Forwarded-Uri', '/open/'],
    ['X-Forwarded-Method', 'GET'],
    ['X-Forwarded-Port', '1'],
    ['X-Forwarded-Prefix', '/evil'],
    ['X-Original-URL', '/admin/x'],
    ['X-Rewrite-URL', '/admin/x'],
    ['X-HTTP-Method-Override', 'DELETE'],
    ['X-Real-IP', '203.0.113.66'],
    ['True-Client-IP', '203.0.113.66'],
    ['Client_IP', '203.0.113.66'],
    ['X-Forwarded', 'for=203.0.113.66'],
    ['Forwarded', 'for=203.0.113.66;host=evil.test'],
    ['Proxy', 'http://evil.test'],
    ['Via', '1.1 evil.test, 1.0 fred'],
  ])('by %s: %s', async (name, value) => {
    const world = await openProxied(echo);
    const { seen } = await seenOf(world, `GET /open/ HTTP/1.1\r\n${host}${close}${name}: ${value}\r\n`);
    const all = seen?.rawHeaders ?? [];
    expect(valuesIn(all, 'x-forwarded-host')).toEqual(['notes.acme.test']);
    expect(valuesIn(all, 'x-forwarded-proto')).toEqual(['https']);
    expect(valuesIn(all, 'forwarded')).toEqual(['for="127.0.0.1";host="notes.acme.test";proto=https']);
    if (name !== 'Via') expect(all.filter((_, i) => i % 2 === 1)).not.toContain(value);
  });

  it.each(['<script>', '203.0.113.9, evil', 'unknown'])('by X-Forwarded-For: %s', async (told) => {
    const { seen } = await seenOf(
      await openProxied(echo),
      `GET /open/ HTTP/1.1\r\n${host}${close}X-Forwarded-For: ${told}\r\n`,
    );
    expect(valuesIn(seen?.rawHeaders ?? [], 'x-forwarded-for')).toEqual(['127.0.0.1']);
  });
});

describe('an address that two servers could read differently', () => {
  it.each([
    '/open/../admin/x',
    '/open/..;/admin/x',
    '/open/%2e%2e/admin/x',
    '/open/%252e%252e/admin/x',
    '/open%2f..%2fadmin',
    '/open\\..\\admin',
    '/open/%5c../admin',
    '//evil.test/',
    '/open//admin',
    '/open/%00',
    '/open/./x',
    '/open/%zz',
    '/open/#/admin',
    'http://notes.acme.test/open/',
    'http://evil.test/open/',
    'https://notes.acme.test/admin/x',
    '*',
  ])('%s never reaches the app', async (target) => {
    let asked = 0;
    const world = await openProxied((incoming, outgoing) => {
      asked += 1;
      echo(incoming, outgoing);
    });
    const { answer } = await seenOf(world, `GET ${target} HTTP/1.1\r\n${host}${close}`);
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(asked).toBe(0);
  });
});

describe('a request of two minds', () => {
  const smuggled = 'GET /admin/x HTTP/1.1\r\nHost: notes.acme.test\r\n\r\n';
  it.each([
    ['two lengths', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${smuggled}`],
    ['two lengths, the other way', 'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', `0\r\n\r\n${smuggled}`],
    ['two different lengths', 'Content-Length: 5\r\nContent-Length: 50\r\n', 'hello'],
    ['a length that is none', 'Content-Length: +5\r\n', 'hello'],
    ['a list of lengths', 'Content-Length: 5, 5\r\n', 'hello'],
    ['an unknown coding', 'Transfer-Encoding: xchunked\r\n', `0\r\n\r\n${smuggled}`],
    ['a coding that would lose its name', 'Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'],
    ['chunked twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'],
    ['a coding behind a tab', 'Transfer-Encoding:\tchunked, identity\r\n', '0\r\n\r\n'],
    ['a space before the colon', 'Transfer-Encoding : chunked\r\n', '0\r\n\r\n'],
    ['a folded header', 'X-A: b\r\n Transfer-Encoding: chunked\r\n', '0\r\n\r\n'],
    ['a bare line feed', 'X-A: b\nRemote-User: root\r\n', ''],
    ['a bare carriage return', 'X-A: b\rRemote-User: root\r\n', ''],
    ['a null', 'X-A: b\0c\r\n', ''],
    ['two hosts', 'Host: photos.acme.test\r\n', ''],
    ['the same host twice', 'Host: notes.acme.test\r\n', ''],
    ['a chunk that is none', 'Transfer-Encoding: chunked\r\n', `5;\n\r\nhello\r\n0\r\n\r\n${smuggled}`],
  ])('%s: the app sees at most what was judged', async (_, headers, body) => {
    const seen: string[] = [];
    const world = await openProxied((incoming, outgoing) => {
      incoming.resume().once('end', () => {
        seen.push(`${incoming.method} ${incoming.url} ${incoming.headers['remote-user']}`);
        outgoing.end('ok');
      });
    });
    const answer = await wire(world.port, `POST /open/ HTTP/1.1\r\n${host}${close}${headers}\r\n${body}`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(seen).toEqual([]);
  });

  it.each([
    ['TRACE', 405],
    ['CONNECT', undefined],
  ])('%s is not passed on', async (method, status) => {
    let asked = 0;
    const world = await openProxied((_, outgoing) => {
      asked += 1;
      outgoing.end();
    });
    const answer = await wire(world.port, `${method} /open/ HTTP/1.1\r\n${host}${close}\r\n`);
    if (status) expect(answer).toContain(`HTTP/1.1 ${status} `);
    expect(asked).toBe(0);
  });

  it.each([
    ['Content_Length', '100'],
    ['Content.Length', '100'],
    ['Transfer_Encoding', 'chunked'],
  ])('a header that some server takes for framing does not go on: %s', async (name, value) => {
    const { seen } = await seenOf(
      await openProxied(echo),
      `GET /open/ HTTP/1.1\r\n${host}${close}${name}: ${value}\r\n`,
    );
    expect(valuesIn(seen?.rawHeaders ?? [], name)).toEqual([]);
  });

  it('a visitor who leaves in the middle of a body leaves half of it, and the app hears so', async () => {
    let outcome = '';
    const world = await openProxied((incoming) => {
      incoming.once('error', () => (outcome = 'cut off')).once('end', () => (outcome = 'whole'));
      incoming.resume();
    });
    const socket = connect(world.port, '127.0.0.1');
    socket.write(`POST /open/ HTTP/1.1\r\n${host}Content-Length: 100\r\n\r\nhalf`);
    setTimeout(() => socket.destroy(), 100);
    await expect.poll(() => outcome).toBe('cut off');
  });
});

describe('headers by the thousand', () => {
  it('push nothing of ours out', async () => {
    const world = await openProxied(echo);
    const { answer } = await seenOf(world, `GET /open/ HTTP/1.1\r\n${host}${close}${'X-A: b\r\n'.repeat(1500)}`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });
});

describe('a way that leads back here', () => {
  it('ends at the second visit', async () => {
    let port = 0;
    const world = await openProxied((incoming, outgoing) => {
      // what a careless proxy between the gateway and itself would do
      const headers = incoming.rawHeaders;
      request({ host: '127.0.0.1', port, path: incoming.url, headers, agent: false }, (message) => {
        outgoing.writeHead(message.statusCode ?? 0);
        message.pipe(outgoing);
      }).end();
    });
    port = world.port;
    const answer = await world.ask('/open/');
    expect(answer.status).toBe(508);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'upstream_loop' });
  });
});
