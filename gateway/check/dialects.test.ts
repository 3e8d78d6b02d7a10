import { describe, expect, it } from 'vitest';
import { SsoError } from '../../shared/errors.ts';
import { authRequest, type Dialect, extAuthz, type RawRequest } from './dialects.ts';

type Headers = Readonly<Record<string, string | undefined>>;

/** What a dialect makes of a request: where it leads and how, or the code of the refusal. */
function outcome(dialect: Dialect, headers: Headers, raw: RawRequest = {}, trusted = true): string | undefined {
  try {
    const target = dialect.target(
      (name) => headers[name],
      () => trusted,
      raw,
    );
    return target && `${target.method} ${target.host} ${target.path} ${target.url.href}`;
  } catch (error) {
    return error instanceof SsoError ? error.code : String(error);
  }
}

/** Headers of every other family: a client may send them, no dialect but their own may listen. */
const otherFamilies: Headers = {
  'x-forwarded-method': 'GET',
  'x-forwarded-host': 'evil.test',
  'x-forwarded-uri': '/open/',
  forwarded: 'host=evil.test;proto=https',
  'x-rewrite-url': '/open/',
  'x-original-uri': '/open/',
  'x-original-host': 'evil.test',
  'x-envoy-original-path': '/open/',
};
/** Addresses behind the host that two servers could read differently. */
const ambiguous = ['/a/../b', '/a/..;/b', '//a', '/a//b', '/a%2fb', '/a%5cb', '/%2e%2e/b', '/a%00', '/a%252f', '/a\\b'];

describe('auth_request of nginx', () => {
  const sound: Headers = { 'x-original-url': 'https://notes.acme.test/a/b?c=d,e', 'x-original-method': 'POST' };
  const read = (changes: Headers = {}, trusted = true) =>
    outcome(authRequest, { ...sound, ...changes }, undefined, trusted);

  it('asks by the whole address and the method', () => {
    expect(read()).toBe('POST notes.acme.test /a/b https://notes.acme.test/a/b?c=d,e');
    const url = 'http://notes.acme.test:8080/%61?next=https://evil.test/';
    expect(read({ 'x-original-url': url })).toBe(`POST notes.acme.test /a ${url}`);
  });

  it('listens to no other family', () => {
    expect(read(otherFamilies)).toBe(read());
  });

  it('is refused to whoever is not trusted, with anything or with nothing', () => {
    expect(read({}, false)).toBe('forwarded_refused');
    expect(outcome(authRequest, {}, undefined, false)).toBe('forwarded_refused');
  });

  it.each<[string, Headers]>([
    ['nothing, as if it asked about itself', { 'x-original-url': undefined, 'x-original-method': undefined }],
    ['no method, by which a POST would be judged as a GET', { 'x-original-method': undefined }],
    ['no address', { 'x-original-url': undefined }],
    ['the other family alone', { ...otherFamilies, 'x-original-url': undefined }],
    ...['', 'get', 'GET, POST', 'GET,POST', 'GET\n', 'G'.repeat(17)].map((method): [string, Headers] => [
      `the method ${JSON.stringify(method)}`,
      { 'x-original-method': method },
    ]),
    ...[
      '',
      '/a/b',
      '//notes.acme.test/a',
      'https://notes.acme.test',
      'https://notes.acme.test?a',
      'https:/notes.acme.test/',
      'https:notes.acme.test/',
      'HTTPS://notes.acme.test/',
      'javascript://notes.acme.test/',
      'wss://notes.acme.test/',
      'https:///a',
      'https://a@notes.acme.test/',
      'https://notes.acme.test@evil.test/',
      'https://notes.acme.test\\@evil.test/',
      'https://notes.acme.test:443:443/',
      'https://notes.acme.test./',
      'https://127.1/',
      'https://notes.acme.test/#a',
      ' https://notes.acme.test/',
      'https://notes.acme.test/ ',
      'https://notes.acme.test/a\n',
      'https://notes.acme.test/a, https://notes.acme.test/b',
      'https://notes.acme.test, https://notes.acme.test/b',
      'https://notes.acme.test,evil.test/b',
      ...ambiguous.map((path) => `https://notes.acme.test${path}`),
    ].map((url): [string, Headers] => [`the address ${JSON.stringify(url)}`, { 'x-original-url': url }]),
  ])('is refused with %s', (_, changes) => {
    expect(read(changes)).toBe('forwarded_refused');
  });
});

