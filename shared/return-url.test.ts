import { describe, expect, it } from 'vitest';
import { judgeUrl, longestUrl, type UrlPolicy } from './return-url.ts';

const policy: UrlPolicy = {
  gatewayOrigin: 'https://auth.acme.com',
  cookieDomain: 'acme.com',
  origins: ['https://globex.test', 'https://partner.test:8443', 'https://partner.example'],
};
/** The machine of somebody who writes an app: plain http, one port for all. */
const local: UrlPolicy = {
  gatewayOrigin: 'http://auth.acme.localhost:4180',
  cookieDomain: 'acme.localhost',
  origins: ['http://globex.localhost:4180', 'http://localhost:3000'],
};
const padded = (length: number) => `https://notes.acme.com/${'x'.repeat(length - 'https://notes.acme.com/'.length)}`;

describe('an address of ours passes, as the parser writes it', () => {
  it.each<[string, string]>([
    ['https://auth.acme.com/', 'https://auth.acme.com/'],
    ['https://auth.acme.com/login?x=1', 'https://auth.acme.com/login?x=1'],
    ['https://acme.com', 'https://acme.com/'],
    ['https://notes.acme.com', 'https://notes.acme.com/'],
    ['https://notes.acme.com/a/b?c=d&e=f#g', 'https://notes.acme.com/a/b?c=d&e=f#g'],
    ['https://a.b.c.acme.com/', 'https://a.b.c.acme.com/'],
    ['https://NOTES.Acme.COM/Path', 'https://notes.acme.com/Path'],
    ['HTTPS://notes.acme.com/', 'https://notes.acme.com/'],
    ['https://notes.acme.com:443/', 'https://notes.acme.com/'],
    ['https://notes.acme.com?x', 'https://notes.acme.com/?x'],
    ['https://notes.acme.com#x', 'https://notes.acme.com/#x'],
    ['https://notes.acme.com/a/../b', 'https://notes.acme.com/b'],
    ['https://notes.acme.com/%2e%2e/b', 'https://notes.acme.com/b'],
    ['https://notes.acme.com/?next=https://evil.test', 'https://notes.acme.com/?next=https://evil.test'],
    ['https://notes.acme.com/@evil.test', 'https://notes.acme.com/@evil.test'],
    ['https://notes.acme.com/?a@b', 'https://notes.acme.com/?a@b'],
    ['https://notes.acme.com//evil.test', 'https://notes.acme.com//evil.test'],
    ['https://notes.acme.com/<script>"', 'https://notes.acme.com/%3Cscript%3E%22'],
    ['https://notes.acme.com/Zoë', 'https://notes.acme.com/Zo%C3%AB'],
    ['https://ｎｏｔｅｓ.acme.com/', 'https://notes.acme.com/'],
    ['https://notes。acme。com/', 'https://notes.acme.com/'],
    ['https://notes%2eacme%2ecom/', 'https://notes.acme.com/'],
    ['https://no\u00adtes.acme.com/', 'https://notes.acme.com/'],
    ['https://münchen.acme.com/', 'https://xn--mnchen-3ya.acme.com/'],
    ['https://xn--mnchen-3ya.acme.com/', 'https://xn--mnchen-3ya.acme.com/'],
    ['https://globex.test/welcome', 'https://globex.test/welcome'],
    ['https://partner.test:8443/', 'https://partner.test:8443/'],
    [padded(longestUrl), padded(longestUrl)],
  ])('%s', (text, url) => expect(judgeUrl(text, policy)).toBe(url));

  it.each<[string, string]>([
    ['http://notes.acme.localhost:4180/a', 'http://notes.acme.localhost:4180/a'],
    ['http://globex.localhost:4180/', 'http://globex.localhost:4180/'],
    ['http://localhost:3000/', 'http://localhost:3000/'],
  ])('on the machine itself: %s', (text, url) => expect(judgeUrl(text, local)).toBe(url));
});

