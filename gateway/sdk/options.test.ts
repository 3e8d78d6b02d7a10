import { describe, expect, it } from 'vitest';
import { SsoError } from '../../shared/errors.ts';
import { createAutoLogin } from './core.ts';
import { gateway, notes } from './gateway-stand-in.suite.ts';
import { type AutoLoginOptions, checkOptions } from './options.ts';

const good: AutoLoginOptions = { gateway, url: notes, secret: 'x'.repeat(32) };
const loose = (more: Record<string, unknown>): AutoLoginOptions => ({ ...good, ...more });

describe('options', () => {
  it('have defaults', () => {
    expect(checkOptions(good)).toMatchObject({
      cookieDomain: 'acme.com',
      environment: '',
      cookieName: '__Host-app_session',
      algorithms: ['RS256', 'ES256', 'EdDSA'],
      optional: false,
      publicPaths: [],
    });
  });

  it.each([
    ['a machine of one’s own', { gateway: 'http://auth.acme.localhost:4180', url: 'http://notes.acme.localhost:4180' }],
    ['one host for all', { gateway: 'https://acme.com/_sso', url: 'https://acme.com', cookieDomain: 'acme.com' }],
    ['bytes', { secret: new Uint8Array(32) }],
    ['public paths', { publicPaths: ['/', '/about', '/assets/*', '/*'] }],
  ])('may be %s', (_, more) => {
    expect(() => checkOptions(loose(more))).not.toThrow();
  });

  it.each([
    ['a misspelt option', { optinal: true }, 'optinal is not an option'],
    ['a relative gateway', { gateway: '/_sso' }, 'gateway must be an absolute http(s) URL'],
    ['no gateway', { gateway: undefined }, 'gateway must be an absolute http(s) URL'],
    ['a query in the gateway', { gateway: `${gateway}/?x` }, 'gateway must be an absolute http(s) URL'],
    ['a user in the URL', { url: 'https://me@notes.acme.com' }, 'url must be an absolute http(s) URL'],
    ['plain http', { gateway: 'http://auth.acme.com' }, 'gateway must be https'],
    ['http for the app alone', { url: 'http://notes.acme.localhost' }, 'url and gateway must both be https'],
    ['another domain', { url: 'https://notes.globex.com' }, 'url must be on cookieDomain (acme.com, taken'],
    ['a lookalike domain', { url: 'https://notes.evilacme.com' }, 'url must be on cookieDomain'],
    ['a cookie domain apart', { cookieDomain: 'globex.com' }, "cookieDomain must be the gateway's host"],
    ['a top-level domain', { gateway: 'https://acme.com', url: 'https://x.com' }, 'cookieDomain (com, taken'],
    [
      'an address',
      { gateway: 'https://10.0.0.1', url: 'https://10.0.0.1', cookieDomain: '10.0.0.1' },
      'cookieDomain must be',
    ],
    ['a short secret', { secret: 'hunter2-hunter2' }, 'secret must be at least 32 bytes'],
    ['no secret', { secret: undefined }, 'secret must be at least 32 bytes'],
    ['a cookie that is not __Host-', { cookieName: 'session' }, 'cookieName must begin with __Host-'],
    ['the gateway’s own cookie', { cookieName: '__Host-sso' }, 'cookieName must not begin with __Host-sso'],
    ['a header injection', { cookieName: '__Host-a=b; Domain=acme.com' }, 'cookieName must begin with __Host-'],
    ['an unknown algorithm', { algorithms: ['HS256'] }, 'algorithms must be some of'],
    ['no algorithm', { algorithms: [] }, 'algorithms must be some of'],
    ['a pattern in the middle', { publicPaths: ['/a/*/b'] }, 'publicPaths must begin with /'],
    ['a half pattern', { publicPaths: ['/a*'] }, 'publicPaths must begin with /'],
    ['an environment in capitals', { environment: 'PROD' }, 'environment must be at most 12'],
    ['a clock that is none', { clock: 5 }, 'clock must be a function'],
    ['a text for a yes', { optional: 'false' }, 'optional must be true or false'],
  ])('may not be %s', (_, more, says) => {
    expect(() => createAutoLogin(loose(more))).toThrow(says);
  });

  it('are refused with every mistake at once, and the secret is not told', () => {
    let message = '';
    try {
      createAutoLogin(
        loose({ gateway: 'nowhere', url: 'http://x.test', secret: 'hunter2', cookieName: 'a', fetsh: 1 }),
      );
    } catch (error) {
      expect(error).toBeInstanceOf(SsoError);
      message = (error as SsoError).message;
    }
    for (const name of ['gateway', 'url', 'secret', 'cookieName', 'fetsh']) expect(message).toContain(`${name} `);
    expect(message).not.toContain('hunter2');
  });
});
