import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckAuthSettings } from '../../gateway/runtimes/lambda-edge/settings.ts';
import { generateKeyFile } from '../../shared/keys/keyring.ts';
import { publicJwks, readPrivateJwk } from '../../shared/keys/signing.ts';
import { runCommand } from './console.testing.ts';
import { type EdgeKeyFile, generateEdgeKeyFile } from './edge/key-file.ts';
import { unzip } from './edge/unzip.testing.ts';

const cwd = mkdtempSync(join(tmpdir(), 'crossgate-build-edge-'));
const gatewayKeys = generateKeyFile('ES256');
const jwks = publicJwks(gatewayKeys.domainCookie.map(readPrivateJwk));
const put = (name: string, content: unknown) =>
  writeFileSync(join(cwd, name), typeof content === 'string' ? content : JSON.stringify(content));

const standalone = {
  shape: 'standalone',
  site: 'https://docs.acme.test',
  keysFile: 'keys.json',
  provider: { issuer: 'https://provider.test', clientId: 'docs' },
};
const gateway = {
  shape: 'gateway',
  gateway: 'https://auth.acme.test',
  sites: ['https://docs.acme.test'],
  jwksFile: 'jwks.json',
};

beforeAll(() => {
  // what a function does is not the matter here
  mkdirSync(join(cwd, 'prebuilt'));
  for (const name of ['check-auth', 'http-headers', 'parse-auth', 'refresh-auth', 'sign-out', 'sign-out-at-gateway'])
    put(`prebuilt/${name}.js`, `export const slot = JSON.parse("@@CROSSGATE_EDGE_SETTINGS@@");`);
  put('keys.json', generateEdgeKeyFile());
  put('gateway-keys.json', gatewayKeys);
  put('jwks.json', jwks);
  put('private-jwks.json', { keys: gatewayKeys.domainCookie });
  put('empty', '');
  put('secret', 'not for everybody');
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const build = async (config: unknown, bundles = 'prebuilt') => {
  put('edge.json', config);
  return await runCommand(['build', 'lambda-edge', '-c', 'edge.json', '-o', 'out', '--bundles', bundles], { cwd });
};
const slotOf = async <Settings>(name: string): Promise<Settings> => {
  const { content } = unzip(readFileSync(join(cwd, 'out', `${name}.zip`)));
  const { slot } = (await import(`data:text/javascript,${encodeURIComponent(content.toString())}`)) as {
    slot: Settings;
  };
  return slot;
};

describe('crossgate build lambda-edge', () => {
  it('says what it made, where that goes, and what holds a secret', async () => {
    const { exit, out } = await build(standalone);
    expect(exit).toBe(0);
    expect(out).toMatch(/check-auth\.zip +[\d.]+ KB {2}viewer-request of \*; no secret/);
    expect(out).toMatch(/http-headers\.zip .*viewer-response of \*; no secret/);
    expect(out).toMatch(/parse-auth\.zip .*viewer-request of \/_sso\/callback; holds signing key, sealing keys/);
    expect(out).toMatch(/refresh-auth\.zip .*\/_sso\/refresh; holds signing key, sealing keys/);
    expect(out).toMatch(/sign-out\.zip .*\/_sso\/sign-out and \/_sso\/signed-out; holds sealing keys/);
    const behaviours = JSON.parse(readFileSync(join(cwd, 'out/behaviours.json'), 'utf8')) as { paths: string[] }[];
    // CloudFront takes the first that fits
    expect(behaviours.map(({ paths }) => paths.join())).toEqual([
      '/_sso/callback',
      '/_sso/refresh',
      '/_sso/sign-out,/_sso/signed-out',
      '*',
      '*',
    ]);
  });

  it('makes behind a gateway only what that needs, and says so', async () => {
    const { exit, out } = await build(gateway);
    expect(exit).toBe(0);
    expect(out).toContain('parse-auth and refresh-auth are not made');
    expect(out).not.toContain('holds');
  });

  it('bakes in the gateway’s issuer, cookie, addresses and public keys', async () => {
    await build({ ...gateway, gateway: 'https://auth.acme.test/sso/', environment: 'staging' });
    expect(await slotOf<CheckAuthSettings>('check-auth')).toMatchObject({
      login: 'https://auth.acme.test/sso/login',
      refresh: 'https://auth.acme.test/sso/refresh',
      cookie: {
        name: '__Secure-sso_staging',
        typ: 'sso+jwt',
        issuer: 'https://auth.acme.test/sso',
        audience: 'acme.test',
      },
      keys: { jwks, from: { url: 'https://auth.acme.test/sso/.well-known/sso-jwks.json' } },
      rules: [{ host: 'docs.acme.test', path: '/*', allow: 'signed-in' }],
    });
  });

  it('fetches the public keys from the gateway, and says when', async () => {
    const server = createServer((request, response) => {
      response.statusCode = request.url === '/.well-known/sso-jwks.json' ? 200 : 404;
      response.end(JSON.stringify(jwks));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { jwksFile: _, ...config } = gateway;
    const local = {
      ...config,
      gateway: `http://localhost:${port}`,
      cookieDomain: 'localhost',
      sites: ['http://docs.localhost:1'],
    };
    const ran = await build(local);
    server.close();
    expect(ran).toMatchObject({ exit: 0 });
    const { keys } = await slotOf<CheckAuthSettings>('check-auth');
    expect(keys.jwks).toEqual(jwks);
    expect(Math.abs((keys.from?.at ?? 0) - Date.now() / 1000)).toBeLessThan(60);
    expect(await build(local)).toMatchObject({ exit: 1, err: expect.stringContaining('jwksFile') });
  });

  it('gives a site its own issuer, cookie and key', async () => {
    await build(standalone);
    const { cookie, keys, login } = await slotOf<CheckAuthSettings>('check-auth');
    expect(cookie).toEqual({
      name: '__Host-site',
      typ: 'site+jwt',
      issuer: 'https://docs.acme.test',
      audience: 'https://docs.acme.test',
    });
    expect(login).toBe('https://docs.acme.test/_sso/refresh');
    expect(keys).not.toHaveProperty('from');
    expect(Object.keys(keys.jwks.keys[0] ?? {})).not.toContain('d');
  });

  it('carries settings that look like code unharmed', async () => {
    const odd = `default-src 'self' $& $1 \`\${x}\` "__proto__" </script>`;
    await build({ ...gateway, headers: [{ set: { 'Content-Security-Policy': odd } }] });
    const { headers } = await slotOf<{ headers: { set: Record<string, string> }[] }>('http-headers');
    expect(headers[0]?.set['Content-Security-Policy']).toBe(odd);
  });
});

describe('somebody else at the same machine', () => {
  beforeAll(() => rmSync(join(cwd, 'out'), { recursive: true, force: true }));

  it('reads no function that holds a secret', async () => {
    mkdirSync(join(cwd, 'out'));
    writeFileSync(join(cwd, 'out/parse-auth.zip'), 'open to all', { mode: 0o666 });
    await build(standalone);
    for (const name of ['parse-auth', 'refresh-auth', 'sign-out'])
      expect(statSync(join(cwd, 'out', `${name}.zip`)).mode & 0o777).toBe(0o600);
  });

  it('has no file overwritten by a link in the folder', async () => {
    put('precious', 'mine');
    for (const name of ['behaviours.json', 'parse-auth.zip']) {
      rmSync(join(cwd, 'out', name));
      symlinkSync(join(cwd, 'precious'), join(cwd, 'out', name));
    }
    expect((await build(standalone)).exit).toBe(0);
    expect(readFileSync(join(cwd, 'precious'), 'utf8')).toBe('mine');
  });

  it('finds secrets only in the functions that are said to hold them', async () => {
    const { out } = await build({ ...standalone, provider: { ...standalone.provider, clientSecretFile: 'secret' } });
    const keys = JSON.parse(readFileSync(join(cwd, 'keys.json'), 'utf8')) as EdgeKeyFile;
    const holds = (name: string, secret: string | undefined) =>
      unzip(readFileSync(join(cwd, 'out', `${name}.zip`))).content.includes(secret ?? 'missing');
    for (const name of ['parse-auth', 'refresh-auth', 'sign-out', 'check-auth', 'http-headers']) {
      const said = out.split('\n').find((line) => line.startsWith(`${name}.zip`)) ?? '';
      expect(holds(name, keys.signing[0]?.d), name).toBe(said.includes('signing key'));
      expect(holds(name, keys.sealing[0]?.k), name).toBe(said.includes('sealing keys'));
      expect(holds(name, 'not for everybody'), name).toBe(said.includes('client secret'));
    }
  });
});

it('keys that come from the future are not: they would never be asked for anew', async () => {
  put('edge.json', gateway);
  const args = ['build', 'lambda-edge', '-c', 'edge.json', '-o', 'out', '--bundles', 'prebuilt'];
  for (const [said, at] of [
    ['1700000000', 1_700_000_000],
    ['4102444800', Math.floor(Date.now() / 1000)],
  ] as const) {
    expect((await runCommand(args, { cwd, env: { SOURCE_DATE_EPOCH: said } })).exit).toBe(0);
    const { keys } = await slotOf<CheckAuthSettings>('check-auth');
    expect(Math.abs((keys.from?.at ?? 0) - at)).toBeLessThan(60);
  }
});

describe('a mistake', () => {
  it('is listed with all the others', async () => {
    const { exit, err } = await build({
      ...standalone,
      site: 'http://docs.acme.test/x',
      secret: 'x',
      provider: { issuer: 'http://provider.test', clientId: '', clientSecret: 'not here', scopes: ['email'] },
      renewWithin: 9999,
      headers: [{ path: '/a*', set: { 'X-Cache': '1', 'Bad Name': '1', 'X-Fine': '1' } }],
      rules: [{ host: 'other.test', path: '/x/*/y', allow: 'everyone' }],
      paths: { callback: 'callback', refresh: '/a/../b' },
    });
    expect(exit).toBe(1);
    for (const where of [
      'secret is not a setting',
      'site must be an origin',
      'provider.clientId must not be empty',
      'provider.clientSecret is not a setting',
      'renewWithin must be less than',
      'headers.0.path may have *',
      'headers.0.set.X-Cache is a header that',
      'headers.0.set.Bad Name is no header name',
      'rules.0.allow',
      'paths.callback',
      'paths.refresh',
    ])
      expect(err).toContain(where);
    expect(err).not.toContain('not here');
  });

  it.each<[string, unknown, string]>([
    ['no shape', {}, 'shape must be one of'],
    ['nothing', null, 'shape must be one of'],
    ['another shape', { ...gateway, shape: 'both' }, 'shape must be one of'],
    ['a site elsewhere', { ...gateway, sites: ['https://docs.other.test'] }, 'is not below acme.test'],
    ['the gateway as a site', { ...gateway, sites: ['https://auth.acme.test'] }, 'is the gateway itself'],
    ['plain http', { ...gateway, sites: ['http://docs.acme.test'] }, 'must be https'],
    ['a site with a slash', { ...gateway, sites: ['https://docs.acme.test/'] }, 'must be an origin'],
    ['a public suffix', { ...gateway, gateway: 'https://auth.co.uk', sites: ['https://docs.co.uk'] }, 'strangers'],
    ['a wildcard as a site', { ...gateway, sites: ['https://*.acme.test'] }, 'without a wildcard'],
    ['a wildcard as the site', { ...standalone, site: 'https://*.acme.test' }, 'without a wildcard'],
    ['a site that no browser asks for', { ...gateway, sites: ['https://docs;x.acme.test'] }, 'one host name'],
    ['a rule elsewhere', { ...gateway, rules: [{ host: 'x.acme.test', allow: 'public' }] }, 'is none of the sites'],
    ['no rules', { ...gateway, rules: [] }, 'rules must not be empty'],
    ['a star in the middle', { ...gateway, rules: [{ path: '/*/x', allow: 'public' }] }, 'only as its last character'],
    ['a header that is disallowed', { ...gateway, headers: [{ set: { 'X-Edge-Foo': '1' } }] }, 'no function may set'],
    ['a header that is read-only', { ...gateway, headers: [{ set: { Via: '1' } }] }, 'no function may set'],
    [
      'a header in two lines',
      { ...gateway, headers: [{ set: { 'X-A': 'a\nSet-Cookie: b' } }] },
      'must be printable ASCII',
    ],
    ['a cookie', { ...gateway, headers: [{ set: { 'Set-Cookie': 'a=b' } }] }, 'no function may set'],
    ['a header that is there twice', { ...gateway, headers: [{ set: { 'X-A': '1', 'x-a': null } }] }, 'x-a is there'],
    [
      'headers that make every answer a 502',
      { ...gateway, headers: [{ set: { 'Content-Security-Policy': 'a'.repeat(10_300) } }] },
      'is the most',
    ],
    ['a path that is there twice', { ...standalone, paths: { refresh: '/_sso/callback' } }, 'is there twice'],
    ['a setting of the other shape', { ...gateway, site: 'https://docs.acme.test' }, 'site is not a setting'],
    ['scopes without openid', { ...standalone, provider: { ...standalone.provider, scopes: ['email'] } }, 'openid'],
    [
      'a provider by plain http',
      { ...standalone, provider: { issuer: 'http://p.test', clientId: 'x' } },
      'provider.issuer must be https',
    ],
    [
      'a provider with a password in its address',
      { ...standalone, provider: { issuer: 'https://user:geheim@p.test', clientId: 'x' } },
      'no query, fragment or user',
    ],
    ['a key file that is missing', { ...standalone, keysFile: 'none.json' }, 'keysFile cannot be read'],
    ['a key file that is none', { ...standalone, keysFile: 'empty' }, 'keys generate --for edge'],
    ["a gateway's key file", { ...standalone, keysFile: 'gateway-keys.json' }, 'is a gateway’s'],
    ['an empty secret', { ...standalone, provider: { ...standalone.provider, clientSecretFile: 'empty' } }, 'is empty'],
    ['private keys as public ones', { ...gateway, jwksFile: 'private-jwks.json' }, 'only public ones'],
    ['no public keys', { ...gateway, jwksFile: 'empty' }, 'no usable public key'],
  ])('%s', async (_, config, says) => {
    const { exit, err } = await build(config);
    expect(exit).toBe(1);
    expect(err).toContain(says);
    expect(err).not.toMatch(/"d":|PRIVATE|geheim/);
  });

  it.each<[string, string]>([
    ['a folder in the place of a function', 'out/check-auth.zip/x'],
    ['a file in the place of the folder', 'out'],
  ])('%s is said', async (_, place) => {
    rmSync(join(cwd, 'out'), { recursive: true, force: true });
    mkdirSync(dirname(join(cwd, place)), { recursive: true });
    put(place, 'mine');
    expect(await build(gateway)).toMatchObject({ exit: 1, err: expect.stringMatching(/\.zip cannot be written \(E/) });
    rmSync(join(cwd, 'out'), { recursive: true, force: true });
  });

  it('prebuilt functions of another version are refused', async () => {
    mkdirSync(join(cwd, 'other'), { recursive: true });
    put('other/sign-out-at-gateway.js', 'export const nothing = 1;');
    expect(await build(gateway, 'other')).toMatchObject({ exit: 1, err: expect.stringContaining('of this version') });
  });

  it('keys that sign another way are refused', async () => {
    const keys = generateEdgeKeyFile();
    put('odd.json', { ...keys, signing: [...gatewayKeys.openid.slice(0, 1), keys.signing[0], keys.signing[0]], x: 1 });
    const { err } = await build({ ...standalone, keysFile: 'odd.json' });
    expect(err).toContain('keysFile.signing.0 must be for ES256');
    expect(err).toContain('keysFile.signing.2 has a kid that is there twice');
    expect(err).toContain('keysFile.x is not a key list');
  });
});

it('crossgate keys generate --for edge makes keys that fit', async () => {
  const { out, exit } = await runCommand(['keys', 'generate', '--for', 'edge'], { cwd });
  expect(exit).toBe(0);
  expect(Object.keys(JSON.parse(out))).toEqual(['signing', 'sealing']);
  put('made.json', out);
  expect((await build({ ...standalone, keysFile: 'made.json' })).exit).toBe(0);
});
