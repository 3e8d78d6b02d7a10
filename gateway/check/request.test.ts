import { describe, expect, it } from 'vitest';
import type { RuleConfig } from '../../shared/config.ts';
import { ann, start, testConfig } from './check.testing.ts';
import type { Visitor } from './core.ts';
import { createCheckRules, isTimeToRenew, readCheckRequest } from './request.ts';

const proxy = '10.0.0.1';
const { rules: configured } = testConfig();
const rules = createCheckRules(configured, (address) => address === proxy);
const forwarded = (uri: string, more: Record<string, string> = {}): Record<string, string> => ({
  'x-forwarded-method': 'GET',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'notes.acme.test',
  'x-forwarded-uri': uri,
  ...more,
});
const read = (headers: Record<string, string>, peer: string | undefined = proxy, which = rules) =>
  readCheckRequest((name) => headers[name], peer, which);

describe('the rule of a question', () => {
  it.each<[string, Record<string, string>, string | string[] | undefined]>([
    ['the first that matches', forwarded('/admin/users'), 'role:admin'],
    ['by path, whatever the query says', forwarded('/open/x?next=/admin/'), 'public'],
    ['the one for everything else', forwarded('/'), 'signed-in'],
    ['by method', forwarded('/write', { 'x-forwarded-method': 'POST' }), 'role:admin'],
    ['by another method', forwarded('/write'), 'signed-in'],
    [
      'by host, whatever its letters and port',
      forwarded('/only/x', { 'x-forwarded-host': 'Photos.ACME.test:443' }),
      'signed-in',
    ],
    ['none, on a path that nobody named', forwarded('/', { 'x-forwarded-host': 'photos.acme.test' }), undefined],
    ['none, on a host that nobody named', forwarded('/', { 'x-forwarded-host': 'other.acme.test' }), undefined],
    ['none, above a host that is named', forwarded('/', { 'x-forwarded-host': 'acme.test' }), undefined],
    ['by what the path means: an encoded letter', forwarded('/%61dmin/users'), 'role:admin'],
    ['by what the path means: all letters encoded', forwarded('/%61%64%6D%69%6e'), 'role:admin'],
    ['the same with a parameter that changes nothing', forwarded('/admin/users;page=2'), 'role:admin'],
    ['the same with a session id of a Java server', forwarded('/page;jsessionid=1'), 'signed-in'],
  ])('%s', (_, headers, allow) => {
    expect(read(headers).rule?.config.allow).toBe(allow);
  });

  it.each([
    ['a parameter after the folder', '/admin;x/users'],
    ['an encoded semicolon', '/admin%3bx/users'],
    ['a parameter that hides the folder from one reader', '/open;/../admin'],
    ['a parameter in the method-bound path', '/open;x=1'],
  ])('is refused where two servers would read different ones: %s', (_, uri) => {
    const strict: RuleConfig[] = [
      ...configured.filter(({ path }) => path !== '/open/*'),
      { host: 'notes.acme.test', path: '/open', allow: 'public' },
    ];
    const which = createCheckRules([...strict].reverse(), (address) => address === proxy);
    const refusals = [rules, which].map((one) => {
      try {
        return read(forwarded(uri), proxy, one).rule?.config.allow;
      } catch (error) {
        return (error as { code?: string }).code;
      }
    });
    expect(refusals).toContain('forwarded_refused');
  });

  it.each<[string, string, string | undefined]>([
    ['upper case', '/ADMIN/users', undefined],
    ['one letter, encoded', '/%41dmin', undefined],
    ['with a parameter', '/Admin;x/users', undefined],
    ['a slash at the end of an exact path', '/exact/', undefined],
    ['both', '/EXACT/', undefined],
    ['where the rule is the same', '/Open/%41/', 'public'],
    ['as the rule is written', '/Team/x', 'role:editor'],
    ['as the rule is not written', '/team/x', undefined],
    ['the start page', '/', 'signed-in'],
    ['a folder with its slash', '/admin/', 'role:admin'],
  ])('is refused where Express would read another one, which takes /Admin/ for /admin: %s', (_, uri, allow) => {
    const rule = (path: string, allow: string): RuleConfig => ({ host: 'notes.acme.test', path, allow });
    const written = [
      rule('/admin/*', 'role:admin'),
      rule('/exact', 'role:admin'),
      rule('/Team/*', 'role:editor'),
      rule('/open/*', 'public'),
      rule('/Open/*', 'public'),
      rule('/*', 'signed-in'),
    ];
    const which = createCheckRules(
      uri.startsWith('/Open') ? written.filter(({ path }) => path !== '/open/*') : written,
      () => true,
    );
    const asked = () => read(forwarded(uri), proxy, which).rule?.config.allow;
    if (allow === undefined) expect(asked).toThrow('forwarded_refused');
    else expect(asked()).toBe(allow);
  });

  it.each<[string, string, [string, string][], string | undefined]>([
    ['a slash less than the rule has', '/admin', [['/admin/', 'role:admin']], undefined],
    ['the same in upper case', '/ADMIN', [['/admin/', 'role:admin']], undefined],
    ['upper case, with the slash that the rule has', '/Admin/', [['/admin/', 'role:admin']], undefined],
    [
      'upper case, between two rules that agree',
      '/Admin/',
      [
        ['/admin', 'public'],
        ['/admin/', 'role:admin'],
      ],
      undefined,
    ],
    [
      'the same address in two rules',
      '/help/',
      [
        ['/help', 'public'],
        ['/help/', 'public'],
      ],
      'public',
    ],
    [
      'a rule that says what the next one says too',
      '/News/',
      [
        ['/news', 'signed-in'],
        ['/*', 'signed-in'],
      ],
      'signed-in',
    ],
    [
      'a rule behind the one that decides',
      '/team/x',
      [
        ['/team/*', 'signed-in'],
        ['/Team/*', 'role:admin'],
      ],
      'signed-in',
    ],
    ['a parameter, and rules that agree', '/page;v=1', [['/page', 'public']], 'public'],
  ])('counts by what the readings allow: %s', (_, uri, written, allow) => {
    const all = [...written, ['/*', 'public'] as const];
    const which = createCheckRules(
      all.map(([path, allow]) => ({ host: 'notes.acme.test', path, allow })),
      () => true,
    );
    const asked = () => read(forwarded(uri), proxy, which).rule?.config.allow;
    if (allow === undefined) expect(asked).toThrow('forwarded_refused');
    else expect(asked()).toBe(allow);
  });

  it.each([
    ['encoded', '/%C3%BCber/*', '/%c3%bcber/uns'],
    ['not encoded', '/über/*', '/%C3%BCber/uns'],
    ['encoded where nothing needs it', '/%75nd', '/und'],
  ])('may be written %s', (_, path, uri) => {
    const which = createCheckRules([{ host: 'notes.acme.test', path, allow: 'public' }], () => true);
    expect(read(forwarded(uri), proxy, which).rule?.config.allow).toBe('public');
  });

  it.each(['/a%2fb', '/a%5Cb', '/a%'])('is none where it is written %s: no address means that', (path) => {
    const which = createCheckRules([{ host: 'notes.acme.test', path, allow: 'public' }], () => true);
    expect(read(forwarded('/a/b'), proxy, which).rule).toBeUndefined();
  });
});

