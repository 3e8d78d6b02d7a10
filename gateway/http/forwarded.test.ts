import { describe, expect, it } from 'vitest';
import { SsoError } from '../../shared/errors.ts';
import { forwardedTarget } from './forwarded.ts';

type Headers = Readonly<Record<string, string | undefined>>;
const sound: Headers = {
  'x-forwarded-method': 'GET',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'notes.acme.test',
  'x-forwarded-uri': '/a/b?c=d',
};
const read = (headers: Headers, trusted = true) =>
  forwardedTarget(
    (name) => headers[name],
    () => trusted,
  );

/** Path of the target, or the code of the refusal. */
function outcome(headers: Headers, trusted = true): string | undefined {
  try {
    return read(headers, trusted)?.path;
  } catch (error) {
    return error instanceof SsoError ? error.code : String(error);
  }
}
const ofUri = (uri: string | undefined) => outcome({ ...sound, 'x-forwarded-uri': uri });

describe('what a trusted proxy forwards', () => {
  it('is a target: method, host, decoded path, and the address as it was asked for', () => {
    const target = read({ ...sound, 'x-forwarded-uri': '/caf%C3%A9?next=//x/../y%2f&p=%00' });
    expect(target).toMatchObject({ method: 'GET', host: 'notes.acme.test', path: '/café' });
    expect(target?.url.href).toBe('https://notes.acme.test/caf%C3%A9?next=//x/../y%2f&p=%00');
  });

  it.each<[string, Headers, string, string]>([
    ['capitals', { 'x-forwarded-host': 'Notes.ACME.test' }, 'notes.acme.test', 'https://notes.acme.test/a/b?c=d'],
    [
      'a port',
      { 'x-forwarded-host': 'notes.acme.test:8443' },
      'notes.acme.test',
      'https://notes.acme.test:8443/a/b?c=d',
    ],
    [
      'the default port',
      { 'x-forwarded-host': 'notes.acme.test:443' },
      'notes.acme.test',
      'https://notes.acme.test/a/b?c=d',
    ],
    [
      'a WebSocket, as Traefik calls it',
      { 'x-forwarded-proto': 'wss' },
      'notes.acme.test',
      'https://notes.acme.test/a/b?c=d',
    ],
    ['plain http', { 'x-forwarded-proto': 'http' }, 'notes.acme.test', 'http://notes.acme.test/a/b?c=d'],
    ['one label', { 'x-forwarded-host': 'localhost:4180' }, 'localhost', 'https://localhost:4180/a/b?c=d'],
    ['an address', { 'x-forwarded-host': '127.0.0.1' }, '127.0.0.1', 'https://127.0.0.1/a/b?c=d'],
    [
      'an internationalised name',
      { 'x-forwarded-host': 'xn--bcher-kva.acme.test' },
      'xn--bcher-kva.acme.test',
      'https://xn--bcher-kva.acme.test/a/b?c=d',
    ],
    ['two dashes', { 'x-forwarded-host': 'a--b.acme.test' }, 'a--b.acme.test', 'https://a--b.acme.test/a/b?c=d'],
  ])('may have %s', (_, changes, host, href) => {
    const target = read({ ...sound, ...changes });
    expect([target?.host, target?.url.href]).toEqual([host, href]);
  });
});

describe('a path is read as every server reads it', () => {
  it.each([
    ['/', '/'],
    ['/?a=b', '/'],
    ['/a', '/a'],
    ['/a/', '/a/'],
    ['/a.b/c-d_e~f.html', '/a.b/c-d_e~f.html'],
    ['/.well-known/x', '/.well-known/x'],
    ['/a..b', '/a..b'],
    ['/...', '/...'],
    ['/a/...b', '/a/...b'],
    ['/%61dmin', '/admin'],
    ['/a%20b', '/a b'],
    ['/%C3%BC', '/ü'],
    ['/%c3%bc', '/ü'],
    ['/a;v=1/b', '/a;v=1/b'],
    ['/a%3Bv', '/a;v'],
    ['/a,b:c@d!e$f&g(h)i*j+k=l', '/a,b:c@d!e$f&g(h)i*j+k=l'],
    ["/o'clock", "/o'clock"],
    ['/a?b?c', '/a'],
    ['/a?//..;/%2f%00\\', '/a'],
    ['/a%3Fb', '/a?b'],
    ['/a%23b', '/a#b'],
  ])('%s', (uri, path) => {
    expect(ofUri(uri)).toBe(path);
  });
});

