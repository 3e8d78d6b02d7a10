import { describe, expect, it } from 'vitest';
import { everyIdentityHeader } from '../../../gateway/check/identity-headers.ts';
import { forgedAddress, forgedIdentity } from '../../proxies/forged.testing.ts';
import { runCommand } from '../console.testing.ts';
import { addressPattern, identityPattern } from './headers.ts';
import { proxyNames } from './templates.ts';

const site = {
  '--domain': 'notes.acme.com',
  '--gateway': 'https://auth.acme.com',
  '--upstream': 'http://127.0.0.1:3000',
};
const print = (name: string, changes: Record<string, string> = {}, more: readonly string[] = []) =>
  runCommand(['proxy-config', name, ...Object.entries({ ...site, ...changes }).flat(), ...more]);

describe.each(proxyNames)('proxy-config %s', (name) => {
  it('prints a configuration with a head that says what it is', async () => {
    const { exit, out, err } = await print(name);
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    expect(out).toMatch(/^(#|--) \S/);
    expect(out).toContain('auth.acme.com');
    expect(out).not.toMatch(/undefined|\[object|NaN/);
  });

  it('knows a gateway below a path, and where to reach it', async () => {
    const { out } = await print(name, {
      '--gateway': 'https://app.acme.com/_sso',
      '--gateway-address': 'https://crossgate.internal:8443',
    });
    expect(out).toMatch(name === 'apache' ? /\/_sso\/\.well-known\/sso-jwks\.json/ : /\/_sso\/check/);
    // what loads the script does not ask itself; a Service is named by its parts
    if (name !== 'haproxy') expect(out).toMatch(name === 'gateway-api' ? /name: crossgate\n/ : /crossgate\.internal/);
  });

  it('hands the other family of headers on, and the signed identity, where they are configured', async () => {
    const { out } = await print(name, { '--headers': 'x-auth-request' }, ['--identity-jwt']);
    if (name === 'haproxy') return expect(out).toContain('lua.crossgate');
    // Traefik goes by one pattern for all of them
    if (name === 'traefik') return expect(out).toContain(identityPattern);
    for (const header of [
      'x-auth-request-user',
      'x-auth-request-groups',
      ...(name === 'apache' ? [] : ['identity-token']),
    ])
      expect(out.toLowerCase()).toContain(header);
  });

  it('says what listens and what ends TLS', async () => {
    const files = { '--certificate': '/etc/ssl/notes.pem', '--key': '/etc/ssl/notes.key' };
    const { exit, out } = await print(name, { ...files, '--listen': '10.0.0.1:8443' });
    expect(exit).toBe(0);
    if (['haproxy-lua', 'gateway-api', 'traefik'].includes(name)) return;
    expect(out).toContain('/etc/ssl/notes.pem');
    expect(out).toContain('8443');
    expect(out).toContain('10.0.0.1');
  });
});

describe('what a person may get wrong', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    ['a domain with a path', { '--domain': 'notes.acme.com/x' }, /--domain .*Write it like --domain notes\.acme\.com/],
    ['a domain that breaks out', { '--domain': 'notes.acme.com; return 200' }, /--domain/],
    ['a domain with a variable', { '--domain': '$host' }, /--domain/],
    ['a domain with a line break', { '--domain': 'notes.acme.com\nlisten 80' }, /--domain/],
    ['a wildcard', { '--domain': '*.acme.com' }, /--domain/],
    ['a gateway without a scheme', { '--gateway': 'auth.acme.com' }, /--gateway .*https:\/\/auth\.acme\.com/],
    ['a gateway by http', { '--gateway': 'http://auth.acme.com' }, /--gateway .*https/],
    ['a domain where the cookie does not go', { '--domain': 'www.globex.com' }, /not below acme\.com.*OpenID Connect/],
    ['a domain that only ends alike', { '--domain': 'notacme.com' }, /not below acme\.com/],
    ['a gateway with a query', { '--gateway': 'https://auth.acme.com/?x' }, /--gateway/],
    ['a gateway with a password', { '--gateway': 'https://a:b@auth.acme.com' }, /--gateway/],
    ['an upstream with a path', { '--upstream': 'http://127.0.0.1:3000/app' }, /--upstream/],
    ['an upstream of another scheme', { '--upstream': 'unix:/run/app.sock' }, /--upstream/],
    ['a port that is none', { '--listen': '99999' }, /--listen .*127\.0\.0\.1:8080/],
    ['a certificate without its key', { '--certificate': '/etc/ssl/notes.pem' }, /--certificate and --key/],
    ['a file that breaks out', { '--certificate': '/x;y', '--key': '/z' }, /--certificate/],
    ['a family that is none', { '--headers': 'x-forwarded-user' }, /remote, x-auth-request/],
    ['a role that breaks out', { '--role': 'a"b' }, /--role/],
  ])('%s', async (_, changes, says) => {
    expect(await print('nginx', changes)).toMatchObject({ exit: 2, out: '', err: expect.stringMatching(says) });
  });

  it.each([
    [['proxy-config'], /missing required argument/],
    [['proxy-config', 'ngins'], /nginx, caddy, haproxy, haproxy-lua, apache, traefik, envoy, gateway-api/],
    [['proxy-config', 'nginx', '--domain', 'notes.acme.com'], /--gateway https.* --upstream http/],
  ])('%j', async (args, says) => {
    expect(await runCommand(args)).toMatchObject({ exit: 2, out: '', err: expect.stringMatching(says) });
  });

  it('the help names every proxy', async () => {
    const { exit, out } = await runCommand(['proxy-config', '--help']);
    expect(exit).toBe(0);
    for (const name of proxyNames) expect(out).toContain(`  ${name} `);
  });
});

describe('the patterns of headers that are taken away', () => {
  const nameOf = (line: string) => line.slice(0, line.indexOf(':')).toLowerCase();

  it('match every identity header in every spelling, and nothing else', () => {
    expect(forgedIdentity.length).toBeGreaterThan(everyIdentityHeader.length * 6);
    expect(forgedIdentity.map(nameOf).filter((name) => !new RegExp(identityPattern).test(name))).toEqual([]);
    const others = [
      'x-remote-user',
      'remoteuser',
      'user',
      'authorization',
      'x-auth-token',
      'x-identity-token',
      'cookie',
    ];
    expect(others.filter((name) => new RegExp(identityPattern).test(name))).toEqual([]);
  });

  it('match every header that names an address', () => {
    expect(forgedAddress.map(nameOf).filter((name) => !new RegExp(addressPattern).test(name))).toEqual([]);
    expect(['x-forwardedfor', 'host', 'origin'].filter((name) => new RegExp(addressPattern).test(name))).toEqual([]);
  });
});
