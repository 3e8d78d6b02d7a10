import { describe, expect, it } from 'vitest';
import { asUserId } from '../identity.ts';
import type { Person } from '../users/directory.ts';
import { claimsAsStrings, claimsOf, claimsSize, fitClaims, readPersonClaims } from './claims.ts';

const ann: Person = {
  id: asUserId('0198c0de-0000-7000-8000-000000000001'),
  state: 'active',
  email: 'ann@acme.test',
  roles: ['admin', 'team:notes'],
  permissions: ['notes:read', 'notes:write'],
  permissionVersion: 7,
};
const claims = { uid: ann.id, roles: ann.roles, permissions: ann.permissions, perm_v: 7 };

describe('claims of a person', () => {
  it('are the id, roles, permissions and their version, and nothing personal', () => {
    expect(claimsOf(ann)).toEqual(claims);
  });

  it('are strings alone for V1', () => {
    expect(claimsAsStrings(claimsOf(ann))).toEqual({
      uid: ann.id,
      roles: 'admin team:notes',
      permissions: 'notes:read notes:write',
      perm_v: '7',
    });
  });

  it.each([
    ['as lists', claims],
    ['as strings', claimsAsStrings(claims)],
    ['in a token that carries more', { sub: 'x', iss: 'y', ...claims }],
  ])('come back %s', (_, payload) => {
    expect(readPersonClaims({ ...payload })).toEqual(claims);
  });

  const { permissions: _permissions, ...withRoles } = claims;
  const bare = { uid: claims.uid, perm_v: 7 };
  it.each([
    ['permissions, as lists', withRoles, withRoles],
    ['permissions, as strings', claimsAsStrings(withRoles), withRoles],
    ['roles too, as lists', bare, bare],
    ['roles too, as strings', claimsAsStrings(bare), bare],
  ])('say by absence that something was left out: %s', (_, payload, expected) => {
    expect(readPersonClaims({ ...payload })).toEqual(expected);
  });

  it('tell no permissions from permissions left out', () => {
    const none = claimsAsStrings({ ...claims, roles: [], permissions: [] });
    expect(readPersonClaims({ ...none })).toEqual({ ...claims, roles: [], permissions: [] });
  });
});

describe('claims that mean nobody', () => {
  it.each<[string, Record<string, unknown>]>([
    ['an empty payload', {}],
    ['no uid', { ...claims, uid: undefined }],
    ['an empty uid', { ...claims, uid: '' }],
    ['a number as uid', { ...claims, uid: 1 }],
    ['a uid in a list', { ...claims, uid: ['1'] }],
    ['a uid with NUL', { ...claims, uid: '1\0' }],
    ['a uid with a line break', { ...claims, uid: '1\r\nRemote-User: 2' }],
    ['a uid with half a surrogate pair', { ...claims, uid: '\ud800' }],
    ['a uid of 256 characters', { ...claims, uid: 'x'.repeat(256) }],
    ['permissions without roles', { ...claims, roles: undefined }],
    ['roles that are null', { ...claims, roles: null }],
    ['roles alone', { roles: claims.roles }],
    ['roles as an object', { ...claims, roles: { 0: 'admin' } }],
    ['a role that is no string', { ...claims, roles: ['admin', 1] }],
    ['a role with a comma', { ...claims, roles: ['admin,owner'] }],
    ['a role with a line break at its end', { ...claims, roles: ['admin\n'] }],
    ['a role of 65 characters', { ...claims, roles: ['a'.repeat(65)] }],
    ['a role in Cyrillic letters', { ...claims, roles: ['аdmin'] }],
    ['two spaces between roles', { ...claims, roles: 'admin  owner' }],
    ['a tab between roles', { ...claims, roles: 'admin\towner' }],
    ['JSON in a string', { ...claims, roles: '["admin"]' }],
    ['a permission without colon', { ...claims, permissions: ['notes'] }],
    ['a permission with two colons', { ...claims, permissions: ['notes:read:all'] }],
    ['a permission with an empty part', { ...claims, permissions: ['notes:'] }],
    ['a permission with a no-break space', { ...claims, permissions: ['notes:re\u00a0ad'] }],
    ['a permission with a zero-width space', { ...claims, permissions: ['notes:re\u200bad'] }],
    ['a permission part of 65 characters', { ...claims, permissions: [`notes:${'r'.repeat(65)}`] }],
    ['null permissions', { ...claims, permissions: null }],
    ['no version', { ...claims, perm_v: undefined }],
    ['version 0', { ...claims, perm_v: 0 }],
    ['a negative version', { ...claims, perm_v: '-1' }],
    ['a fractional version', { ...claims, perm_v: 1.5 }],
    ['a version in hex', { ...claims, perm_v: '0x7' }],
    ['an endless version', { ...claims, perm_v: Number.POSITIVE_INFINITY }],
    ['a version past what a number holds', { ...claims, perm_v: '9'.repeat(16) }],
  ])('%s', (_, payload) => {
    expect(readPersonClaims(payload)).toBeUndefined();
  });
});

