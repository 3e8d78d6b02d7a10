import { describe, expect, it } from 'vitest';
import { client } from './client-table.ts';
import { createClientRegistry, isSecretOf, newClientSecret, urlPolicy } from './clients.ts';
import { parseConfig } from './config.ts';
import { judgeUrl } from './return-url.ts';

const config = parseConfig({
  publicUrl: 'https://auth.acme.test/_sso',
  keys: '{}',
  providers: [{ id: 'pool', issuer: 'https://provider.test', clientId: 'crossgate' }],
  database: { url: 'postgres://localhost/acme' },
  clients: [
    { id: 'notes', name: 'Notes', home: 'https://notes.acme.test/', origins: ['https://notes.acme.test'] },
    {
      id: 'globex',
      name: 'Globex',
      home: 'https://globex.example/',
      origins: ['https://globex.example', 'https://www.globex.example:8443'],
    },
  ],
});
const registry = createClientRegistry(config.clients);

describe('the apps', () => {
  it('are found by id and by each of their origins', () => {
    expect(registry.byId('globex')?.name).toBe('Globex');
    expect(registry.byOrigin('https://www.globex.example:8443')?.id).toBe('globex');
    expect(registry.all.map((client) => client.id)).toEqual(['notes', 'globex']);
  });

  it.each(['', 'Notes', 'nobody', '__proto__', 'constructor', 'toString'])('there is none of id %j', (id) => {
    expect(registry.byId(id)).toBeUndefined();
  });

  it.each([
    'null',
    '',
    'https://globex.example/',
    'http://globex.example',
    'https://GLOBEX.example',
    'https://globex.example:443',
    'https://evil-globex.example',
    '__proto__',
  ])('none has the origin %j', (origin) => expect(registry.byOrigin(origin)).toBeUndefined());
});

describe('what the judge of addresses learns from a configuration', () => {
  const policy = urlPolicy(config);
  it.each([
    ['the gateway', 'https://auth.acme.test/_sso/login', true],
    ['every app below the parent domain', 'https://anything.acme.test/', true],
    ['an app on another domain', 'https://globex.example/x', true],
    ['a neighbour of that app', 'https://other.globex.example/', false],
    ['a stranger', 'https://evil.test/', false],
  ])('%s', (_, url, passes) => {
    let passed = true;
    try {
      judgeUrl(url, policy);
    } catch {
      passed = false;
    }
    expect(passed).toBe(passes);
  });
});

describe('a client secret', () => {
  const { secret, secretHash } = newClientSecret();

  it('has 256 bits, and the configuration takes its hash', () => {
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(secretHash).not.toContain(secret);
    const globex = { ...config.clients[1], redirectUris: ['https://globex.example/callback'], secretHash };
    expect(client.safeParse(globex).success).toBe(true);
  });

  it.each<[string, { secretHash?: string } | undefined, string, boolean]>([
    ['the right one', { secretHash }, secret, true],
    ['another one', { secretHash }, newClientSecret().secret, false],
    ['nothing', { secretHash }, '', false],
    ['the hash itself', { secretHash }, secretHash, false],
    ['the right one with something after it', { secretHash }, `${secret}x`, false],
    ['one cut short', { secretHash }, secret.slice(0, -1), false],
    ['much', { secretHash }, 'x'.repeat(100_000), false],
    ['one for an app without a secret', {}, secret, false],
    ['one for an app that does not exist', undefined, secret, false],
  ])('is shown by %s', (_, app, shown, fits) => expect(isSecretOf(app, shown)).toBe(fits));

  it('takes the same work whether or not there is such an app', () => {
    const round = (app: { secretHash?: string } | undefined) => {
      const begin = process.hrtime.bigint();
      for (let i = 0; i < 2000; i += 1) isSecretOf(app, 'x'.repeat(43));
      return Number(process.hrtime.bigint() - begin);
    };
    const least = (app: { secretHash?: string } | undefined) =>
      Math.min(...Array.from({ length: 15 }, () => round(app)));
    const ratio = least({ secretHash }) / least(undefined);
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  });
});