describe('ext_authz of Envoy', () => {
  const envoy = extAuthz('/_sso/check/envoy');
  const sound: Headers = { host: 'notes.acme.test', 'x-forwarded-proto': 'https' };
  const raw = (url: string, hosts: readonly string[] = ['Host']): RawRequest => ({
    method: 'POST',
    url,
    rawHeaders: [...hosts.flatMap((name) => [name, 'notes.acme.test']), 'x-forwarded-proto', 'https'],
  });
  const read = (url: string, changes: Headers = {}, trusted = true) =>
    outcome(envoy, { ...sound, ...changes }, raw(url), trusted);

  it.each([
    ['/_sso/check/envoy/', 'POST notes.acme.test / https://notes.acme.test/'],
    ['/_sso/check/envoy/a/%62?c=d', 'POST notes.acme.test /a/b https://notes.acme.test/a/%62?c=d'],
    ['/_sso/check/envoy/_sso/check/envoy/a', 'POST notes.acme.test /_sso/check/envoy/a'],
    ['/_sso/check/envoy/check', 'POST notes.acme.test /check'],
  ])('asks by its own method, host and what stands behind the prefix: %s', (url, says) => {
    expect(read(url)).toContain(says);
  });

  it('listens to no other family', () => {
    const headers = { ...otherFamilies, 'x-original-url': 'https://evil.test/open/', 'x-original-method': 'GET' };
    expect(read('/_sso/check/envoy/a', headers)).toBe(read('/_sso/check/envoy/a'));
  });

  it('is refused to whoever is not trusted', () => {
    expect(read('/_sso/check/envoy/a', {}, false)).toBe('forwarded_refused');
  });

  it.each<[string, string, Headers]>([
    ['no host', '/_sso/check/envoy/a', { host: undefined }],
    ['no proto', '/_sso/check/envoy/a', { 'x-forwarded-proto': undefined }],
    ['a list of protos', '/_sso/check/envoy/a', { 'x-forwarded-proto': 'https, https' }],
    ['a list of hosts', '/_sso/check/envoy/a', { host: 'notes.acme.test, evil.test' }],
    ['a host with a user', '/_sso/check/envoy/a', { host: 'notes.acme.test@evil.test' }],
    ['the prefix alone', '/_sso/check/envoy', {}],
    ['a query behind the prefix', '/_sso/check/envoy?/a', {}],
    ['another folder that begins as it does', '/_sso/check/envoyance/a', {}],
    ['a folder without its base', '/check/envoy/a', {}],
    ['a path that climbs to another address of the gateway', '/_sso/check/envoy/../../healthz', {}],
    ['the same, encoded', '/_sso/check/envoy/%2e%2e/%2e%2e/healthz', {}],
    ['a whole address', 'http://notes.acme.test/_sso/check/envoy/a', {}],
    ['an asterisk', '/_sso/check/envoy*', {}],
    ...ambiguous.map((path): [string, string, Headers] => [path, `/_sso/check/envoy${path}`, {}]),
  ])('is refused with %s', (_, url, changes) => {
    expect(read(url, changes)).toBe('forwarded_refused');
  });

  it.each([
    ['none', []],
    ['two', ['Host', 'Host']],
    ['two, written differently', ['Host', 'HOST']],
  ])('is refused with %s lines of Host: the server behind may go by the other one', (_, hosts) => {
    expect(outcome(envoy, sound, raw('/_sso/check/envoy/a', hosts))).toBe('forwarded_refused');
  });

  it('is refused where the runtime does not show the request as it came', () => {
    expect(outcome(envoy, sound, undefined)).toBe('forwarded_refused');
    expect(outcome(envoy, sound, { method: 'GET', url: '/_sso/check/envoy/a' })).toBe('forwarded_refused');
  });
});
