import type { OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { asSessionId, asUserId } from '../../../shared/identity.ts';
import { verifyToken } from '../../../shared/tokens/signed.ts';
import { ann, domainCookie, keyring, openCheckWorld, start } from '../../check/check.testing.ts';
import { createDoor } from './door.ts';
import { ask, listen, throughBoth } from './doors.testing.ts';
import { createListener } from './listener.ts';

const forwarded = (uri: string, changes: OutgoingHttpHeaders = {}): OutgoingHttpHeaders => ({
  host: 'auth.acme.test',
  'x-forwarded-method': 'GET',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'notes.acme.test',
  'x-forwarded-uri': uri,
  ...changes,
});
const itself: OutgoingHttpHeaders = { host: 'auth.acme.test' };
const pageLoad = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' };
const fetching = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
const cookie = domainCookie();
const other = domainCookie({ uid: asUserId('43'), sid: asSessionId('session-2') });
const annHeaders = {
  'remote-user': '42',
  'remote-email': 'ann@acme.test',
  'remote-name': 'Ann',
  'remote-groups': 'editor',
};
const nobodyHeaders = { 'remote-user': '', 'remote-email': '', 'remote-name': '', 'remote-groups': '' };
const everyAnswer = { 'cache-control': 'no-store', vary: 'Cookie, Sec-Fetch-Mode, Sec-Fetch-Dest, Accept' };
const spoofed = {
  'remote-user': '1',
  remote_user: '1',
  'remote.user': '1',
  'x-auth-request-user': '1',
  'remote-groups': 'admin',
  'identity-token': 'x',
};

type Row = {
  readonly says: string;
  readonly sends: OutgoingHttpHeaders;
  readonly path?: string;
  readonly method?: string;
  /** Seconds after the sign-in. */
  readonly after?: number;
  readonly status: number;
  /** Does the fast door take it? */
  readonly taken: boolean;
  readonly headers?: Readonly<Record<string, unknown>>;
};

const allowed: readonly Row[] = [
  { says: 'a person asks about itself', sends: { ...itself, cookie }, status: 204, taken: true, headers: annHeaders },
  { says: 'a signed-in page', sends: forwarded('/', { cookie }), status: 204, taken: true, headers: annHeaders },
  {
    says: 'a permission the person has',
    sends: forwarded('/reports/1?x=%2f..', { cookie }),
    status: 204,
    taken: true,
    headers: annHeaders,
  },
  {
    says: 'a public page, somebody',
    sends: forwarded('/open/', { cookie }),
    status: 204,
    taken: true,
    headers: annHeaders,
  },
  { says: 'a public page, nobody', sends: forwarded('/open/'), status: 204, taken: true, headers: nobodyHeaders },
  {
    says: 'a public page, two different cookies',
    sends: forwarded('/open/', { cookie: `${cookie}; ${other}` }),
    status: 204,
    taken: true,
    headers: nobodyHeaders,
  },
  {
    says: 'a public page, an expired cookie',
    sends: forwarded('/open/', { cookie }),
    after: 4000,
    status: 204,
    taken: true,
    headers: nobodyHeaders,
  },
  {
    says: 'two cookie lines that agree',
    sends: { ...itself, cookie: [cookie, cookie] },
    status: 204,
    taken: true,
    headers: annHeaders,
  },
  {
    says: 'headers that a client made up',
    sends: forwarded('/', { cookie, ...spoofed }),
    status: 204,
    taken: true,
    headers: annHeaders,
  },
  {
    says: 'headers that a client made up, nobody',
    sends: forwarded('/open/x', spoofed),
    status: 204,
    taken: true,
    headers: nobodyHeaders,
  },
  {
    says: 'the last second of the leeway',
    sends: { ...itself, cookie },
    after: 1829,
    status: 204,
    taken: true,
    headers: annHeaders,
  },
  {
    says: 'a fetch near expiry',
    sends: forwarded('/', { cookie, ...fetching }),
    after: 1500,
    status: 204,
    taken: true,
    headers: annHeaders,
  },
  {
    says: 'a page load just before the time to renew',
    sends: forwarded('/', { cookie, ...pageLoad }),
    after: 1199,
    status: 204,
    taken: true,
    headers: annHeaders,
  },
  {
    says: 'a prefetch near expiry',
    sends: forwarded('/', { cookie, ...pageLoad, 'sec-purpose': 'prefetch' }),
    after: 1500,
    status: 204,
    taken: true,
    headers: annHeaders,
  },
  {
    says: 'a page load near expiry, by POST',
    sends: forwarded('/', { cookie, ...pageLoad, 'x-forwarded-method': 'POST' }),
    after: 1500,
    status: 204,
    taken: true,
    headers: annHeaders,
  },
  {
    says: 'a name in another alphabet',
    sends: { ...itself, cookie: domainCookie({ name: '安 Ösel 100%' }) },
    status: 204,
    taken: true,
    headers: { 'remote-name': '%E5%AE%89 %C3%96sel 100%25' },
  },
  {
    says: 'a name with line breaks',
    sends: { ...itself, cookie: domainCookie({ name: 'Ann\r\nRemote-User: 1\r\n\r\n' }) },
    status: 204,
    taken: true,
    headers: { 'remote-user': '42', 'remote-name': 'Ann%0D%0ARemote-User%3A 1%0D%0A%0D%0A' },
  },
];

const fallingThrough: readonly Row[] = [
  { says: 'nobody, of a program', sends: itself, status: 401, taken: false },
  {
    says: 'nobody, a page load',
    sends: forwarded('/', pageLoad),
    status: 302,
    taken: false,
    headers: { location: 'https://auth.acme.test/login?return_to=https%3A%2F%2Fnotes.acme.test%2F' },
  },
  { says: 'two different cookies', sends: { ...itself, cookie: `${cookie}; ${other}` }, status: 401, taken: false },
  {
    says: 'two different cookies in two lines',
    sends: { ...itself, cookie: [cookie, other] },
    status: 401,
    taken: false,
  },
  {
    says: 'two different cookies, a page load',
    sends: forwarded('/', { ...pageLoad, cookie: `${cookie}; ${other}` }),
    status: 302,
    taken: false,
    headers: { location: expect.stringContaining('/refresh?') },
  },
  { says: 'the second the leeway is over', sends: { ...itself, cookie }, after: 1830, status: 401, taken: false },
  {
    says: 'an expired cookie, a page load',
    sends: forwarded('/', { cookie, ...pageLoad }),
    after: 1830,
    status: 302,
    taken: false,
    headers: { location: expect.stringContaining('/refresh?') },
  },
  {
    says: 'a page load near expiry',
    sends: forwarded('/a?b=c', { cookie, ...pageLoad }),
    after: 1200,
    status: 302,
    taken: false,
    headers: { location: 'https://auth.acme.test/refresh?return_to=https%3A%2F%2Fnotes.acme.test%2Fa%3Fb%3Dc' },
  },
  {
    says: 'a page load near expiry that is too long to return to',
    sends: forwarded(`/?${'x'.repeat(1100)}`, { cookie, ...pageLoad }),
    after: 1200,
    status: 204,
    taken: false,
    headers: annHeaders,
  },
  {
    says: 'a page load near expiry on a port that is not ours',
    sends: forwarded('/', { cookie, ...pageLoad, 'x-forwarded-host': 'notes.acme.test:8443' }),
    after: 1200,
    status: 204,
    taken: false,
    headers: annHeaders,
  },
  { says: 'a role the person lacks', sends: forwarded('/admin/x', { cookie }), status: 403, taken: false },
  {
    says: 'a role the person lacks, spelled in percents',
    sends: forwarded('/%61dmin/x', { cookie }),
    status: 403,
    taken: false,
  },
  {
    says: 'a role the person lacks, and headers made up',
    sends: forwarded('/admin/x', { cookie, ...spoofed }),
    status: 403,
    taken: false,
  },
  {
    says: 'another method',
    sends: forwarded('/write', { cookie, 'x-forwarded-method': 'POST' }),
    status: 403,
    taken: false,
  },
  {
    says: 'a path without rule',
    sends: forwarded('/', { cookie, 'x-forwarded-host': 'photos.acme.test' }),
    status: 403,
    taken: false,
  },
  {
    says: 'a host without rule',
    sends: forwarded('/', { cookie, 'x-forwarded-host': 'new.acme.test' }),
    status: 403,
    taken: false,
  },
  {
    says: 'a host without rule, nobody',
    sends: forwarded('/', { 'x-forwarded-host': 'new.acme.test' }),
    status: 401,
    taken: false,
  },
  {
    says: 'a doubled host',
    sends: forwarded('/open/', { 'x-forwarded-host': ['notes.acme.test', 'notes.acme.test'] }),
    status: 400,
    taken: false,
  },
  {
    says: 'a doubled address',
    sends: forwarded('/open/', { 'x-forwarded-uri': ['/open/', '/admin/'] }),
    status: 400,
    taken: false,
  },
  {
    says: 'a doubled proto',
    sends: forwarded('/open/', { 'x-forwarded-proto': ['https', 'https'] }),
    status: 400,
    taken: false,
  },
  {
    says: 'a doubled method',
    sends: forwarded('/open/', { 'x-forwarded-method': ['GET', 'GET'] }),
    status: 400,
    taken: false,
  },
  {
    says: 'a missing method',
    sends: {
      ...itself,
      cookie,
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'notes.acme.test',
      'x-forwarded-uri': '/',
    },
    status: 400,
    taken: false,
  },
  { says: 'dot segments', sends: forwarded('/open/../admin/', { cookie }), status: 400, taken: false },
  { says: 'a parameter that hides a folder', sends: forwarded('/admin;x/', { cookie }), status: 400, taken: false },
  {
    says: 'a preflight',
    sends: forwarded('/admin/', {
      cookie,
      'x-forwarded-method': 'OPTIONS',
      origin: 'https://photos.acme.test',
      'access-control-request-method': 'PUT',
    }),
    status: 204,
    taken: false,
    headers: nobodyHeaders,
  },
  {
    says: 'a preflight for what no rule covers',
    sends: forwarded('/', {
      'x-forwarded-host': 'photos.acme.test',
      'x-forwarded-method': 'OPTIONS',
      origin: 'https://notes.acme.test',
      'access-control-request-method': 'PUT',
    }),
    status: 403,
    taken: false,
  },
  {
    says: 'OPTIONS that is no preflight',
    sends: forwarded('/admin/', { cookie, 'x-forwarded-method': 'OPTIONS' }),
    status: 403,
    taken: false,
  },
  {
    says: 'a prefetch of nobody',
    sends: forwarded('/', { ...pageLoad, 'sec-purpose': 'prefetch' }),
    status: 503,
    taken: false,
  },
  { says: 'HEAD', sends: { ...itself, cookie }, method: 'HEAD', status: 204, taken: false, headers: annHeaders },
  { says: 'POST', sends: { ...itself, cookie }, method: 'POST', status: 204, taken: false, headers: annHeaders },
  { says: 'a query', sends: { ...itself, cookie }, path: '/check?x', status: 204, taken: false, headers: annHeaders },
  { says: 'another path', sends: itself, path: '/check/x', status: 404, taken: false },
  {
    says: 'an absolute target',
    sends: { ...itself, cookie },
    path: 'http://auth.acme.test/check',
    status: 204,
    taken: false,
    headers: annHeaders,
  },
];

describe.each([
  ['lets through', allowed],
  ['leaves to the ordinary way', fallingThrough],
])('/check, by both doors: the fast one %s', (_, rows) => {
  it.each(rows)('$says', async ({ sends, path, method, after = 1, status, taken, headers = {} }) => {
    const world = await openCheckWorld();
    world.now = start + after;
    await world.gateway.feed.poll();
    const got = await throughBoth(world, sends, path, method);
    expect([got.answer.status, got.taken]).toEqual([status, taken]);
    expect(got.answer.headers).toMatchObject(headers);
    expect(got.answer.headers['set-cookie']).toBeUndefined();
    expect(got.answer.headers['cache-control']).toBe('no-store');
    if (status === 204 || status === 302 || status === 401) expect(got.answer.headers).toMatchObject(everyAnswer);
    if (status !== 204) expect(Object.keys(got.answer.headers).filter((name) => name.startsWith('remote'))).toEqual([]);
    expect(JSON.stringify(got.answer.headers)).not.toContain('"1"');
  });
});

describe('news, by both doors', () => {
  const warmedUp = async () => {
    const world = await openCheckWorld();
    expect((await throughBoth(world, { ...itself, cookie })).taken).toBe(true);
    return world;
  };

  it('of a session that ended is heeded, however well its token is known', async () => {
    const world = await warmedUp();
    world.store.announce({ kind: 'session-ended', sid: ann.sid, until: start + 43_200 });
    await world.gateway.feed.poll();
    const { answer, taken } = await throughBoth(world, { ...itself, cookie });
    expect([answer.status, taken]).toEqual([401, false]);
  });

  it('of changed permissions sends the question to the directory', async () => {
    const world = await warmedUp();
    world.users.change(ann.uid, { roles: ['admin'] });
    world.store.announce({ kind: 'permissions-changed', userId: ann.uid, version: 2, until: start + 43_200 });
    await world.gateway.feed.poll();
    for (const uri of ['/', '/admin/', '/open/']) {
      const { answer, taken } = await throughBoth(world, forwarded(uri, { cookie }));
      expect([answer.status, taken, answer.headers['remote-groups']]).toEqual([204, false, 'admin']);
    }
  });

  it('of a person who is disabled leaves nobody: out of the pages, but not of the public ones', async () => {
    const world = await warmedUp();
    world.users.change(ann.uid, { state: 'disabled' });
    world.store.announce({ kind: 'permissions-changed', userId: ann.uid, version: 2, until: start + 43_200 });
    await world.gateway.feed.poll();
    expect((await throughBoth(world, forwarded('/', { cookie }))).answer.status).toBe(401);
    const open = await throughBoth(world, forwarded('/open/', { cookie }));
    expect([open.answer.status, open.answer.headers['remote-user']]).toEqual([204, '']);
  });

  it('that only the directory could explain, while it is down: 503, but not for the public pages', async () => {
    const world = await warmedUp();
    world.store.announce({ kind: 'permissions-changed', userId: ann.uid, version: 2, until: start + 43_200 });
    await world.gateway.feed.poll();
    world.users.setAvailable(false);
    const { answer } = await throughBoth(world, forwarded('/', { cookie }));
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5']);
    const open = await throughBoth(world, forwarded('/open/', { cookie }));
    expect([open.answer.status, open.answer.headers['remote-user']]).toEqual([204, '']);
  });

  it.each([
    ['60 seconds old', 60, 204, 204],
    ['61 seconds old', 61, 503, 204],
  ])('%s: what rules on permissions and on being signed in answer', async (_, age, reports, signedIn) => {
    const world = await warmedUp();
    world.now += age;
    expect((await throughBoth(world, forwarded('/reports/', { cookie }))).answer.status).toBe(reports);
    expect((await throughBoth(world, forwarded('/', { cookie }))).answer.status).toBe(signedIn);
  });
});

describe('a peer that nobody trusts', () => {
  it('picks no rule: 400 by both doors', async () => {
    const world = await openCheckWorld();
    const { rules } = world.gateway.checker;
    const gateway = {
      ...world.gateway,
      checker: { ...world.gateway.checker, rules: { ...rules, isTrustedPeer: () => false } },
    };
    const door = createDoor(gateway);
    const port = await listen((asked, response) => void (door(asked, response) || response.writeHead(599).end()));
    expect((await ask(port, forwarded('/open/', { cookie }), '/check', 'GET')).status).toBe(599);
    expect((await ask(port, { ...itself, cookie }, '/check', 'GET')).status).toBe(204);
    const answer = await world.gateway.fetch(
      new Request('https://auth.acme.test/check', {
        headers: forwarded('/open/', { cookie }) as Record<string, string>,
      }),
    );
    expect(answer.status).toBe(400);
  });
});

describe('identity tokens', () => {
  const withTokens = () => openCheckWorld({ check: { identityJwt: true } });

  it('stand beside the other headers, for the host that is asked about', async () => {
    const { answer, taken } = await throughBoth(await withTokens(), forwarded('/', { cookie }));
    const token = String(answer.headers['identity-token']);
    const expected = {
      keys: keyring.identity.all,
      typ: 'identity+jwt',
      issuer: 'https://auth.acme.test',
      audience: 'notes.acme.test',
    } as const;
    expect([taken, verifyToken(token, expected, start)]).toMatchObject([
      true,
      { kind: 'valid', claims: { sub: '42' } },
    ]);
  });

  it.each([
    ['nobody', forwarded('/open/', spoofed)],
    ['a caller that asks about itself', { ...itself, cookie, ...spoofed }],
    [
      'a preflight',
      forwarded('/', {
        ...spoofed,
        'x-forwarded-method': 'OPTIONS',
        origin: 'https://x.test',
        'access-control-request-method': 'PUT',
      }),
    ],
  ])('are empty, not absent, for %s', async (_, sends) => {
    const { answer } = await throughBoth(await withTokens(), sends);
    expect([answer.status, answer.headers['identity-token']]).toEqual([204, '']);
  });
});

describe('a gateway below a path', () => {
  it('has its door there alone', async () => {
    const world = await openCheckWorld({ publicUrl: 'https://app.acme.test/_sso', cookie: { domain: 'acme.test' } });
    const open = forwarded('/open/');
    expect((await throughBoth(world, open, '/_sso/check')).taken).toBe(true);
    expect((await throughBoth(world, open, '/check')).answer.status).toBe(404);
  });
});

describe('more header lines than Node keeps', () => {
  /** The first line of the answer to a request with so many lines of junk before what a proxy adds. */
  const statusAfter = async (junk: number) => {
    const port = await listen(createListener((await openCheckWorld()).gateway));
    const lines = [
      'GET /check HTTP/1.1',
      'Host: auth.acme.test',
      `Cookie: ${cookie}`,
      ...Array.from({ length: junk }, () => 'D:'),
      ...Object.entries(forwarded('/admin/')).flatMap(([name, value]) =>
        name === 'host' ? [] : [`${name}: ${value}`],
      ),
      'Connection: close',
    ];
    return await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`));
      socket.setEncoding('latin1').on('data', (chunk: string) => {
        text += chunk;
      });
      socket.on('error', reject).on('close', () => resolve(text.split('\r\n')[0] ?? ''));
    });
  };

  it.each([
    ['some are heard', 100, 'HTTP/1.1 403 Forbidden'],
    ['many are refused', 600, 'HTTP/1.1 431 Request Header Fields Too Large'],
    [
      'so many that the forwarded ones fall out are refused, not let through',
      2500,
      'HTTP/1.1 431 Request Header Fields Too Large',
    ],
  ])('%s', async (_, junk, status) => {
    expect(await statusAfter(junk)).toBe(status);
  });
});