describe('a path that two servers could read differently is refused', () => {
  it.each([
    '/a/../b',
    '/../b',
    '/a/..',
    '/a/..?x',
    '/./a',
    '/a/.',
    '/a/./b',
    '/a/..;/b',
    '/a/..;x=y/b',
    '/a/.;/b',
    '/a;../b',
    '/a..;/b',
    '/a/;/b',
    '/;a/b',
    '/%3ba/b',
    '/a/%3B/b',
    '/a/..%3b/b',
    '/a/..%20/b',
    '/a/.%3B/b',
    '//a',
    '/a//b',
    '/a//',
    '///',
    '/a%2fb',
    '/a%2Fb',
    '/%2f/a',
    '/..%2fa',
    '/a%5cb',
    '/a%5Cb',
    '/a\\b',
    '/\\a',
    '/..\\a',
    '/%2e%2e/a',
    '/%2e./a',
    '/.%2E/a',
    '/%2e/a',
    '/a%2e',
    '/a%00',
    '/a%00.html',
    '/a%0a',
    '/a%0d%0aX-Other:%20x',
    '/a%09b',
    '/a%1fb',
    '/a%7f',
    '/a%252f',
    '/%252e%252e/a',
    '/a%25',
    '/%25%36%31',
    '/a%',
    '/a%2',
    '/a%zz',
    '/a%u002f',
    '/%c0%af',
    '/%c0%ae%c0%ae/',
    '/%ff',
    '/%ed%a0%80',
  ])('%s', (uri) => {
    expect(ofUri(uri)).toBe('forwarded_refused');
  });
});

describe('what is no path at all is refused', () => {
  it.each<[string, string | undefined]>([
    ['nothing', ''],
    ['missing', undefined],
    ['an absolute address', 'https://evil.test/a'],
    ['an absolute address of ours', 'https://notes.acme.test/a'],
    ['an address without a scheme', '//evil.test/a'],
    ['an authority', 'evil.test:443'],
    ['another authority by an @', '@evil.test/'],
    ['a relative path', 'a/b'],
    ['an asterisk', '*'],
    ['a query alone', '?a=b'],
    ['a fragment', '/a#b'],
    ['a fragment in the query', '/a?b#c'],
    ['a list', '/a, /b'],
    ['a space', '/a b'],
    ['a space before', ' /a'],
    ['a tab', '/a\tb'],
    ['a line break', '/a\r\nb'],
    ['a line break at the end', '/a\n'],
    ['a NUL', '/a\0b'],
    ['DEL', '/a\x7f'],
    ['a letter beyond ASCII', '/\u00fc'],
    ['a fullwidth slash', '/a\uff0fb'],
    ['a character that browsers encode: <', '/a<b'],
    ['a character that browsers encode: "', '/a"b'],
    ['a character that browsers encode: `', '/a`b'],
    ['a character that browsers encode: {', '/a{b'],
  ])('%s', (_, uri) => {
    expect(ofUri(uri)).toBe('forwarded_refused');
  });

  it.each(['/\u00fc?a', '/a?b\u00fc', '/a?b c', '/a?b\r\nc'])(
    'nor does a query excuse what browsers encode: %j',
    (uri) => {
      expect(ofUri(uri)).toBe('forwarded_refused');
    },
  );
});

