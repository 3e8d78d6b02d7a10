import { describe, expect, it } from 'vitest';
import { createClientRegistry, urlPolicy } from './clients.ts';
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
