import { describe, expect, it } from 'vitest';
import type { RuleConfig } from '../config.ts';
import { compileRules } from './rules.ts';

const rule = (host: string, path = '/*', methods?: string[]): RuleConfig => ({
  host,
  path,
  ...(methods && { methods }),
  allow: 'signed-in',
});

/** Which rule a request falls under, as an index; -1 for none. */
function pick(rules: RuleConfig[], url: string, method = 'GET'): number {
  const [, host = '', path = ''] = /^([^/]*)(.*)$/.exec(url) ?? [];
  const found = compileRules(rules)({ host, path, method });
  return found ? rules.indexOf(found.config) : -1;
}

describe('host of a rule', () => {
  it.each([
    ['the host itself', 'notes.acme.com', 'notes.acme.com/', 0],
    ['upper case', 'notes.acme.com', 'NOTES.Acme.COM/', 0],
    ['with a port', 'notes.acme.com', 'notes.acme.com:8443/', 0],
    ['an IPv6 address with a port', '[::1]', '[::1]:80/', 0],
    ['another host', 'notes.acme.com', 'photos.acme.com/', -1],
    ['a name below an exact host', 'acme.com', 'notes.acme.com/', -1],
    ['a name below a pattern', '*.acme.com', 'notes.acme.com/', 0],
    ['far below a pattern', '*.acme.com', 'a.b.c.acme.com/', 0],
    ['the apex of a pattern', '*.acme.com', 'acme.com/', -1],
    ['a look-alike without the dot', '*.acme.com', 'evilacme.com/', -1],
    ['the pattern as a prefix', '*.acme.com', 'notes.acme.com.evil.com/', -1],
    ['a dot at the end', '*.acme.com', 'notes.acme.com./', -1],
    ['an empty first label', '*.acme.com', '.acme.com/', -1],
    ['an empty host', '*.acme.com', '/', -1],
    ['the pattern itself', '*.acme.com', '*.acme.com/', 0],
  ])('%s', (_, host, url, found) => {
    expect(pick([rule(host)], url)).toBe(found);
  });
});

describe('path of a rule', () => {
  it.each([
    ['everything', '/*', '/', 0],
    ['everything, deep', '/*', '/a/b', 0],
    ['an exact path', '/admin', '/admin', 0],
    ['an exact path with a slash more', '/admin', '/admin/', -1],
    ['an exact path in other case', '/admin', '/Admin', -1],
    ['a prefix without its slash', '/admin/*', '/admin', 0],
    ['a prefix with its slash', '/admin/*', '/admin/', 0],
    ['below a prefix', '/admin/*', '/admin/users/1', 0],
    ['a longer word', '/admin/*', '/administrator', -1],
    ['a shorter word', '/admin/*', '/adm', -1],
    ['the prefix further down', '/admin/*', '/x/admin/', -1],
    ['a matrix parameter', '/admin/*', '/admin;x', -1],
    ['an empty path', '/*', '', 0],
  ])('%s', (_, path, asked, found) => {
    expect(pick([rule('acme.com', path)], `acme.com${asked}`)).toBe(found);
  });
});

describe('methods of a rule', () => {
  it.each<[string, string[] | undefined, string, number]>([
    ['none said: all', undefined, 'PROPFIND', 0],
    ['one of them', ['POST', 'PUT'], 'PUT', 0],
    ['another', ['POST'], 'GET', -1],
    ['HEAD under GET', ['GET'], 'HEAD', 0],
    ['GET under HEAD', ['HEAD'], 'GET', -1],
    ['lower case', ['GET'], 'get', -1],
  ])('%s', (_, methods, asked, found) => {
    expect(pick([rule('acme.com', '/*', methods)], 'acme.com/', asked)).toBe(found);
  });
});

describe('the first rule that fits', () => {
  const rules = [
    rule('notes.acme.com', '/public/*'),
    rule('*.acme.com', '/admin/*'),
    rule('notes.acme.com', '/*'),
    rule('*.team.acme.com', '/*'),
    rule('*.acme.com', '/*', ['GET']),
    rule('x.acme.com', '/only'),
  ];
  it.each([
    ['exact before pattern', 'notes.acme.com/public/x', 'GET', 0],
    ['pattern before exact, as configured', 'notes.acme.com/admin/x', 'GET', 1],
    ['exact for the rest', 'notes.acme.com/x', 'POST', 2],
    ['an earlier, wider pattern', 'a.team.acme.com/admin', 'GET', 1],
    ['a narrower pattern', 'a.team.acme.com/x', 'POST', 3],
    ['the apex of the narrower pattern is under the wider', 'team.acme.com/x', 'GET', 4],
    ['a host named last still has the patterns', 'x.acme.com/only', 'GET', 4],
    ['and its own rule where they leave off', 'x.acme.com/only', 'POST', 5],
    ['a rule of one host is no rule of its siblings', 'y.acme.com/only', 'POST', -1],
    ['no rule', 'acme.com/', 'GET', -1],
  ])('%s', (_, url, method, found) => {
    expect(pick(rules, url, method)).toBe(found);
  });
});

it('sorts what a rule allows', () => {
  const config: RuleConfig = {
    host: 'acme.com',
    path: '/*',
    allow: ['role:team:notes', 'permission:notes:read', 'role:admin'],
  };
  expect(compileRules([config])({ host: 'acme.com', path: '/', method: 'GET' })).toEqual({
    public: false,
    signedIn: false,
    roles: ['team:notes', 'admin'],
    permissions: ['notes:read'],
    config,
  });
});
