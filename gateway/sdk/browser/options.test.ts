import { describe, expect, it } from 'vitest';
import { type SsoOptions, settle } from './options.ts';

const page = { protocol: 'https:' };
const options: SsoOptions = { gateway: 'https://auth.acme.com', clientId: 'globex' };

function settled(changes: Partial<Record<keyof SsoOptions, unknown>>, on = page) {
  const said: string[] = [];
  const settings = settle({ ...options, ...changes } as SsoOptions, on, (text) => said.push(text));
  return { settings, said };
}

describe('options', () => {
  it('have defaults', () => {
    const { settings, said } = settled({});
    expect(settings).toEqual({
      ...options,
      origin: 'https://auth.acme.com',
      base: '/sso',
      poll: 30_000,
      frameTimeout: 2000,
      fedcmTimeout: 5000,
    });
    expect(said).toEqual([]);
  });

  it.each<[string, Partial<SsoOptions>, object]>([
    ['no server side', { base: false }, { base: undefined }],
    ['a path with a slash at the end', { base: '/auth/sso/' }, { base: '/auth/sso' }],
    ['a second between two looks, which would be too many', { poll: 1 }, { poll: 5000 }],
    [
      'a gateway below a path',
      { gateway: 'https://www.acme.com/_sso/' },
      { gateway: 'https://www.acme.com/_sso', origin: 'https://www.acme.com' },
    ],
    ['a gateway in capitals', { gateway: 'HTTPS://AUTH.ACME.COM' }, { gateway: 'https://auth.acme.com' }],
  ])('%s', (_, changes, outcome) => expect(settled(changes).settings).toMatchObject(outcome));

  it.each<[string, unknown, string]>([
    ['no address', 'auth.acme.com', 'gateway must be a whole address, not "auth.acme.com"'],
    ['a host and a port', 'auth.acme.com:443', 'not "auth.acme.com:443"'],
    ['nothing', undefined, 'not "undefined"'],
    ['another scheme', 'javascript:alert(1)', 'not "javascript:alert(1)"'],
    ['http beside https', 'http://auth.acme.com', 'serve this page and http://auth.acme.com by https'],
  ])('a gateway that is %s is not used, and it is said why', (_, gateway, text) => {
    const { settings, said } = settled({ gateway });
    expect(settings).toMatchObject({ gateway: '', origin: '', base: '/sso' });
    expect(said).toEqual([expect.stringContaining(text)]);
  });

  it('a page by http can’t use a gateway by https, which would set no cookie there', () => {
    expect(settled({}, { protocol: 'http:' }).said).toEqual(['serve this page and https://auth.acme.com by https']);
  });

  it('both are by http on one’s own machine', () => {
    expect(settled({ gateway: 'http://auth.acme.localhost:4180' }, { protocol: 'http:' }).said).toEqual([]);
  });
});
