import { describe, expect, it } from 'vitest';
import type { PreTokenVersion } from './settings.ts';
import { applyClaims, applyScopes, readTokenChanges } from './token-changes.ts';

const v1 = (details: unknown) => readTokenChanges('V1_0', { claimsOverrideDetails: details });
const v2 = (details: unknown) => readTokenChanges('V2_0', { claimsAndScopeOverrideDetails: details });

describe('an answer that changes nothing', () => {
  it.each<[string, PreTokenVersion, unknown]>([
    ['null details', 'V1_0', { claimsOverrideDetails: null }],
    ['null details', 'V2_0', { claimsAndScopeOverrideDetails: null }],
    ['an empty response', 'V3_0', {}],
    ['no trigger at all', 'V1_0', undefined],
    [
      'the other version’s field',
      'V1_0',
      { claimsAndScopeOverrideDetails: { idTokenGeneration: { claimsToSuppress: ['email'] } } },
    ],
    ['the other version’s field', 'V2_0', { claimsOverrideDetails: { claimsToSuppress: ['email'] } }],
  ])('%s in %s', (_, version, response) => {
    const changes = readTokenChanges(version, response);
    expect(changes).toMatchObject({
      id: { add: {}, suppress: [] },
      access: { add: {}, suppress: [] },
      scopesToAdd: [],
    });
    expect(changes).not.toHaveProperty('groups');
  });
});

describe('claims', () => {
  it('of V1 go to the ID token alone', () => {
    const changes = v1({ claimsToAddOrOverride: { uid: '7' }, claimsToSuppress: ['email'] });
    expect(changes.id).toEqual({ add: { uid: '7' }, suppress: ['email'] });
    expect(changes.access).toEqual({ add: {}, suppress: [] });
  });

  it('of V2 may be any JSON, in both tokens', () => {
    const add = { roles: ['admin'], org: { id: 7 }, n: 1, yes: true };
    const changes = v2({
      idTokenGeneration: { claimsToAddOrOverride: add },
      accessTokenGeneration: { claimsToAddOrOverride: add },
    });
    expect([changes.id.add, changes.access.add]).toEqual([add, add]);
  });

  it.each([
    ['a number in V1', () => v1({ claimsToAddOrOverride: { uid: 7 } })],
    ['a list in V1', () => v1({ claimsToAddOrOverride: { roles: ['a'] } })],
    [
      'an object as email_verified in V2',
      () => v2({ idTokenGeneration: { claimsToAddOrOverride: { email_verified: {} } } }),
    ],
    ['claims as a list', () => v2({ idTokenGeneration: { claimsToAddOrOverride: [] } })],
    ['a suppression that is no list', () => v2({ accessTokenGeneration: { claimsToSuppress: 'email' } })],
    ['a response that is text', () => readTokenChanges('V2_0', 'x')],
  ])('are refused as unrecognizable: %s', (_, read) => {
    expect(read).toThrow(/^Unrecognizable lambda output/);
  });

  it.each([
    'sub',
    'iss',
    'aud',
    'exp',
    'token_use',
    'cognito:username',
    'cognito:groups',
    'dev:x',
    'origin_jti',
    'nonce',
  ])('cannot override or suppress %s', (claim) => {
    const claims: Record<string, unknown> = { [claim]: 'mine' };
    expect(applyClaims(claims, { add: { [claim]: 'yours' }, suppress: [claim] })).toEqual([claim, claim]);
    expect(claims).toEqual({ [claim]: 'mine' });
  });

  it.each([
    ['may be the client’s id', 'gateway', { aud: 'gateway' }, []],
    ['may be nothing else', 'elsewhere', {}, ['aud']],
  ])('aud of an access token %s', (_, aud, expected, ignored) => {
    const claims = {};
    expect(applyClaims(claims, { add: { aud }, suppress: [] }, 'gateway')).toEqual(ignored);
    expect(claims).toEqual(expected);
  });

  it('that are both added and suppressed are gone', () => {
    const claims = { email: 'a@b.c' };
    applyClaims(claims, { add: { email: 'x', uid: 1 }, suppress: ['email'] });
    expect(claims).toEqual({ uid: 1 });
  });
});

describe('groups', () => {
  it.each([
    ['stay when the details are not there', {}, undefined],
    ['are removed by empty details', { groupOverrideDetails: {} }, []],
    ['are removed by null details', { groupOverrideDetails: null }, []],
    ['are removed by an empty list', { groupOverrideDetails: { groupsToOverride: [] } }, []],
    ['are replaced by a list', { groupOverrideDetails: { groupsToOverride: ['a'] } }, ['a']],
  ])('%s', (_, details, groups) => {
    expect(v1(details).groups).toEqual(groups);
    expect(v2(details).groups).toEqual(groups);
  });
});

describe('scopes', () => {
  it('are added and suppressed, suppression last, each once', () => {
    const changes = v2({
      accessTokenGeneration: { scopesToAdd: ['api/read', 'openid', 'x'], scopesToSuppress: ['x', 'email'] },
    });
    expect(applyScopes(['openid', 'email'], changes)).toEqual(['openid', 'api/read']);
  });
});