const hostile: Record<string, readonly string[]> = {
  'another site': ['https://evil.test', 'https://evil.test/', 'https://evil.test/https://notes.acme.com/'],
  'another site that only mentions ours': [
    'https://evil.test/?notes.acme.com',
    'https://evil.test#notes.acme.com',
    'https://evil.test?.acme.com',
    'https://evil.test/.acme.com',
    'https://evil.test#.acme.com/',
    'https://evil.test;.acme.com/',
    'https://evil.test&.acme.com/',
  ],
  'a name that ends like ours': [
    'https://evilacme.com/',
    'https://notesacme.com/',
    'https://evil-acme.com/',
    'https://xn--acme.com/',
    'https://acme.com.evil.test/',
    'https://notes.acme.com.evil.test/',
    'https://acme.comevil.test/',
    'https://acme.com-evil.test/',
    'https://acme.co/',
    'https://acme.company/',
    'https://cme.com/',
    'https://com/',
    'https://.com/',
  ],
  'a pattern where a name should be': [
    'https://*.acme.com.evil.test/',
    'https://*/',
    'https://*.com/',
    'https://globex.test.acme.com.evil.test/',
    'https://notes.globex.test/',
    'https://sub.partner.test:8443/',
    'https://evilglobex.test/',
  ],
  'dots out of place': [
    'https://notes.acme.com./',
    'https://acme.com./',
    'https://auth.acme.com./',
    'https://globex.test./',
    'https://.acme.com/',
    'https://..acme.com/',
    'https://a..acme.com/',
    'https://acme..com/',
  ],
  'user information': [
    'https://auth.acme.com@evil.test/',
    'https://auth.acme.com:443@evil.test/',
    'https://auth.acme.com:password@evil.test/',
    'https://user@notes.acme.com/',
    'https://user:password@notes.acme.com/',
    'https://:@notes.acme.com/',
    'https://@notes.acme.com/',
    'https://evil.test@notes.acme.com/',
    'https://auth.acme.com%40evil.test/',
    'https://evil.test%40notes.acme.com/',
    'https://a@b@notes.acme.com/',
  ],
  backslashes: [
    'https:\\\\evil.test',
    'https:/\\evil.test',
    'https:\\/evil.test',
    'https://evil.test\\.acme.com/',
    'https://evil.test\\@notes.acme.com/',
    'https://notes.acme.com\\@evil.test/',
    'https://notes.acme.com\\.evil.test/',
    'https://notes.acme.com/\\evil.test',
    '\\\\evil.test',
    '/\\evil.test',
  ],
  'slashes too many or too few': [
    '//evil.test',
    '//notes.acme.com/',
    '///evil.test',
    '////evil.test',
    'https:evil.test',
    'https:notes.acme.com/',
    'https:/evil.test',
    'https:/notes.acme.com/',
    'https:///evil.test',
    'https:///notes.acme.com/',
    'https:////notes.acme.com/',
    'https://',
    'https:///',
    'https://?x',
    'https://#x',
  ],
  'no absolute address': [
    '',
    '/',
    '/path',
    'path',
    '.',
    '..',
    '?x=1',
    '#x',
    'notes.acme.com',
    'notes.acme.com/path',
    'auth.acme.com:443',
    'null',
    'undefined',
  ],
  'another scheme': [
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    'javascript://notes.acme.com/%0aalert(1)',
    'javascript:https://notes.acme.com/',
    'data:text/html,<script>alert(1)</script>',
    'data:text/html;base64,PHNjcmlwdD4=',
    'vbscript:msgbox(1)',
    'file:///etc/passwd',
    'ftp://notes.acme.com/',
    'ws://notes.acme.com/',
    'wss://notes.acme.com/',
    'blob:https://notes.acme.com/uuid',
    'view-source:https://notes.acme.com/',
    'about:blank',
    'mailto:ann@acme.com',
    'intent://notes.acme.com/#Intent;scheme=https;end',
    'httpss://notes.acme.com/',
    'xhttps://notes.acme.com/',
    'feed:https://notes.acme.com/',
    'filesystem:https://notes.acme.com/x',
  ],
  'characters that some parsers drop': [
    ' https://notes.acme.com/',
    'https://notes.acme.com/ ',
    '\thttps://notes.acme.com/',
    'https://notes.acme.com/\n',
    'ht\ttps://notes.acme.com/',
    'java\tscript:alert(1)',
    'java\nscript:alert(1)',
    'https:\t//evil.test',
    'https:/\t/evil.test',
    'https://evil.test\t.acme.com/',
    'https://notes.acme.com/\r\nSet-Cookie:%20a=b',
    'https://notes.acme.com/\u0000',
    'https://evil.test\u0000.acme.com/',
    'https://notes.acme.com/a b',
    'https://notes.acme.com/\u007f',
    'https://notes.acme.com/\u0085',
    'https://notes.acme.com/\u00a0',
    'https://notes.acme.com/\u2028',
    'https://notes.acme.com/\u2029',
    '\ufeffhttps://notes.acme.com/',
    '\u0001https://notes.acme.com/',
  ],
  'letters that look like ours': [
    'https://аcme.com/', // Cyrillic а
    'https://notes.acmе.com/', // Cyrillic е
    'https://acⅿe.test/',
    'https://acme.ⅽom.evil.test/',
    'https://acme․com.evil.test/', // one dot leader
    'https://evil.test／.acme.com/', // full-width solidus
    'https://evil.test％2f.acme.com/',
    'https://evil.test？.acme.com/',
    'https://evil.test＃.acme.com/',
    'https://evil.test＠notes.acme.com/',
    'https://evil.test：443.acme.com/',
    'https://evil.test＼.acme.com/',
    'https://evil.test℀.acme.com/', // decomposes to a/c
    'https://evil.test⩴.acme.com/', // decomposes to ::=
    'https://evil。test/',
    'https://ｅｖｉｌ.test/',
    'https://acme。com。evil.test/',
    'https://ａｃｍｅ.test/',
  ],
  'percent signs in the host': [
    'https://evil.test%2f.acme.com/',
    'https://evil.test%5c.acme.com/',
    'https://evil.test%23.acme.com/',
    'https://evil.test%3f.acme.com/',
    'https://evil.test%00.acme.com/',
    'https://evil.test%0d%0a.acme.com/',
    'https://evil.test%20.acme.com/',
    'https://evil%2etest/',
    'https://notes.acme.com%2eevil.test/',
    'https://notes.acme.com%00.evil.test/',
    'https://notes.acme.com%252f@evil.test/',
    'https://%61uth.evil.test/',
    'https://notes.acme.com%/',
  ],
  'another port': [
    'https://notes.acme.com:8443/',
    'https://notes.acme.com:80/',
    'https://notes.acme.com:0/',
    'https://notes.acme.com:65536/',
    'https://notes.acme.com:-1/',
    'https://notes.acme.com:443x/',
    'https://notes.acme.com:443:443/',
    'https://auth.acme.com:4443/',
    'https://globex.test:8443/',
    'https://partner.test/',
    'https://partner.test:443/',
    'https://partner.test:8444/',
  ],
  'plain http': [
    'http://notes.acme.com/',
    'http://auth.acme.com/',
    'http://acme.com/',
    'http://globex.test/',
    'http://notes.acme.com:443/',
    'HTTP://notes.acme.com/',
    'http://localhost/',
    'http://localhost:4180/',
    'http://127.0.0.1/',
  ],
  'an address instead of a name': [
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::1].acme.com/',
    'https://[acme.com]/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://127.0.0.1.evil.test/',
    'https://1.1.1.1#.acme.com/',
  ],
  'too much of it': [
    padded(longestUrl + 1),
    `https://notes.acme.com/${'ë'.repeat(500)}`,
    `https://${'a.'.repeat(600)}acme.com/`,
  ],
};
const refused = expect.objectContaining({ code: 'return_url_refused' });

