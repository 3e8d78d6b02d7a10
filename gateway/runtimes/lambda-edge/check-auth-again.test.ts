import { describe, expect, it } from 'vitest';
import { domainCookie, start } from '../../check/check.testing.ts';
import { behindGateway, bob, keepingLog } from './check-auth.testing.ts';
import { createCheckAuth } from './check-auth.ts';
import { type Asked, requestEvent, runRequest } from './cloudfront.testing.ts';
import type { CloudFrontRequest } from './event.ts';

const open = () =>
  createCheckAuth(behindGateway, {
    clock: () => start,
    fetch: () => Promise.reject(new Error('nothing is fetched')),
    log: keepingLog([]),
  });
const as = (cookie: string, headers: Asked['headers'] = {}): Asked => ({ headers: { cookie, ...headers } });

/** One sandbox serves request after request: what it remembers of one is no other's. */
describe('the same check_auth again', () => {
  it('goes by the host of each request, whichever came before', async () => {
    const handler = open();
    for (const [host, path, status] of [
      ['docs.acme.test', '/x', 'passed'],
      ['media.acme.test', '/only/x', 'passed'],
      ['media.acme.test', '/x', 403],
      ['docs.acme.test', '/x', 'passed'],
      ['DOCS.acme.test', '/x', 'passed'],
      ['evil.test', '/x', 421],
      ['', '/x', 421],
      ['docs.acme.test', '/admin/x', 403],
    ] as const) {
      const outcome = await runRequest(handler, requestEvent({ path, ...as(domainCookie(), { host }) }));
      expect(outcome.kind === 'passed' ? outcome.kind : outcome.status, `${host}${path}`).toBe(status);
    }
  });

  it('refuses the signature that it knows under the claims of somebody else', async () => {
    const handler = open();
    const cookie = domainCookie();
    expect((await runRequest(handler, requestEvent(as(cookie)))).kind).toBe('passed');
    const [, , signature] = cookie.split('.');
    const [header, claims] = domainCookie(bob).split('.');
    for (const forged of [`${header}.${claims}.${signature}`, `__Secure-sso=${signature}`])
      expect((await runRequest(handler, requestEvent(as(forged)))).kind, forged).toBe('answered');
    expect(await runRequest(handler, requestEvent(as(cookie)))).toMatchObject({ headers: { 'remote-user': '42' } });
  });

  it('tells of each person, whoever came before', async () => {
    const handler = open();
    for (const [cookie, uid] of [
      [domainCookie(), '42'],
      [domainCookie(bob), '43'],
      [domainCookie(), '42'],
    ] as const)
      expect(await runRequest(handler, requestEvent(as(cookie)))).toMatchObject({ headers: { 'remote-user': uid } });
  });

  it('is not misled by what became of the request that it handed on', async () => {
    const handler = open();
    const cookie = domainCookie();
    const handedOn = (await handler(requestEvent(as(cookie)))) as CloudFrontRequest;
    const [user] = handedOn.headers['remote-user'] ?? [];
    expect(() => Object.assign(user ?? {}, { value: '1' })).toThrow(TypeError);
    handedOn.headers['remote-user'] = [{ key: 'Remote-User', value: '1' }];
    expect(await runRequest(handler, requestEvent(as(cookie)))).toMatchObject({ headers: { 'remote-user': '42' } });
  });
});
