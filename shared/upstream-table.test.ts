import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig } from './config.ts';

const base = {
  publicUrl: 'https://auth.acme.test',
  keys: '{}',
  providers: [{ id: 'pool', issuer: 'https://provider.test', clientId: 'crossgate' }],
  database: { url: 'postgres://localhost/acme' },
  rules: [
    { host: 'notes.acme.test', allow: 'signed-in' },
    { host: '*.apps.acme.test', allow: 'signed-in' },
  ],
};

const app = (upstream: object, origin = 'https://notes.acme.test', id = 'notes') => ({
  id,
  name: 'Notes',
  home: `${origin}/`,
  origins: [origin],
  upstream,
});

const inside = { url: 'http://10.0.0.7:3000' };

function mistakesOf(clients: readonly object[], changes: object = {}): string[] {
  try {
    parseConfig({ ...base, clients, ...changes });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.mistakes.map(({ where, says }) => `${where} ${says}`);
  }
}

describe('an app that the gateway stands in front of', () => {
  it('needs no more than where it runs', () => {
    const [client] = parseConfig({ ...base, clients: [app(inside)] }).clients;
    expect(client?.upstream).toEqual({ ...inside, host: 'visitor', timeout: 30, domainCookie: false, headers: [] });
  });

  it.each<[string, object, RegExp]>([
    ['has a path', { url: 'http://10.0.0.7/app' }, /url must be an origin, such as http:\/\/10\.0\.0\.7$/],
    ['has a query', { url: 'http://10.0.0.7/?a' }, /url must be an origin/],
    ['names a user', { url: 'http://ann:secret@10.0.0.7' }, /url must be an origin/],
    ['is no http', { url: 'ftp://10.0.0.7' }, /upstream\.url/],
    ['is the gateway', { url: 'https://auth.acme.test' }, /leads back to the gateway$/],
    ['is what the gateway stands in front of', { url: 'https://notes.acme.test' }, /leads back to the gateway$/],
    ['is where the gateway listens', { url: 'http://127.0.0.1:4180' }, /leads back to the gateway$/],
    ['is where it listens, by name', { url: 'http://localhost:4180' }, /leads back to the gateway$/],
    ['waits for nothing', { ...inside, timeout: 0 }, /timeout must be at least 1$/],
    ['sets a cookie', { ...inside, headers: [{ set: { 'Set-Cookie': 'a=1' } }] }, /is not a header that can be set$/],
    ['frames a body', { ...inside, headers: [{ set: { 'content-length': '1' } }] }, /is not a header that can be set$/],
    [
      'breaks a line by name',
      { ...inside, headers: [{ set: { 'X-A\r\nB': '1' } }] },
      /is not a header that can be set$/,
    ],
    ['breaks a line by value', { ...inside, headers: [{ set: { 'X-A': '1\r\nB: 2' } }] }, /must be printable ASCII$/],
    ['has a pattern in a path', { ...inside, headers: [{ path: '/a*', set: {} }] }, /may have \* only as its last/],
    ['says what is no setting', { ...inside, timout: 1 }, /upstream\.timout is not a setting$/],
  ])('is refused where it %s', (_, upstream, says) => {
    expect(mistakesOf([app(upstream)])).toEqual([expect.stringMatching(says)]);
  });

  it('needs a rule for each of its hosts', () => {
    const origins = ['https://notes.acme.test', 'https://a.apps.acme.test', 'https://apps.acme.test'];
    expect(mistakesOf([{ ...app(inside), origins }])).toEqual([
      'clients.0.upstream needs a rule for apps.acme.test: without one nobody gets through',
    ]);
  });

  it('has its hosts for itself: requests say nothing of the scheme', () => {
    const origins = ['https://a.apps.acme.test', 'https://b.apps.acme.test'];
    expect(mistakesOf([{ ...app(inside), origins }])).toEqual([]);
  });

  it('shares the host of a gateway only where that has a path', () => {
    const rules = [{ host: 'auth.acme.test', allow: 'signed-in' }];
    const clients = [app(inside, 'https://auth.acme.test')];
    expect(mistakesOf(clients, { rules })).toEqual([expect.stringContaining('publicUrl needs a path such as /_sso')]);
    expect(mistakesOf(clients, { rules, publicUrl: 'https://auth.acme.test/_sso' })).toEqual([]);
  });
});
