import { describe, expect, it } from 'vitest';
import { SsoError } from '../../../shared/errors.ts';
import { generateSigningKey } from '../../../shared/keys/keyring.ts';
import { createHandOff } from './hand-off.ts';
import { checkHandOffOptions, type HandOffOptions } from './options.ts';

const warnings: string[] = [];
const good: HandOffOptions = {
  gateway: 'https://auth.acme.com/',
  url: 'https://www.globex.com//',
  clientId: 'globex',
  clientSecret: 'known to the gateway',
  secret: 'x'.repeat(32),
  onWarning: (warning) => void warnings.push(warning),
};
const loose = (more: Record<string, unknown>): HandOffOptions => ({ ...good, ...more });

describe('options of an app on a domain of its own', () => {
  it('have defaults', () => {
    expect(checkHandOffOptions(good)).toMatchObject({
      gateway: 'https://auth.acme.com',
      url: 'https://www.globex.com',
      authentication: { kind: 'secret' },
      scope: 'openid email profile',
      base: '/sso',
      sessionLifetime: 43_200,
      cookieName: '__Host-app_session',
      optional: false,
      publicPaths: [],
    });
  });

  it('without a logout store are warned of, once', () => {
    warnings.length = 0;
    createHandOff(good);
    expect(warnings).toEqual([expect.stringContaining('logoutStore')]);
    createHandOff(loose({ logoutStore: { end() {}, isEnded: () => false, claimOnce: () => true } }));
    expect(warnings).toHaveLength(1);
  });

  it.each([
    ['a machine of one’s own', { gateway: 'http://auth.acme.localhost:4180', url: 'http://globex.localhost:4180' }],
    ['paths', { gateway: 'https://acme.com/_sso/', url: 'https://globex.com/shop/', base: '/a/b-c' }],
    ['a key', { clientSecret: undefined, privateKey: generateSigningKey('ES256') }],
    ['a public client', { clientSecret: undefined }],
    ['bytes', { secret: new Uint8Array(32) }],
    ['more scopes', { scope: 'roles openid permissions' }],
  ])('may be %s', (_, more) => {
    expect(() => checkHandOffOptions(loose(more))).not.toThrow();
  });

  it.each([
    ['a misspelt option', { clientID: 'x' }, 'clientID is not an option'],
    ['an option of autoLogin', { cookieDomain: 'acme.com' }, 'cookieDomain is not an option'],
    ['no gateway', { gateway: undefined }, 'gateway must be an absolute http(s) URL'],
    ['plain http', { url: 'http://www.globex.com' }, 'url must be https'],
    ['http for the app alone', { url: 'http://globex.localhost' }, 'url and gateway must both be https'],
    ['a query in the URL', { url: 'https://globex.com/?x' }, 'url must be an absolute http(s) URL'],
    ['no client', { clientId: '' }, 'clientId must be'],
    ['a client secret that is not there', { clientSecret: '' }, 'clientSecret must be a text that is not empty'],
    ['two ways to show who it is', { privateKey: generateSigningKey('ES256') }, 'are one too many'],
    ['a public key', { clientSecret: undefined, privateKey: { kty: 'EC', kid: 'a', alg: 'ES256' } }, 'privateKey: '],
    ['a key of no kid', { clientSecret: undefined, privateKey: {} }, 'privateKey: kid is missing'],
    ['a short secret', { secret: 'hunter2' }, 'secret must be at least 32 bytes'],
    ['one secret for both', { secret: 'y'.repeat(40), clientSecret: 'y'.repeat(40) }, 'another than clientSecret'],
    ['a scope without openid', { scope: 'email' }, 'scope must be words with openid'],
    ['a scope of two spaces', { scope: 'openid  email' }, 'scope must be words'],
    ['a base of the whole app', { base: '/' }, 'base must be a path'],
    ['a base with a slash at its end', { base: '/sso/' }, 'base must be a path'],
    ['a base that climbs', { base: '/a/../b' }, 'base must be a path'],
    ['a lifetime of no number', { sessionLifetime: '1h' }, 'sessionLifetime must be'],
    ['a lifetime of milliseconds', { sessionLifetime: 43_200_000 }, 'sessionLifetime must be'],
    ['another host for the end', { postLogoutPath: '//evil.test' }, 'postLogoutPath must be a path'],
    ['an address for the end', { postLogoutPath: 'https://globex.com/' }, 'postLogoutPath must be a path'],
    ['half a store', { logoutStore: { end() {} } }, 'logoutStore must have end, isEnded and claimOnce'],
    ['the gateway’s own cookie', { cookieName: '__Host-sso_x' }, 'cookieName must not begin with __Host-sso'],
    ['half a pattern', { publicPaths: ['/a*'] }, 'publicPaths must begin with /'],
    ['a text for a yes', { optional: 'yes' }, 'optional must be true or false'],
    ['a clock that is none', { clock: 5 }, 'clock must be a function'],
  ])('may not be %s', (_, more, says) => {
    expect(() => createHandOff(loose(more))).toThrow(says);
  });

  it('are refused with every mistake at once, and no secret is told', () => {
    const key = generateSigningKey('ES256');
    const bad = {
      gateway: 'x',
      url: 'y',
      secret: 'hunter2',
      clientSecret: 'hunter3\n',
      base: 'z',
      privateKey: { ...key, alg: 'no' },
    };
    let message = '';
    try {
      createHandOff(loose(bad));
    } catch (error) {
      expect(error).toBeInstanceOf(SsoError);
      message = (error as SsoError).message;
    }
    for (const name of ['gateway', 'url', 'secret', 'base', 'privateKey']) expect(message).toContain(name);
    for (const secret of ['hunter2', 'hunter3', String(key.d)]) expect(message).not.toContain(secret);
  });
});