describe('size of claims', () => {
  it('is that of their part of a token', () => {
    const bytes = Buffer.from(JSON.stringify(claims)).toString('base64url').length;
    expect(claimsSize(claims)).toBe(bytes);
  });

  it('counts bytes, not characters', () => {
    expect(claimsSize({ ...claims, uid: asUserId('ü') })).toBeGreaterThan(
      claimsSize({ ...claims, uid: asUserId('u') }),
    );
  });
});

describe('claims and a budget', () => {
  const names = (count: number, name: string) => Array.from({ length: count }, (_, i) => `${name}-${i}:read`);
  const many = { ...claims, permissions: names(400, 'resource') };
  const heaps = { ...many, roles: names(300, 'team') };
  const { permissions: _gone, ...rolesLeft } = many;

  it.each(['lists', 'strings'] as const)('%s: all of them fit, up to the last byte', (form) => {
    const size = claimsSize(form === 'strings' ? claimsAsStrings(claims) : claims);
    expect(fitClaims(claims, size, form)).toEqual({ claims, size, leftOut: [] });
    expect(fitClaims(claims, size - 1, form)).toMatchObject({ leftOut: ['permissions'] });
  });

  it('400 permissions: left out whole, the roles stay', () => {
    expect(fitClaims(many, 2048, 'lists')).toEqual({
      claims: rolesLeft,
      size: claimsSize(rolesLeft),
      leftOut: ['permissions'],
    });
  });

  it('300 roles: left out as well, and never cut short', () => {
    const { claims: left, leftOut, size } = fitClaims(heaps, 2048, 'lists');
    expect({ left, leftOut }).toEqual({ left: { uid: ann.id, perm_v: 7 }, leftOut: ['permissions', 'roles'] });
    expect(size).toBeLessThan(120);
  });

  it('few permissions do not stand in for 300 roles', () => {
    expect(fitClaims({ ...heaps, permissions: ['notes:read'] }, 2048, 'lists').claims).not.toHaveProperty(
      'permissions',
    );
  });

  it('an id that is over the budget by itself stays: without it the token says nobody', () => {
    const long = { ...claims, uid: asUserId('x'.repeat(255)) };
    expect(fitClaims(long, 256, 'lists').claims).toEqual({ uid: long.uid, perm_v: 7 });
  });

  it('strings take less room than lists, so more fits', () => {
    const size = claimsSize(claimsAsStrings(many));
    expect(fitClaims(many, size, 'strings').leftOut).toEqual([]);
    expect(fitClaims(many, size, 'lists').leftOut).toEqual(['permissions']);
  });

  it.each([many, heaps])('what is left is read back as it is', (all) => {
    const { claims: left } = fitClaims(all, 2048, 'lists');
    expect(readPersonClaims({ ...left })).toEqual(left);
  });
});
