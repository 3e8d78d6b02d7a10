import { beforeEach, describe, expect, it } from 'vitest';
import { asSubject, asUserId } from '../../shared/identity.ts';
import { claimsAsStrings, type PersonClaims } from '../../shared/permissions/claims.ts';
import { createMemoryDirectory, type MemoryDirectory } from '../../shared/users/memory.ts';
import type { Provider, ProviderAnswer } from '../provider/openid.ts';
import { resolvePerson } from './start.ts';

const identity = { provider: 'pool', subject: asSubject('ann') };
const permissions = Array.from({ length: 400 }, (_, i) => `resource-${i}:read`);
let users: MemoryDirectory;
let uid: string;

beforeEach(() => {
  users = createMemoryDirectory({ providers: [{ id: 'pool', trustedEmailDomains: [] }] });
  uid = users.add({ identity, roles: ['editor'], permissions });
});

const resolve = (claims: object) => {
  const answer = { identity, claims } as unknown as ProviderAnswer;
  const pool = { config: { id: 'pool', triggers: true } } as unknown as Provider;
  return resolvePerson(answer, { providers: new Map([['pool', pool]]), users });
};

describe('a token of a pool with our trigger', () => {
  it.each<[string, (id: PersonClaims['uid']) => object]>([
    ['permissions, as lists', (id) => ({ uid: id, roles: ['editor'], perm_v: 1 })],
    ['permissions, as strings', (id) => claimsAsStrings({ uid: id, roles: ['editor'], perm_v: 1 })],
    ['roles too', (id) => ({ uid: id, perm_v: 1 })],
  ])('from which something was left out for its size is completed by the directory: %s', async (_, claims) => {
    const person = await resolve(claims(asUserId(uid)));
    expect(person).toMatchObject({ uid, roles: ['editor'], permissionVersion: 1 });
    expect(person.permissions).toHaveLength(400);
  });

  it('that carries everything is taken at its word', async () => {
    const whole = { uid: asUserId('elsewhere'), roles: ['editor'], permissions: ['notes:read'], perm_v: 3 };
    expect(await resolve(whole)).toEqual({
      uid: 'elsewhere',
      roles: ['editor'],
      permissions: ['notes:read'],
      permissionVersion: 3,
    });
  });

  it.each([
    ['unverified', false, 'ann@acme.test'],
    ['unverified, as a string', 'false', 'ann@acme.test'],
    ['verified', true, 'victim@acme.test'],
    ['verified, as a string', 'true', 'victim@acme.test'],
    ['neither', undefined, 'victim@acme.test'],
  ])('whose email is %s: only what nobody calls unverified goes before the row', async (_, verified, email) => {
    const row = users.add({ identity: { provider: 'pool', subject: asSubject('eve') }, email: 'ann@acme.test' });
    const everything = { uid: row, roles: ['editor'], permissions: ['notes:read'], perm_v: 3 };
    const claims = {
      ...everything,
      email: 'victim@acme.test',
      ...(verified === undefined ? {} : { email_verified: verified }),
    };
    expect((await resolve(claims)).email).toBe(email);
  });

  it.each<[string, object, string]>([
    ['says nothing of the person, as under degrade', {}, 'account_unknown'],
    ['has lost its uid and names roles', { roles: ['admin'], perm_v: 1 }, 'account_unknown'],
    ['has permissions and no roles', { uid: '1', permissions: ['users:manage'], perm_v: 1 }, 'account_unknown'],
    ['leaves out what nobody has', { uid: 'gone', perm_v: 1 }, 'account_unknown'],
  ])('that %s means nobody', async (_, claims, code) => {
    await expect(resolve(claims)).rejects.toMatchObject({ code });
  });

  it('means nobody once the person is disabled', async () => {
    users.change(asUserId(uid), { state: 'disabled' });
    await expect(resolve({ uid, perm_v: 1 })).rejects.toMatchObject({ code: 'account_disabled' });
  });
});
