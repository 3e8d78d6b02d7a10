import { describe, expect, it } from 'vitest';
import { app, check, codeCheck, frameIn, nonce, other, state, watch } from './frame-script.testing.ts';

describe('the script of the check frame', () => {
  it('asks the gateway for the page around, and answers that page alone', async () => {
    const one = frameIn();
    await one.hear(check);
    expect(one.asked).toEqual([
      {
        path: '/sso/frame/check',
        body: { client_id: 'globex', parent_origin: app, want: 'state', nonce, has_access: true },
      },
    ]);
    expect(one.said).toEqual([{ message: { v: 1, type: 'sso:result', nonce, state: 'signed-in' }, to: app }]);
  });

  it('hands a code on to the page that asked for one', async () => {
    const one = frameIn();
    one.answerWith(() => Response.json({ state: 'signed-in', code: 'the-code' }));
    await one.hear({ ...codeCheck, scope: 'openid email' }, { origin: other });
    expect(one.asked[0]?.body).toEqual({
      client_id: 'globex',
      parent_origin: other,
      want: 'code',
      nonce,
      code_challenge: codeCheck.code_challenge,
      redirect_uri: codeCheck.redirect_uri,
      scope: 'openid email',
      has_access: true,
    });
    const message = { v: 1, type: 'sso:result', nonce, state: 'signed-in', code: 'the-code' };
    expect(one.said).toEqual([{ message, to: other }]);
  });

  it('brings a ticket, and says the state', async () => {
    const one = frameIn();
    await one.hear(watch);
    expect(one.asked[0]).toEqual({
      path: '/sso/frame/watch',
      body: { client_id: 'globex', parent_origin: app, ticket: 'a.ticket' },
    });
    expect(one.result()).toMatchObject({ nonce, state: 'signed-in' });
  });

  it.each<[string, (one: ReturnType<typeof frameIn>) => object]>([
    ['a page that is not registered', () => ({ origin: 'https://evil.test' })],
    ['a registered host by http', () => ({ origin: 'http://www.globex.com' })],
    ['a host that begins alike', () => ({ origin: `${app}.evil.test` })],
    ['a page that hides where it is', () => ({ origin: 'null' })],
    ['a frame of a stranger in the page around', () => ({ source: {}, origin: 'https://evil.test' })],
    ['a frame of another page of the app in it', () => ({ source: {}, origin: other })],
    ['itself', (one) => ({ source: one.window, origin: 'https://auth.acme.com' })],
  ])('is deaf to %s', async (_, changes) => {
    const one = frameIn();
    await one.hear(check, changes(one));
    await one.hear(`globex ${state}`, changes(one));
    expect([one.asked, one.said]).toEqual([[], []]);
  });

  it.each([
    ['a frame of the same origin beside it', {}],
    ['nobody', null],
  ])('is deaf to %s, but for what Session Management asks', async (_, source) => {
    const one = frameIn();
    for (const data of [check, codeCheck, watch]) await one.hear(data, { source });
    expect([one.asked, one.said]).toEqual([[], []]);
  });

  it('is deaf where it is framed by nobody, also to itself', async () => {
    const one = frameIn({ origins: [app] }, { topLevel: true });
    await one.hear(check, { source: one.window });
    expect([one.asked, one.said]).toEqual([[], []]);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a number', 1],
    ['a list', [check]],
    ['another version', { ...check, v: 2 }],
    ['a version as text', { ...check, v: '1' }],
    ['another type', { ...check, type: 'sso:result' }],
    ['no nonce', { ...check, nonce: undefined }],
    ['a short nonce', { ...check, nonce: 'n'.repeat(21) }],
    ['a long nonce', { ...check, nonce: 'n'.repeat(65) }],
    ['a nonce of other characters', { ...check, nonce: `${'n'.repeat(22)}\n` }],
    ['a nonce that is none', { ...check, nonce: { toString: () => nonce } }],
  ])('has no answer for %s', async (_, data) => {
    const one = frameIn();
    await one.hear(data);
    expect([one.asked, one.said]).toEqual([[], []]);
  });

  it.each<[string, unknown]>([
    ['no want', { ...check, want: undefined }],
    ['another want', { ...check, want: 'token' }],
    ['a code without a challenge', { ...codeCheck, code_challenge: undefined }],
    ['a short challenge', { ...codeCheck, code_challenge: 'c'.repeat(42) }],
    ['a challenge of other characters', { ...codeCheck, code_challenge: '+'.repeat(43) }],
    ['no redirect URI', { ...codeCheck, redirect_uri: undefined }],
    ['a redirect URI without end', { ...codeCheck, redirect_uri: 'x'.repeat(2000) }],
    ['a scope that is none', { ...codeCheck, scope: ['openid'] }],
    ['no ticket', { ...watch, ticket: undefined }],
    ['a ticket without end', { ...watch, ticket: 'x'.repeat(10_000) }],
  ])('says bad-request to %s, and asks nobody', async (_, data) => {
    const one = frameIn();
    await one.hear(data);
    expect(one.asked).toEqual([]);
    expect(one.said).toEqual([
      { message: { v: 1, type: 'sso:result', nonce, state: 'error', reason: 'bad-request' }, to: app },
    ]);
  });

  it.each<[string, () => Response | Promise<Response>]>([
    ['no connection', () => Promise.reject(new TypeError('failed to fetch'))],
    ['a proxy’s page', () => new Response('<h1>Bad gateway</h1>', { status: 502 })],
    ['JSON that is no answer', () => Response.json({ type: 'about:blank', status: 421 }, { status: 421 })],
    ['null', () => Response.json(null)],
    ['a state that is none', () => Response.json({ state: 1 })],
    ['the store down', () => Response.json({ state: 'error', reason: 'unavailable' }, { status: 503 })],
  ])('says unavailable, never signed-out: %s', async (_, how) => {
    const one = frameIn();
    one.answerWith(how);
    await one.hear(check);
    expect(one.result()).toEqual({ v: 1, type: 'sso:result', nonce, state: 'error', reason: 'unavailable' });
  });
});

