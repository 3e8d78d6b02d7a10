import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateKeyFile } from '../../shared/keys/keyring.ts';
import { createAutoLogin, type Outcome } from './core.ts';
import {
  domainKeys,
  fetches,
  freshKeys,
  navigates,
  notes,
  openStandIn,
  type StandIn,
} from './gateway-stand-in.suite.ts';

let sso: StandIn;
beforeEach(async () => {
  sso = await openStandIn(freshKeys('ES256'));
});
afterEach(async () => await sso.close());

const page = (cookie = sso.domainCookie(), headers: Readonly<Record<string, string>> = navigates) =>
  new Request(`${notes}/x`, { headers: { ...headers, cookie } });

const said = (outcome: Outcome) => (outcome.kind === 'respond' ? outcome.response.status : outcome.kind);

const broken: [string, (response: ServerResponse) => void][] = [
  ['is down', (response) => response.destroy()],
  ['answers 500', (response) => response.writeHead(500).end('{"keys":[]}')],
  ['answers a page', (response) => response.end('<!doctype html>')],
  ['answers null', (response) => response.end('null')],
  ['has no key', (response) => response.end('{"keys":[]}')],
  ['has only keys that are none', (response) => response.end('{"keys":[null,1,{},{"kid":"a","alg":"none"}]}')],
  ['redirects', (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
  ['does not answer in time', () => {}],
];

describe('while the gateway’s JWKS was never to be had', () => {
  it.each(broken)('it %s: 503, never a way in', async (_, answer) => {
    sso.answer = answer;
    const causes: unknown[] = [];
    const { fetch: ask } = sso.options();
    const app = createAutoLogin(
      sso.options({
        fetch: (input, init) => (ask ?? fetch)(input, { ...init, signal: AbortSignal.timeout(150) }),
        onUnavailable: (error) => causes.push(error.cause),
      }),
    );
    const outcome = await app.handle(page());
    if (outcome.kind !== 'respond') throw new Error(outcome.kind);
    expect(outcome.response.status).toBe(503);
    expect(outcome.response.headers.get('content-type')).toContain('text/html');
    expect(outcome.response.headers.get('retry-after')).toBe('10');
    expect(outcome.response.headers.get('cache-control')).toBe('no-store');
    expect(outcome.response.headers.getSetCookie()).toEqual([]);
    expect(await outcome.response.text()).toContain('The sign-in service cannot be reached right now.');

    const script = await app.handle(page(undefined, fetches));
    if (script.kind !== 'respond') throw new Error(script.kind);
    expect(await script.response.json()).toMatchObject({ status: 503, code: 'provider_unavailable' });
    expect(sso.asked).toHaveLength(1);
    expect(causes[0]).toBeInstanceOf(Error);
  });

  it('a visitor without a cookie is sent to sign in all the same', async () => {
    sso.answer = (response) => response.destroy();
    expect(said(await createAutoLogin(sso.options()).handle(new Request(notes, { headers: navigates })))).toBe(302);
    expect(sso.asked).toEqual([]);
  });

  it('an optional page is served to nobody, and the local session stays', async () => {
    const local = '__Host-app_session=whatever';
    sso.answer = (response) => response.destroy();
    const outcome = await createAutoLogin(sso.options({ optional: true })).handle(
      page(`${sso.domainCookie()}; ${local}`),
    );
    expect(outcome).toMatchObject({ kind: 'signed-out', cookies: [] });
  });

  it('is asked again after the cool-down', async () => {
    const { answer } = sso;
    sso.answer = (response) => response.destroy();
    const app = createAutoLogin(sso.options());
    expect(said(await app.handle(page()))).toBe(503);
    sso.answer = answer;
    expect(said(await app.handle(page()))).toBe(503);
    sso.now += 10;
    expect(said(await app.handle(page()))).toBe('signed-in');
  });
});

describe('once the keys are there', () => {
  it('fifty first requests at once cost one fetch', async () => {
    const app = createAutoLogin(sso.options());
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => app.handle(page())));
    expect(new Set(outcomes.map(said))).toEqual(new Set(['signed-in']));
    expect(sso.asked).toEqual(['/.well-known/sso-jwks.json']);
  });

  it('nothing more is asked for ten minutes, then once', async () => {
    const app = createAutoLogin(sso.options());
    for (const passed of [0, 300, 299]) {
      sso.now += passed;
      await app.handle(page());
    }
    expect(sso.asked).toHaveLength(1);
    sso.now += 1;
    await Promise.all(Array.from({ length: 50 }, () => app.handle(page())));
    expect(sso.asked).toHaveLength(2);
  });

  it('nobody but one waits for newer ones', async () => {
    const app = createAutoLogin(sso.options());
    await app.handle(page());
    const { answer } = sso;
    const held: (() => void)[] = [];
    sso.answer = (response, request) => held.push(() => answer(response, request));
    sso.now += 600;
    const first = app.handle(page());
    expect(said(await app.handle(page()))).toBe('signed-in');
    while (held.length === 0) await new Promise((resolve) => setImmediate(resolve));
    for (const release of held) release();
    expect(said(await first)).toBe('signed-in');
  });

  it.each(broken.slice(0, 6))('and the gateway %s: the last ones serve for a day', async (_, answer) => {
    const app = createAutoLogin(sso.options());
    await app.handle(page());
    sso.answer = answer;
    sso.now += 24 * 3600 - 1;
    expect(said(await app.handle(page()))).toBe('signed-in');
    sso.now += 11;
    expect(said(await app.handle(page()))).toBe(503);
  });

  it('a new key is found when the first cookie by it comes', async () => {
    const [old, fresh] = [generateKeyFile('ES256'), generateKeyFile('ES256')];
    sso.keys = domainKeys(old);
    const app = createAutoLogin(sso.options());
    const before = sso.domainCookie();
    await app.handle(page(before));
    sso.keys = domainKeys(fresh, old);
    sso.now += 60;
    expect(said(await app.handle(page()))).toBe('signed-in');
    expect(said(await app.handle(page(before)))).toBe('signed-in');
    expect(sso.asked).toHaveLength(2);
  });

  it('two valid cookies conflict also when one is by a key not seen yet', async () => {
    const [old, fresh] = [generateKeyFile('ES256'), generateKeyFile('ES256')];
    sso.keys = domainKeys(old);
    const app = createAutoLogin(sso.options());
    const ann = sso.domainCookie();
    await app.handle(page(ann));
    sso.keys = domainKeys(fresh, old);
    sso.now += 60;
    const outcome = await app.handle(page(`${ann}; ${sso.domainCookie({ sid: 'sid-of-eve' })}`));
    expect(outcome.kind === 'respond' && outcome.response.headers.get('location')).toContain('/refresh?');
  });

  it('a withdrawn key counts no longer, though its cookies were seen before', async () => {
    const app = createAutoLogin(sso.options());
    const before = sso.domainCookie();
    expect(said(await app.handle(page(before)))).toBe('signed-in');
    sso.keys = freshKeys('ES256');
    sso.now += 600;
    expect(said(await app.handle(page(before)))).toBe(302);
  });

  it('a flood of made-up kids costs one fetch per cool-down', async () => {
    const app = createAutoLogin(sso.options());
    await app.handle(page());
    const stranger = sso.domainCookie({ keys: freshKeys('ES256') });
    const flood = () => Promise.all(Array.from({ length: 200 }, () => app.handle(page(stranger))));
    for (const fetched of [2, 3, 4]) {
      sso.now += 10;
      expect(new Set((await flood()).map(said))).toEqual(new Set([302]));
      await flood();
      expect(sso.asked).toHaveLength(fetched);
    }
    expect(said(await app.handle(page()))).toBe('signed-in');
  });

  it.each(['RS256', 'ES256', 'EdDSA'] as const)('%s cookies are taken, unless the app says otherwise', async (alg) => {
    sso.keys = freshKeys(alg);
    expect(said(await createAutoLogin(sso.options({ algorithms: [alg] })).handle(page()))).toBe('signed-in');
    const others = (['RS256', 'ES256', 'EdDSA'] as const).filter((other) => other !== alg);
    expect(said(await createAutoLogin(sso.options({ algorithms: others })).handle(page()))).toBe(503);
  });
});
