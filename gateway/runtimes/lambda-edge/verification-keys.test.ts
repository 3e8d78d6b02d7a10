import { describe, expect, it } from 'vitest';
import { writeDomainCookie } from '../../../shared/cookies/domain-cookie.ts';
import { generateSigningKey } from '../../../shared/keys/keyring.ts';
import { type Jwks, publicJwks, readPrivateJwk } from '../../../shared/keys/signing.ts';
import { ann, domainCookie, keyring, openCheckWorld, start, testConfig } from '../../check/check.testing.ts';
import { behindGateway, keepingLog, type Lines } from './check-auth.testing.ts';
import { createCheckAuth } from './check-auth.ts';
import { requestEvent, runRequest } from './cloudfront.testing.ts';

const hour = 3600;
const next = readPrivateJwk(generateSigningKey('ES256'));
const both: Jwks = { keys: [...keyring.domainCookie.jwks.keys, ...publicJwks([next]).keys] };

/** One sandbox of check_auth, whose gateway publishes what the test says. `undefined`: it is down. */
function sandbox(baked: Jwks, published: Jwks | undefined, builtAt = start) {
  const world = {
    now: start + 10,
    published,
    asked: 0,
    held: undefined as Promise<void> | undefined,
    lines: [] as Lines,
  };
  const fetched: typeof fetch = async (url) => {
    expect(String(url)).toBe('https://auth.acme.test/.well-known/sso-jwks.json');
    world.asked++;
    const answer = world.published;
    await world.held;
    if (answer === undefined) throw new Error('connection refused');
    return Response.json(answer);
  };
  const handler = createCheckAuth(
    {
      ...behindGateway,
      keys: { jwks: baked, from: { url: 'https://auth.acme.test/.well-known/sso-jwks.json', at: builtAt } },
    },
    { clock: () => world.now, fetch: fetched, log: keepingLog(world.lines) },
  );
  const ask = async (cookie: string) => {
    const outcome = await runRequest(
      handler,
      requestEvent({ headers: { cookie, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*' } }),
    );
    return outcome.kind === 'passed' ? outcome.headers['remote-user'] : outcome.status;
  };
  return Object.assign(world, { ask });
}

/** Ann's cookie at a moment, by the gateway's current key or its next one. */
const annsAt = (now: number) => domainCookie({ iat: now, exp: now + 1800 });
function annsByNextKey(now: number): string {
  const cookie = { ...ann, iat: now, exp: now + 1800 };
  return writeDomainCookie(testConfig(), { current: next }, cookie, now + 43_200).split(';')[0] ?? '';
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('keys of the build', () => {
  it('made by a clock that was ahead are asked for anew all the same', async () => {
    const world = sandbox(keyring.domainCookie.jwks, both, start + 365 * 24 * hour);
    expect(await world.ask(annsByNextKey(start))).toBe('42');
    world.now = start + 2 * hour;
    await world.ask(annsAt(world.now));
    expect(world.asked).toBe(2);
  });

  it('are asked for by a sandbox whose clock went back', async () => {
    const world = sandbox(keyring.domainCookie.jwks, undefined);
    world.now = start + 10 * hour;
    expect(await world.ask(annsByNextKey(world.now))).toBe(401);
    world.now = start + hour / 2;
    world.published = both;
    expect(await world.ask(annsByNextKey(world.now))).toBe('42');
  });

  it('serve without asking anybody', async () => {
    const world = sandbox(keyring.domainCookie.jwks, undefined);
    expect(await world.ask(annsAt(start))).toBe('42');
    expect(world.asked).toBe(0);
  });

  it('hold the next one ahead', async () => {
    const world = sandbox(both, undefined);
    expect(await world.ask(annsByNextKey(start))).toBe('42');
    expect(world.asked).toBe(0);
  });

  it('are asked for anew in the background after an hour', async () => {
    const world = sandbox(keyring.domainCookie.jwks, both);
    world.held = new Promise((resolve) => setImmediate(resolve));
    world.now = start + hour;
    // nobody waits for it
    expect(await world.ask(annsAt(world.now))).toBe('42');
    expect(world.asked).toBe(1);
    await settled();
    await settled();
    expect(await world.ask(annsByNextKey(world.now))).toBe('42');
    expect(world.asked).toBe(1);
  });

  it('go when their owner took them back, though somebody was let in by them before', async () => {
    const world = sandbox(both, { keys: publicJwks([next]).keys });
    world.now = start + hour - 10;
    const cookie = annsAt(world.now);
    expect(await world.ask(cookie)).toBe('42');
    world.now = start + hour;
    await world.ask(cookie);
    await settled();
    await settled();
    expect(await world.ask(cookie)).toBe(401);
  });

  it.each([
    ['a second short of a day old: they serve', 24 * hour - 1, '42'],
    ['a day old: nobody is let in by them', 24 * hour, 503],
  ])('%s', async (_, age, expected) => {
    const world = sandbox(keyring.domainCookie.jwks, undefined);
    world.now = start + age;
    expect(await world.ask(annsAt(world.now))).toBe(expected);
  });

  it('a day old are fetched before anybody is let in', async () => {
    const world = sandbox(keyring.domainCookie.jwks, keyring.domainCookie.jwks);
    world.now = start + 90 * 24 * hour;
    expect(await world.ask(annsAt(world.now))).toBe('42');
    expect(world.asked).toBe(1);
  });

  it('a day old and taken back since let nobody in', async () => {
    const world = sandbox(keyring.domainCookie.jwks, publicJwks([next]));
    world.now = start + 90 * 24 * hour;
    expect(await world.ask(annsAt(world.now))).toBe(401);
  });

  it('a day old do not keep visitors without a cookie from signing in', async () => {
    const world = sandbox(keyring.domainCookie.jwks, undefined);
    world.now = start + 90 * 24 * hour;
    expect(await world.ask('theme=dark')).toBe(401);
  });
});

describe('an unknown key', () => {
  it('is asked for once, and then known', async () => {
    const world = sandbox(keyring.domainCookie.jwks, both);
    expect(await world.ask(annsByNextKey(start))).toBe('42');
    expect(await world.ask(annsByNextKey(start))).toBe('42');
    expect(world.asked).toBe(1);
  });

  it('that is made up causes one request in ten seconds, however many come', async () => {
    const world = sandbox(keyring.domainCookie.jwks, keyring.domainCookie.jwks);
    const made = (i: number) =>
      `__Secure-sso=${Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'sso+jwt', kid: `made-up-${i}` })).toString('base64url')}.e30.AAAA`;
    for (let i = 0; i < 20; i++) expect(await world.ask(made(i))).toBe(401);
    expect(world.asked).toBe(1);
    world.now += 9;
    await world.ask(made(20));
    expect(world.asked).toBe(1);
    world.now += 1;
    await world.ask(made(21));
    expect(world.asked).toBe(2);
  });

  it('ends nobody else while the gateway is down', async () => {
    const world = sandbox(keyring.domainCookie.jwks, undefined);
    expect(await world.ask(annsByNextKey(start))).toBe(401);
    expect(await world.ask(annsAt(start))).toBe('42');
    expect(world.lines.join()).toContain('keys not fetched');
  });

  it.each<[string, unknown]>([
    ['nothing', {}],
    ['no keys', { keys: [] }],
    ['a symmetric one', { keys: [{ kty: 'oct', k: 'AAAA', kid: 'x', alg: 'HS256' }] }],
  ])('is not replaced by %s', async (_, published) => {
    const world = sandbox(keyring.domainCookie.jwks, published as Jwks);
    await world.ask(annsByNextKey(start));
    expect(await world.ask(annsAt(start))).toBe('42');
  });
});

it('a sandbox that was frozen while it asked asks again', async () => {
  const world = sandbox(keyring.domainCookie.jwks, both);
  world.held = new Promise(() => {});
  world.now = start + hour;
  expect(await world.ask(annsAt(world.now))).toBe('42');
  world.held = undefined;
  world.now += 10;
  expect(await world.ask(annsByNextKey(world.now))).toBe('42');
  expect(world.asked).toBe(2);
});

it('a whole gateway and check_auth agree: keys, sign-in, return', async () => {
  const world = await openCheckWorld();
  const toGateway: typeof fetch = (url) =>
    Promise.resolve(world.gateway.fetch(new Request(String(url), { headers: { host: 'auth.acme.test' } })));
  const handler = createCheckAuth(
    { ...behindGateway, keys: { ...behindGateway.keys, jwks: { keys: [] } } },
    { clock: () => world.now, fetch: toGateway, log: keepingLog([]) },
  );
  const passed = await runRequest(handler, requestEvent({ headers: { cookie: domainCookie() } }));
  expect(passed).toMatchObject({ kind: 'passed', headers: { 'remote-user': '42' } });

  const sent = await runRequest(handler, requestEvent({ path: '/a?b=c' }));
  const location = sent.kind === 'answered' ? (sent.location ?? '') : '';
  // the gateway takes the address to return to: what it can't do here is reach a provider
  const answer = await world.gateway.fetch(
    new Request(location, {
      headers: {
        host: 'auth.acme.test',
        accept: 'text/html',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
      },
    }),
  );
  expect(await answer.text()).toContain('provider_unavailable');
});
