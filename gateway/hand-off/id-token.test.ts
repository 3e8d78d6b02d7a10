import { describe, expect, it } from 'vitest';
import { asSessionId } from '../../shared/identity.ts';
import { claimsFor, grantedScope } from './claims.ts';
import { clientSid } from './id-token.ts';

describe('what a client calls a session', () => {
  const sid = asSessionId('q83vEjRWeJq83vEjRWeJqw');

  it('is the same each time, and neither our name for it nor another client’s', () => {
    expect(clientSid(sid, 'globex')).toBe(clientSid(sid, 'globex'));
    expect(clientSid(sid, 'globex')).toMatch(/^[\w-]{43}$/);
    expect(clientSid(sid, 'globex')).not.toContain(sid);
    expect(clientSid(sid, 'initech')).not.toBe(clientSid(sid, 'globex'));
    expect(clientSid(asSessionId('another'), 'globex')).not.toBe(clientSid(sid, 'globex'));
  });
});

describe('scopes', () => {
  it.each<[string, string | undefined]>([
    ['openid', 'openid'],
    ['profile openid', 'openid profile'],
    ['openid offline_access made-up', 'openid'],
    ['openid openid', 'openid'],
    ['openid email profile roles permissions', 'openid email profile roles permissions'],
    ['email', undefined],
    ['', undefined],
    ['OPENID', undefined],
    ['openidx', undefined],
    ['openid,email', undefined],
  ])('%j grants %j', (asked, granted) => expect(grantedScope(asked)).toBe(granted));

  const ann = {
    ...({ id: 'a' as never, state: 'active', name: 'Ann', roles: ['admin'], permissions: ['x:y'] } as const),
    permissionVersion: 3,
  };
  it.each<[string, ('email' | 'name' | 'roles' | 'permissions')[], object]>([
    ['openid', ['email', 'name'], {}],
    ['openid profile', ['email', 'name'], { name: 'Ann' }],
    ['openid profile', [], {}],
    ['openid email', ['email'], {}],
    ['openid roles', ['name'], {}],
    ['openid roles permissions', ['roles', 'permissions'], { roles: ['admin'], permissions: ['x:y'] }],
  ])('%j of an app that may have %j', (scope, claims, told) => expect(claimsFor(ann, scope, { claims })).toEqual(told));
});