describe('a thousand messages a second', () => {
  it('are one request, and every one has an answer', async () => {
    const one = frameIn();
    for (let second = 0; second < 3; second += 1) {
      one.flood(check, 1000);
      await one.settle();
      expect(one.asked).toHaveLength(second + 1);
      expect(one.said).toHaveLength(1000 * (second + 1));
      expect(one.timers).toHaveLength(0);
      await one.pass(1000);
    }
    // all but the first found no answer yet; a second later there is the last one
    expect(one.said.slice(0, 999).map(({ message }) => message)).toEqual(
      Array(999).fill({ v: 1, type: 'sso:result', nonce, state: 'error', reason: 'throttled' }),
    );
    expect(one.said.slice(999).every(({ message }) => (message as { state: string }).state === 'signed-in')).toBe(true);
  });

  it('for codes are one request, one that waits, and no more', async () => {
    const one = frameIn();
    one.answerWith(() => Response.json({ state: 'signed-in', code: `code-${one.asked.length}` }));
    one.flood(codeCheck, 1000);
    await one.settle();
    expect([one.asked.length, one.timers.length, one.said.length]).toEqual([1, 1, 999]);
    await one.pass(1000);
    expect([one.asked.length, one.timers.length, one.said.length]).toEqual([2, 0, 1000]);
    const codes = one.said.flatMap(({ message }) => (message as { code?: string }).code ?? []);
    expect(codes).toEqual(['code-1', 'code-2']);
  });

  it('let no state overtake a code that waits', async () => {
    const one = frameIn();
    await one.hear(check);
    await one.hear(codeCheck);
    await one.hear(check);
    expect(one.asked).toHaveLength(1);
    await one.pass(1000);
    await one.hear(check);
    expect(one.asked.map(({ body }) => body.want)).toEqual(['state', 'code']);
  });

  it('in between are answered as their own page was, and without its code', async () => {
    const one = frameIn();
    one.answerWith(() => Response.json({ state: 'signed-in', code: 'the-code' }));
    await one.hear(codeCheck);
    await one.hear(check);
    expect(one.result()).toEqual({ v: 1, type: 'sso:result', nonce, state: 'signed-in' });
    await one.hear(check, { origin: other });
    expect(one.result()).toMatchObject({ state: 'error', reason: 'throttled' });
    expect(one.asked).toHaveLength(1);
  });
});

describe('storage', () => {
  it.each([
    ['is not seen', false, 'prompt', false, 0],
    ['was allowed before', false, 'granted', true, 1],
    ['is seen', true, 'prompt', true, 0],
  ])('that %s is said so, and nobody is asked', async (_, access, permission, has_access, requests) => {
    const one = frameIn();
    Object.assign(one.storage, { access, permission });
    await one.hear(check);
    expect(one.asked[0]?.body).toMatchObject({ has_access });
    expect(one.storage.requests).toBe(requests);
  });

  it('of a browser that can’t tell counts as not seen', async () => {
    const one = frameIn();
    Object.assign(one.window.document as object, { hasStorageAccess: undefined });
    await one.hear(check);
    expect(one.asked[0]?.body).toMatchObject({ has_access: false });
  });
});

describe('the button', () => {
  it('asks for storage, then checks again, although a second has not passed', async () => {
    const one = frameIn({}, { button: true });
    one.storage.access = false;
    one.answerWith(() => Response.json({ state: 'unknown', reason: 'storage-blocked' }));
    await one.hear(codeCheck);
    expect(one.result()).toMatchObject({ state: 'unknown', reason: 'storage-blocked' });
    one.storage.permission = 'granted';
    one.answerWith(() => Response.json({ state: 'signed-in', code: 'the-code' }));
    await one.click();
    expect(one.storage.requests).toBe(1);
    await one.pass(1000);
    expect(one.asked.map(({ body }) => body.has_access)).toEqual([false, true]);
    expect(one.said.at(-1)).toEqual({
      message: { v: 1, type: 'sso:result', nonce, state: 'signed-in', code: 'the-code' },
      to: app,
    });
  });

  it('asks once for many clicks, and again later', async () => {
    const one = frameIn({}, { button: true });
    one.storage.access = false;
    await one.hear(check);
    for (let i = 0; i < 10; i += 1) void one.click();
    await one.settle();
    expect(one.storage.requests).toBe(1);
    await one.pass(1000);
    await one.click();
    expect(one.storage.requests).toBe(2);
  });

  it('says what it finds where the person says no', async () => {
    const one = frameIn({}, { button: true });
    one.storage.access = false;
    one.answerWith(() => Response.json({ state: 'unknown', reason: 'storage-blocked' }));
    await one.hear(check);
    await one.click();
    await one.pass(1000);
    expect(one.said).toHaveLength(2);
    expect(one.result()).toMatchObject({ state: 'unknown' });
  });
});
