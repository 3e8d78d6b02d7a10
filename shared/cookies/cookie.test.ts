import { describe, expect, it } from 'vitest';
import { clearCookie, cookieNames, cookieNamesWith, cookieValues, longestCookie, setCookie } from './cookie.ts';

const name = '__Secure-sso';

describe('the values of one cookie', () => {
  it.each<[string, string | undefined, string[]]>([
    ['no header', undefined, []],
    ['an empty header', '', []],
    ['the one cookie', '__Secure-sso=a', ['a']],
    ['first of several', '__Secure-sso=a; b=c', ['a']],
    ['last of several', 'b=c; __Secure-sso=a', ['a']],
    ['no space between', 'b=c;__Secure-sso=a;d=e', ['a']],
    ['spaces and tabs around', 'b=c; \t __Secure-sso=a \t; d=e', ['a']],
    ['there twice, different', '__Secure-sso=a; __Secure-sso=b', ['a', 'b']],
    ['there twice, the same', '__Secure-sso=a; __Secure-sso=a', ['a', 'a']],
    ['an empty value', '__Secure-sso=', ['']],
    ['an equals sign in the value', '__Secure-sso=a=b', ['a=b']],
    ['quotes stay', '__Secure-sso="a"', ['"a"']],
    ['percent signs stay', '__Secure-sso=%61', ['%61']],
    ['a name before it that ends alike', 'x__Secure-sso=evil; __Secure-sso=a', ['a']],
    ['only a name that ends alike', 'x__Secure-sso=evil', []],
    ['a longer name', '__Secure-sso2=evil; __Secure-sso_x=evil', []],
    ['a shorter name', '__Secure-ss=evil', []],
    ['other capitals', '__secure-sso=evil; __SECURE-SSO=evil', []],
    ['a space before the equals sign', '__Secure-sso =evil', []],
    ['in the value of another', 'b=__Secure-sso=evil', []],
    ['in the quoted value of another', 'b="; __Secure-sso=a"', ['a"']],
    ['no equals sign', '__Secure-sso', []],
    ['no equals sign, then another', '__Secure-sso; b=c', []],
    ['a comma is no separator', 'b=c, __Secure-sso=evil', []],
    ['only separators', ';;; ; ;', []],
    ['a trailing separator', '__Secure-sso=a;', ['a']],
    ['a line break before it', 'b=c;\n__Secure-sso=evil', []],
    ['its name at the very end', 'b=c; __Secure-sso=', ['']],
  ])('%s', (_, header, values) => expect(cookieValues(header, name)).toEqual(values));

  it('takes time in proportion to the header', () => {
    const header = `${'; '.repeat(200_000)}__Secure-sso=a${' '.repeat(200_000)}`;
    expect(cookieValues(header, name)).toEqual(['a']);
  });
});

describe('names by prefix', () => {
  it.each<[string, string | undefined, string[]]>([
    ['no header', undefined, []],
    ['some', 'p_1=a; p_2=b; q=c', ['p_1', 'p_2']],
    ['no repeats', 'p_1=a; p_1=b', ['p_1']],
    ['not in values', 'q=p_1=a', []],
    ['not without equals sign', 'p_1', []],
    ['not inside a name', 'xp_1=a', []],
  ])('%s', (_, header, names) => expect(cookieNamesWith(header, 'p_')).toEqual(names));
});

describe('a Set-Cookie', () => {
  it('is secure, for scripts unreadable, and for the host alone', () => {
    expect(setCookie('__Host-sso', 'abc', { maxAge: 60 })).toBe(
      '__Host-sso=abc; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax',
    );
  });

  it('names the domain only where asked', () => {
    expect(setCookie(name, 'abc', { domain: 'acme.test' })).toBe(
      '__Secure-sso=abc; Path=/; Domain=acme.test; Secure; HttpOnly; SameSite=Lax',
    );
  });

  it.each([
    [1.9, 'Max-Age=1;'],
    [0, 'Max-Age=0;'],
    [-5, 'Max-Age=0;'],
  ])('for %d seconds', (maxAge, part) => expect(setCookie(name, '', { maxAge })).toContain(part));

  it('is removed under the domain that it was set with', () => {
    expect(clearCookie(name, 'acme.test')).toBe(
      '__Secure-sso=; Path=/; Domain=acme.test; Max-Age=0; Secure; HttpOnly; SameSite=Lax',
    );
    expect(clearCookie('__Host-sso')).not.toContain('Domain');
  });

  it('is for frames on other domains where asked, and kept apart by site', () => {
    expect(setCookie('__Host-a', 'b', { sameSite: 'None', partitioned: true })).toBe(
      '__Host-a=b; Path=/; Secure; HttpOnly; SameSite=None; Partitioned',
    );
  });

  it.each(['a;b', 'a b', 'a\r\nSet-Cookie: x=y', 'a,b', '"a"', 'ä', 'a=b', '\u0000', 'a\\b'])(
    'is refused for the value %j',
    (value) => expect(() => setCookie(name, value)).toThrow(expect.objectContaining({ code: 'internal' })),
  );

  it.each<[string, Parameters<typeof setCookie>]>([
    ['a name', ['a=b; x', 'v']],
    ['a name with a line break', ['a\r\nX: y', 'v']],
    ['a domain', ['a', 'v', { domain: 'acme.test; SameSite=None' }]],
    ['a domain with a line break', ['a', 'v', { domain: 'acme.test\r\nX: y' }]],
  ])('is refused for %s that would add attributes', (_, args) => {
    expect(() => setCookie(...args)).toThrow(expect.objectContaining({ code: 'internal' }));
  });

  it('is as long as a browser keeps, to the byte', () => {
    const rest = setCookie(name, '').length;
    expect(setCookie(name, 'x'.repeat(longestCookie - rest))).toHaveLength(longestCookie);
    expect(() => setCookie(name, 'x'.repeat(longestCookie - rest + 1))).toThrow(/4001 bytes/);
  });

  it('never quotes its value in the error', () => {
    expect(() => setCookie(name, 'secret value')).toThrow(expect.not.stringContaining('secret'));
  });
});

describe('cookie names', () => {
  it('keep the prefixes that browsers enforce', () => {
    expect(cookieNames('')).toMatchObject({ host: '__Host-sso', domain: '__Secure-sso' });
    const staging = cookieNames('staging');
    expect(staging).toMatchObject({ host: '__Host-sso_staging', domain: '__Secure-sso_staging' });
    for (const one of Object.values(staging)) expect(one).toMatch(/^__(Host|Secure)-sso_staging/);
  });

  it('are all different, within and between environments', () => {
    const names = [...Object.values(cookieNames('')), ...Object.values(cookieNames('staging'))];
    expect(new Set(names).size).toBe(names.length);
  });
});