describe('another header that is not what one proxy says is refused', () => {
  it.each<[string, Headers]>([
    ['a missing host', { 'x-forwarded-host': undefined }],
    ['a missing method, by which a POST would be judged as a GET', { 'x-forwarded-method': undefined }],
    ['a missing proto', { 'x-forwarded-proto': undefined }],
    [
      'nothing but a host',
      { 'x-forwarded-uri': undefined, 'x-forwarded-method': undefined, 'x-forwarded-proto': undefined },
    ],
    [
      'nothing but a method',
      { 'x-forwarded-uri': undefined, 'x-forwarded-host': undefined, 'x-forwarded-proto': undefined },
    ],
    ...[
      '',
      ' ',
      'notes.acme.test, evil.test',
      'notes.acme.test,evil.test',
      'notes.acme.test evil.test',
      'user@notes.acme.test',
      'user:pass@notes.acme.test',
      'notes.acme.test/x',
      'notes.acme.test?x',
      'notes.acme.test#x',
      'notes.acme.test\\x',
      'notes.acme.test\n',
      '.notes.acme.test',
      'notes.acme.test.',
      'notes..acme.test',
      '-notes.acme.test',
      'notes.acme.test-',
      '*.acme.test',
      'notes.acme.test:',
      'notes.acme.test:0x50',
      'notes.acme.test:+443',
      'notes.acme.test:443:443',
      'notes.acme.test:65536',
      'notes.acme.test:999999',
      '[::1]',
      '::1',
      '127.1',
      '2130706433',
      '0x7f000001',
      '0177.0.0.1',
      '1.2.3.4.5',
      'acme.test.1',
      'n\u00f6tes.acme.test',
      'notes\u3002acme.test',
      'notes.acme.test%00',
      'notes%2eacme.test',
      'http://notes.acme.test',
    ].map((host): [string, Headers] => [`the host ${JSON.stringify(host)}`, { 'x-forwarded-host': host }]),
    ...['', 'HTTPS', 'https, http', 'https,https', 'WSS', 'ftp', 'javascript', 'https:', ' https', 'https\n'].map(
      (proto): [string, Headers] => [`the proto ${JSON.stringify(proto)}`, { 'x-forwarded-proto': proto }],
    ),
    ...['', 'get', 'GET, POST', 'GET,GET', 'G T', 'GET\n', 'A'.repeat(17), 'G3T', 'M-SEARCH'].map(
      (method): [string, Headers] => [`the method ${JSON.stringify(method)}`, { 'x-forwarded-method': method }],
    ),
  ])('%s', (_, changes) => {
    expect(outcome({ ...sound, ...changes })).toBe('forwarded_refused');
  });

  it('without its value in the public words', () => {
    try {
      read({ ...sound, 'x-forwarded-host': 'S3CRET,' });
    } catch (error) {
      expect((error as SsoError).message).not.toContain('S3CRET');
    }
    expect.assertions(1);
  });
});

describe('whoever asks', () => {
  it.each<[string, Headers]>([
    ['says nothing', {}],
    [
      'says only what every proxy adds',
      { 'x-forwarded-proto': 'https', 'x-forwarded-for': '1.2.3.4', 'x-forwarded-port': '443' },
    ],
    ['speaks another family of headers', { forwarded: 'host=evil.test', 'x-original-url': 'https://evil.test/' }],
  ])('asks for itself if it %s', (_, headers) => {
    expect(read(headers)).toBeUndefined();
    expect(read(headers, false)).toBeUndefined();
  });

  it.each(['x-forwarded-uri', 'x-forwarded-host', 'x-forwarded-method'])(
    'is refused if nobody trusts it, for %s alone',
    (name) => {
      expect(outcome(sound, false)).toBe('forwarded_refused');
      expect(outcome({ [name]: sound[name] }, false)).toBe('forwarded_refused');
      expect(outcome({ [name]: '' }, false)).toBe('forwarded_refused');
    },
  );
});

describe('long input', () => {
  it.each<[string, Headers]>([
    ['a host', { 'x-forwarded-host': `${'a-'.repeat(15_000)}!` }],
    ['a host of dots', { 'x-forwarded-host': `${'a.'.repeat(15_000)}!` }],
    ['a path', { 'x-forwarded-uri': `${'/a.'.repeat(10_000)}!` }],
    ['a path of semicolons', { 'x-forwarded-uri': `/${';.'.repeat(15_000)}` }],
    ['an encoded path', { 'x-forwarded-uri': `/${'%61'.repeat(10_000)}%` }],
  ])('costs no more than its length: %s', (_, changes) => {
    const before = performance.now();
    for (let i = 0; i < 20; i++) outcome({ ...sound, ...changes });
    expect((performance.now() - before) / 20).toBeLessThan(20);
  });
});