describe('a caller that forwards nothing', () => {
  it.each([
    ['a stranger', '203.0.113.9'],
    ['a proxy', proxy],
    ['somebody whose address is not known', undefined],
  ])('asks about itself: %s', (_, peer) => {
    const asked = read({ cookie: 'a=1', 'x-forwarded-proto': 'https', 'x-forwarded-for': '1.2.3.4' }, peer);
    expect(asked.target).toBeUndefined();
    expect(asked.rule).toMatchObject({ signedIn: true, public: false });
  });
});

describe('a caller that forwards something', () => {
  it.each([
    ['a stranger', '203.0.113.9'],
    ['somebody whose address is not known', undefined],
  ])('is refused if it is %s', (_, peer) => {
    const headers = forwarded('/open/x');
    expect(() => readCheckRequest((name) => headers[name], peer, rules)).toThrow(/not a trusted proxy/);
  });
});

describe('the moment to renew', () => {
  const target = read(forwarded('/')).target;
  const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  const known: Visitor = { kind: 'known', cookie: ann, headers: [] };
  const ask = (headers: Record<string, string>, now: number, visitor: Visitor = known, of = target) =>
    isTimeToRenew(visitor, of, (name) => headers[name], now, 600);

  it.each<[string, Record<string, string>, number, boolean]>([
    ['a page load, ten minutes before the end', navigation, ann.exp - 600, true],
    ['a page load, a second earlier', navigation, ann.exp - 601, false],
    ['a page load, past the end but within leeway', navigation, ann.exp + 10, true],
    ['a page load of a browser without Fetch Metadata', { accept: 'text/html' }, ann.exp - 1, true],
    ['a fetch', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: 'text/html' }, ann.exp - 1, false],
    ['a frame', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }, ann.exp - 1, false],
    ['a prefetch', { ...navigation, 'sec-purpose': 'prefetch' }, ann.exp - 1, false],
  ])('%s', (_, headers, now, is) => {
    expect(ask(headers, now)).toBe(is);
  });

  it('is never for a POST, for nobody, or for a caller that asks about itself', () => {
    const post = read(forwarded('/', { 'x-forwarded-method': 'POST' })).target;
    expect(ask(navigation, ann.exp - 1, known, post)).toBe(false);
    expect(ask(navigation, ann.exp - 1, { kind: 'nobody', why: 'expired' })).toBe(false);
    expect(isTimeToRenew(known, undefined, () => 'navigate', start + 1800, 600)).toBe(false);
  });
});
