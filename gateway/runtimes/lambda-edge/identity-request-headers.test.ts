import { describe, expect, it } from 'vitest';
import { ann } from '../../check/check.testing.ts';
import { identityHeaders, passHeaders } from '../../check/identity-headers.ts';
import type { CloudFrontHeaders } from './event.ts';
import { createImposeIdentity } from './identity-request-headers.ts';

const families = ['remote', 'x-auth-request'] as const;
const listOf = (headers: (typeof families)[number], who: Parameters<typeof passHeaders>[1]) =>
  passHeaders({ headers, identityJwt: false }, who);
const sent = (names: readonly string[]): CloudFrontHeaders =>
  Object.fromEntries(names.map((name) => [name, [{ key: name, value: 'mallory' }]]));

describe.each(families)('identity headers of the family %s', (family) => {
  const impose = createImposeIdentity(family);

  it.each([
    ['somebody', ann],
    ['nobody', undefined],
  ])('are all of the family for %s, by lower-case name and as they are written', (_, who) => {
    const headers: CloudFrontHeaders = { host: [{ key: 'Host', value: 'docs.acme.test' }] };
    impose(headers, listOf(family, who));
    const expected: CloudFrontHeaders = { host: [{ key: 'Host', value: 'docs.acme.test' }] };
    const flat = identityHeaders({ headers: family, identityJwt: false }, who);
    for (let i = 0; i < flat.length; i += 2) {
      const [key = '', value = ''] = flat.slice(i, i + 2);
      expected[key.toLowerCase()] = [{ key, value }];
    }
    expect(Object.keys(expected)).toHaveLength(5);
    expect(headers).toEqual(expected);
  });

  it.each([
    ['of both families', ['remote-user', 'remote-email', 'x-auth-request-email', 'identity-token']],
    ['with underscores and dots', ['remote_user', 'remote.groups', 'x_auth.request-user', 'identity_token']],
    ['in capitals, which CloudFront never sends', ['Remote-User', 'X-AUTH-REQUEST-GROUPS', 'Identity-Token']],
  ])('replace those %s that a viewer sent', (_, names) => {
    for (let i = 0; i < 3; i++) {
      const headers = { ...sent(names), 'x-other': [{ key: 'X-Other', value: 'theirs' }] };
      impose(headers, listOf(family, ann));
      expect(JSON.stringify(headers)).not.toContain('mallory');
      expect(headers['x-other']).toEqual([{ key: 'X-Other', value: 'theirs' }]);
    }
  });

  it('leave names alone that only begin alike, or begin beyond ASCII', () => {
    const names = ['remote', 'remote-username', 'x-auth-request', 'identity-tokens', 'r', 'x', '\u{172}emote-user', ''];
    const headers = sent(names);
    impose(headers, listOf(family, ann));
    for (const name of names) expect(headers[name], name).toEqual([{ key: name, value: 'mallory' }]);
  });

  it('are of one list for many requests, which nobody can alter', () => {
    const list = listOf(family, ann);
    const [first, second]: [CloudFrontHeaders, CloudFrontHeaders] = [{}, {}];
    impose(first, list);
    for (const [name, values] of Object.entries(first)) {
      const writable = values as { key?: string; value: string }[];
      expect(() => writable.push({ key: name, value: 'mallory' })).toThrow(TypeError);
      expect(() => {
        writable[0] = { key: name, value: 'mallory' };
      }).toThrow(TypeError);
      expect(() => {
        if (writable[0]) writable[0].value = 'mallory';
      }).toThrow(TypeError);
      first[name] = [{ key: name, value: 'mallory' }];
    }
    impose(second, list);
    expect(JSON.stringify(second)).toContain(ann.uid);
    expect(JSON.stringify(second)).not.toContain('mallory');
  });
});