describe.each(Object.entries(hostile))('refused: %s', (_, texts) => {
  it.each(texts)('%j', (text) => expect(() => judgeUrl(text, policy)).toThrow(refused));
});

it('refuses well over a hundred ways to lie', () => {
  expect(new Set(Object.values(hostile).flat()).size).toBeGreaterThan(180);
});

describe('refused on the machine itself', () => {
  it.each([
    'http://evil.test/',
    'http://evilacme.localhost:4180/',
    'http://notes.acme.localhost/',
    'http://notes.acme.localhost:4181/',
    'https://notes.acme.localhost:4180/',
    'http://localhost:4180/',
    'http://localhost.evil.test:4180/',
    'http://acme.localhost.evil.test:4180/',
    'http://127.0.0.1:4180/',
    'http://globex.localhost:3000/',
  ])('%s', (text) => expect(() => judgeUrl(text, local)).toThrow(refused));
});

describe('whatever is tried', () => {
  // every hostile piece in every place of an address: what passes has a host of ours, and is what a browser will read
  const pieces = [
    '\\',
    '@',
    '/',
    '//',
    '#',
    '?',
    '%2f',
    '%40',
    '%5c',
    ':',
    '.',
    '。',
    '／',
    '＠',
    '\t',
    '\u0000',
    ';',
    '*',
    'evil.test',
  ];
  const texts = pieces.flatMap((a) =>
    pieces.flatMap((b) => [
      `https:${a}${b}evil.test/`,
      `https://evil.test${a}${b}notes.acme.com/`,
      `https://notes.acme.com${a}${b}evil.test/`,
      `https://${a}${b}.acme.com/`,
      `${a}${b}https://notes.acme.com/`,
      `https://notes.acme.com${a}evil.test${b}`,
    ]),
  );

  it('only hosts of ours come out, and a second reading changes nothing', () => {
    let passed = 0;
    for (const text of texts) {
      let url: string;
      try {
        url = judgeUrl(text, policy);
      } catch (error) {
        expect(error, text).toEqual(refused);
        continue;
      }
      passed++;
      const { hostname, protocol, username, port } = new URL(url);
      expect([protocol, username, port], text).toEqual(['https:', '', '']);
      expect(hostname === 'acme.com' || hostname.endsWith('.acme.com'), `${text} gave ${url}`).toBe(true);
      expect(judgeUrl(url, policy)).toBe(url);
    }
    expect(passed).toBeGreaterThan(100);
  });
});
