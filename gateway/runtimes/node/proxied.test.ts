import { createServer, get } from 'node:http';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ann, domainCookie, start } from '../../check/check.testing.ts';
import { echo, openProxied, serve, valuesIn, wire } from './proxied.testing.ts';

const navigation = ['Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'document', 'Accept', 'text/html'];

describe('a request that may pass', () => {
  it('reaches the app as it came, with who it is', async () => {
    const world = await openProxied(echo);
    const path = `/a/b%20c/d;v=1?x=1&x=2&q="'<>%2f%00&empty`;
    const answer = await world.ask(path, {
      method: 'POST',
      headers: ['Content-Type', 'text/plain', 'X-Odd', 'one', 'X-Odd', 'two', 'Authorization', 'Bearer apps-own'],
      body: 'hello',
    });
    expect(answer.status).toBe(200);
    expect(answer.seen()).toMatchObject({ method: 'POST', url: path, body: 'hello' });
    expect(answer.got('x-odd')).toEqual(['one', 'two']);
    expect(answer.got('authorization')).toEqual(['Bearer apps-own']);
    expect(answer.got('remote-user')).toEqual(['42']);
    expect(answer.got('remote-email')).toEqual(['ann@acme.test']);
    expect(answer.got('remote-groups')).toEqual(['editor']);
    expect(answer.got('host')).toEqual(['notes.acme.test']);
    expect(answer.got('content-length')).toEqual(['5']);
    expect(answer.got('cookie')).toEqual([]);
  });

  it('tells the app of nobody where nobody is signed in, by every header all the same', async () => {
    const world = await openProxied(echo);
    const answer = await world.ask('/open/page', { bare: true, headers: ['Host', 'notes.acme.test'] });
    expect(answer.status).toBe(200);
    for (const name of ['remote-user', 'remote-email', 'remote-name', 'remote-groups'])
      expect(answer.got(name)).toEqual(['']);
  });

  it('signs who it is, for that host', async () => {
    const world = await openProxied(echo, {}, { check: { identityJwt: true } });
    const [token = ''] = (await world.ask('/')).got('identity-token');
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toMatchObject({ aud: 'notes.acme.test', sub: '42' });
  });

  it.each(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH', 'PUT', 'POST'])('passes %s without a body', async (method) => {
    const world = await openProxied((incoming, outgoing) => {
      const { 'transfer-encoding': coding, 'content-length': length } = incoming.headers;
      outgoing.writeHead(200, { 'x-saw': `${incoming.method} ${coding} ${length}` }).end('done');
    });
    const answer = await wire(
      world.port,
      `${method} /open/ HTTP/1.1\r\nHost: notes.acme.test\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    const length = method.startsWith('P') ? '0' : 'undefined';
    expect(answer).toMatch(new RegExp(`x-saw: ${method} undefined ${length}\r\n`));
    expect(answer.includes('done')).toBe(method !== 'HEAD');
  });

  it.each([
    ['the visitor', { host: 'visitor' }, () => 'notes.acme.test'],
    ['itself', { host: 'upstream' }, (port: number) => `127.0.0.1:${port}`],
  ] as const)('asks an app for the host of %s', async (_, settings, host) => {
    const port = await serve(createServer(echo));
    const answer = await (await openProxied(port, settings)).ask('/');
    expect(answer.got('host')).toEqual([host(port)]);
    expect(answer.got('x-forwarded-host')).toEqual(['notes.acme.test']);
    expect(answer.got('x-forwarded-proto')).toEqual(['https']);
  });

  it('says where the request comes from: of proxies, what a trusted one says', async () => {
    const headers = ['X-Forwarded-For', '203.0.113.9'];
    const trusted = await (await openProxied(echo)).ask('/', { headers });
    expect(trusted.got('x-forwarded-for')).toEqual(['203.0.113.9, 127.0.0.1']);
    expect(trusted.got('forwarded')).toEqual(['for="203.0.113.9";host="notes.acme.test";proto=https, for="127.0.0.1"']);
    expect(trusted.got('via')).toEqual(['1.1 auth.acme.test']);
  });
});

describe('an answer of the app', () => {
  it('passes as it is: status, every cookie, compressed, redirects unfollowed', async () => {
    const body = gzipSync('compressed by the app');
    const world = await openProxied((_, outgoing) => {
      outgoing.writeHead(302, [
        ...['Location', 'https://elsewhere.test/?a=b', 'Content-Encoding', 'gzip', 'Content-Length', `${body.length}`],
        ...['Set-Cookie', 'a=1; Path=/', 'Set-Cookie', 'b=2; Path=/; HttpOnly', 'ETag', '"x"', 'X-Own', 'yes'],
      ]);
      outgoing.end(body);
    });
    const raw = await world.ask('/open/x');
    expect(raw.status).toBe(302);
    expect(raw.headers).toMatchObject({
      location: 'https://elsewhere.test/?a=b',
      'content-encoding': 'gzip',
      etag: '"x"',
    });
    expect(raw.headers['content-length']).toBe(String(body.length));
    expect(raw.headers['set-cookie']).toEqual(['a=1; Path=/', 'b=2; Path=/; HttpOnly']);
  });

  it('keeps its bytes', async () => {
    const body = gzipSync(Buffer.alloc(50_000, 'xyz'));
    const world = await openProxied((_, outgoing) => {
      outgoing.writeHead(200, { 'content-encoding': 'gzip' }).end(body);
    });
    const chunks: Buffer[] = [];
    await new Promise<void>((resolve) => {
      const headers = { host: 'notes.acme.test' };
      get({ host: '127.0.0.1', port: world.port, path: '/open/', headers, agent: false }, (message) => {
        message.on('data', (chunk: Buffer) => chunks.push(chunk)).once('end', resolve);
      });
    });
    expect(gunzipSync(Buffer.concat(chunks)).length).toBe(50_000);
  });

  it.each([
    ['for somebody, saying nothing', '/', {}, 'private'],
    ['for somebody, saying something', '/', { 'cache-control': 'max-age=60' }, 'max-age=60'],
    ['on a public page, to nobody', '/open/', {}, undefined],
  ] as const)('is kept by no shared cache: %s', async (_, path, headers, expected) => {
    const world = await openProxied((__, outgoing) => void outgoing.writeHead(200, headers).end());
    const options = path === '/' ? {} : { bare: true, headers: ['Host', 'notes.acme.test'] };
    expect((await world.ask(path, options)).headers['cache-control']).toBe(expected);
  });

  it('has the headers that its paths are given, and keeps its own unless told otherwise', async () => {
    const headers = [
      { path: '/open/embed/*', set: { 'X-Frame-Options': null, 'Referrer-Policy': 'no-referrer' }, override: true },
      {
        path: '/*',
        set: { 'X-Frame-Options': 'DENY', 'Referrer-Policy': 'origin', 'X-Content-Type-Options': 'nosniff' },
      },
    ];
    const world = await openProxied(
      (_, outgoing) =>
        void outgoing.writeHead(200, { 'x-frame-options': 'SAMEORIGIN', 'referrer-policy': 'own' }).end(),
      { headers },
    );
    const ordinary = await world.ask('/open/page');
    expect(ordinary.headers).toMatchObject({ 'x-frame-options': 'SAMEORIGIN', 'referrer-policy': 'own' });
    expect(ordinary.headers['x-content-type-options']).toBe('nosniff');
    const embedded = await world.ask('/open/embed/page');
    expect(embedded.headers['x-frame-options']).toBeUndefined();
    expect(valuesIn(embedded.rawHeaders, 'referrer-policy')).toEqual(['no-referrer']);
  });
});

describe('who may not pass', () => {
  const nobody = ['Host', 'notes.acme.test'];
  const page = 'https://notes.acme.test/deep/page?x=1&y=%2f';

  it('a navigation is sent to sign in, with the exact page to come back to', async () => {
    const world = await openProxied(echo);
    const answer = await world.ask('/deep/page?x=1&y=%2f', { bare: true, headers: [...nobody, ...navigation] });
    expect(answer.status).toBe(302);
    const location = new URL(answer.headers.location ?? '');
    expect(location.origin + location.pathname).toBe('https://auth.acme.test/login');
    expect(location.searchParams.get('return_to')).toBe(page);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('towards the end of a cookie a navigation is sent to renew it, anything else passes', async () => {
    const world = await openProxied(echo);
    world.now = start + 1500;
    const answer = await world.ask('/deep', { headers: navigation });
    expect(answer.headers.location).toMatch(/^https:\/\/auth\.acme\.test\/refresh\?return_to=/);
    expect((await world.ask('/deep')).status).toBe(200);
  });

  it('a program is told, and where a person could sign in', async () => {
    const world = await openProxied(echo);
    const answer = await world.ask('/deep', { bare: true, headers: nobody });
    expect(answer.status).toBe(401);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'not_signed_in', login: expect.stringContaining('/login?') });
  });

  it.each([
    ['lacks the role', '/admin/x', [], 403, 'forbidden'],
    ['prefetches', '/deep', ['Sec-Purpose', 'prefetch', 'Cookie', 'none=1'], 503, 'prefetch_refused'],
  ] as const)('who %s', async (_, path, headers, status, code) => {
    const world = await openProxied(echo);
    const answer = await world.ask(path, status === 503 ? { bare: true, headers: [...nobody, ...headers] } : {});
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ code });
  });

  it('a session that ended passes no more', async () => {
    const world = await openProxied(echo);
    expect((await world.ask('/')).status).toBe(200);
    world.gateway.feed.apply({ kind: 'session-ended', sid: ann.sid, until: start + 9000 });
    expect((await world.ask('/')).status).toBe(401);
  });

  it('whose cookie cannot answer, is asked about', async () => {
    const world = await openProxied(echo);
    const cookie = domainCookie({ roles: undefined });
    const answer = await world.ask('/', { bare: true, headers: [...nobody, 'Cookie', cookie] });
    expect(answer.got('remote-groups')).toEqual(['editor']);
  });
});

describe('an app that does not answer', () => {
  it.each([
    ['a program', [], 'application/problem+json'],
    ['a person', navigation, 'text/html; charset=UTF-8'],
  ] as const)('is down: %s is told', async (_, headers, type) => {
    // nothing listens on a port that was just given back
    const gone = createServer();
    const port = await serve(gone);
    await new Promise((resolve) => gone.close(resolve));
    const answer = await (await openProxied(port)).ask('/', { headers });
    expect(answer.status).toBe(502);
    expect(answer.headers['content-type']).toBe(type);
    expect(answer.body).toContain('upstream_unavailable');
    expect(answer.body).not.toContain(String(port));
    expect(answer.headers['strict-transport-security']).toBeUndefined();
    expect(answer.body.includes('You are at <strong>notes.acme.test</strong>')).toBe(type.startsWith('text/html'));
  });

  it('is slow: 504, and the app is let go', async () => {
    let left = false;
    const world = await openProxied((incoming) => void incoming.socket.once('close', () => (left = true)), {
      timeout: 1,
    });
    const answer = await world.ask('/', { method: 'POST', body: 'half an hour of work' });
    expect(answer.status).toBe(504);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'upstream_slow' });
    await expect.poll(() => left).toBe(true);
  });

  it('closes a kept connection: the next page is asked for once more', async () => {
    let connections = 0;
    const app = createServer(echo);
    app.on('connection', (socket) => {
      connections += 1;
      let requests = 0;
      // it answers the first request of each connection, and drops the second
      socket.prependListener('data', () => {
        requests += 1;
        if (requests > 1) socket.resetAndDestroy();
      });
    });
    const world = await openProxied(app);
    expect((await world.ask('/')).status).toBe(200);
    expect((await world.ask('/')).status).toBe(200);
    expect(connections).toBe(2);
  });
});

describe('one host for the gateway and an app', () => {
  const shared = async () => {
    const port = await serve(createServer(echo));
    const client = {
      id: 'front',
      name: 'Front',
      home: 'https://www.acme.test/',
      origins: ['https://www.acme.test'],
      upstream: { url: `http://127.0.0.1:${port}` },
    };
    return await openProxied(
      port,
      {},
      {
        publicUrl: 'https://www.acme.test/_sso',
        cookie: { domain: 'acme.test' },
        clients: [client],
        rules: [{ host: 'www.acme.test', allow: 'public' }],
      },
    );
  };
  it.each([
    ['/', 'app'],
    ['/login', 'app'],
    ['/check', 'app'],
    ['/check/nginx', 'app'],
    ['/healthz', 'app'],
    ['/_ssofoo', 'app'],
    ['/_SSO/login', 'app'],
    ['/_sso', 'gateway'],
    ['/_sso/', 'gateway'],
    ['/_sso?x', 'gateway'],
    ['/_sso/session', 'gateway'],
    ['/_sso/healthz', 'gateway'],
    ['/_sso/../secret', 'gateway'],
    ['/x/../_sso/session', 'refused'],
  ])('%s is for the %s', async (path, whose) => {
    const answer = await (await shared()).ask(path, { bare: true, headers: ['Host', 'www.acme.test'] });
    if (whose === 'refused') expect(answer.status).toBe(400);
    else expect(answer.body.startsWith('{"method"') ? 'app' : 'gateway').toBe(whose);
    if (whose === 'app') expect(answer.seen().url).toBe(path);
  });

  it('another host is neither', async () => {
    const answer = await (await shared()).ask('/', { bare: true, headers: ['Host', 'other.acme.test'] });
    expect(answer.status).toBe(404);
  });
});
