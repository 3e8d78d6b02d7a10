import { describe, expect, it } from 'vitest';
import { changed, type Json, parsed, variants } from './parsed.testing.ts';
import { ruleRefusal } from './traefik-rule.testing.ts';
import { traefikRefusals } from './traefik-schema.testing.ts';

const printed = async (options?: readonly string[]): Promise<Json> => (await parsed('traefik', options))[0] ?? null;

it.each(variants)('is what Traefik can read: %s', async (_, options) => {
  expect(traefikRefusals(await printed(options))).toEqual([]);
});

const router = 'http/routers/notes_acme_com';
const asks = 'http/middlewares/notes_acme_com-crossgate/forwardAuth';
const addresses = 'http/middlewares/notes_acme_com-addresses/headers';
const server = 'http/services/notes_acme_com/loadBalancer';

describe('what Traefik would refuse is refused', () => {
  it.each<[string, string, Json | undefined, RegExp]>([
    [
      'a field that nobody knows',
      `${asks}/authResponseHeaderRegex`,
      '^remote-',
      /unknown field .*authResponseHeaderRegex/,
    ],
    ['another, which would believe anybody', `${asks}/trustForwardHeaders`, false, /unknown field/],
    [
      'a middleware that nobody knows',
      `${asks.replace('/forwardAuth', '/forwardauth')}`,
      {},
      /unknown field .*forwardauth/,
    ],
    ['headers of nobody', `${addresses}/customRequestHeader`, {}, /unknown field .*customRequestHeader/],
    ['two middlewares in one', `${addresses.replace('headers', 'compress')}`, {}, /not one middleware/],
    ['a truth in words', `${asks}/trustForwardHeader`, 'false', /trustForwardHeader must be boolean/],
    ['one header for a list', `${asks}/authRequestHeaders`, 'cookie', /must be array/],
    ['a header that is a number', `${addresses}/customRequestHeaders/X-Original-URL`, 1, /must be string/],
    ['nobody to ask', `${asks}/address`, undefined, /asks nobody/],
    ['an expression that Go has not', `${asks}/authResponseHeadersRegex`, '^(?!cookie)', /not of RE2/],
    ['an expression that nobody has', `${asks}/authResponseHeadersRegex`, '^(remote', /Unterminated|Invalid/],
    ['a router of no middlewares', `${router}/middlewares`, undefined, /middlewares: missing/],
    ['a router of none but by name', `${router}/middlewares`, [], /middlewares: no list/],
    ['a router of middlewares called otherwise', `${router}/middleware`, ['a'], /middleware: no such field/],
    ['a middleware that is not there', `${router}/middlewares/1`, 'notes_acme_com-crosgate', /no such middleware/],
    ['a service that is not there', `${router}/service`, 'notes', /no such service: notes/],
    ['a rule that does not end', `${router}/rule`, 'Host(`notes.acme.com`', /rule: \) expected/],
    ['a server of no address', `${server}/servers/0/url`, undefined, /url: missing/],
    ['a server of a path', `${server}/servers/0/url`, 'http://notes.apps:3000/x', /url: no origin/],
    ['no server', `${server}/servers`, [], /servers: no list/],
    ['a host in words', `${server}/passHostHeader`, 'true', /no truth value/],
    ['another provider', 'https', {}, /\/https: no such field/],
  ])('%s', async (_, path, value, says) => {
    expect(traefikRefusals(changed(await printed(), path, value)).join('\n')).toMatch(says);
  });
});

describe('a rule', () => {
  it.each([
    'Host(`a.b`)',
    'Host(`a.b`) && !HeaderRegexp(`Upgrade`, `(?i)h2c`)',
    '(Host("a") || PathPrefix(`/x`)) && Query(`a`) && !(Method(`GET`))',
  ])('%s', (rule) => {
    expect(ruleRefusal(rule)).toBe(undefined);
  });

  it.each([
    ['', /name expected/],
    ['Host(`a.b`) &&', /name expected/],
    ['Host(`a.b`) & Method(`GET`)', /cannot read/],
    ['Host(`a.b`) Method(`GET`)', /what is "Method" for/],
    ['(Host(`a.b`)', /\) expected/],
    ['Host(`a.b`))', /what is "\)" for/],
    ['Host(`a.b`', /\) expected/],
    ['Host(`a.b)', /text expected|cannot read/],
    ['Host(a.b)', /text expected|cannot read/],
    ['Host()', /text expected/],
    ['Host(`a`, `b`)', /Host of 2 values/],
    ['Headers(`a`, `b`)', /no such matcher: Headers/],
    ['HeaderRegexp(`a`)', /HeaderRegexp of 1 values/],
    ['HeaderRegexp(`a`, `(`)', /Unterminated|Invalid/],
    ['HeaderRegexp(`a`, `(?=b)`)', /not of RE2/],
    ['!', /name expected/],
  ])('%s is none', (rule, says) => {
    expect(ruleRefusal(rule)).toMatch(says);
  });
});
