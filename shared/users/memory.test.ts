import { expect, it } from 'vitest';
import { asSubject, asUserId } from '../identity.ts';
import { directoryContract, providersUnderTest } from './directory.contract.ts';
import { createMemoryDirectory } from './memory.ts';

directoryContract('the directory in memory', { states: true, severalProviders: true }, async () => {
  const users = { linkLegacyRows: true };
  const directory = createMemoryDirectory({ users, providers: providersUnderTest });
  const strict = createMemoryDirectory({ providers: providersUnderTest });
  const granted = new Map<string, readonly string[]>();
  return {
    directory,
    strict,
    // People from before stand in both, for the strict one shares no memory.
    add: async (row) => {
      const id = directory.add(row);
      strict.add({ ...row, id });
      return id;
    },
    grant: async (id, role, permissions) => {
      granted.set(role, permissions);
      const person = await directory.findById(id);
      const roles = [...(person?.roles ?? []), role];
      directory.change(id, { roles, permissions: roles.flatMap((one) => granted.get(one) ?? []) });
    },
    revoke: async (id, role) => {
      const person = await directory.findById(id);
      const roles = (person?.roles ?? []).filter((one) => one !== role);
      directory.change(id, { roles, permissions: roles.flatMap((one) => granted.get(one) ?? []) });
    },
    remove: async (id) => directory.remove(id),
    countByEmail: async (email) => directory.count((person) => person.email === email),
    lastLogin: async (id) => directory.lastLogin(id),
    close: async () => {},
  };
});

it('can be switched off and on', async () => {
  const directory = createMemoryDirectory({ people: [{ id: '1' }] });
  directory.setAvailable(false);
  const identity = { provider: 'pool', subject: asSubject('s') };
  for (const call of [
    () => directory.ping(),
    () => directory.findByIdentity(identity),
    () => directory.heal(identity, { emailVerified: false }),
    () => directory.recordSignIn(identity, { at: 1 }),
    () => directory.page({ limit: 1 }),
    () => directory.among('pool', [identity.subject]),
    () => directory.amend({ id: asUserId('1'), state: 'active' }, { state: 'disabled' }),
  ]) {
    await expect(call()).rejects.toMatchObject({ code: 'directory_unavailable' });
  }
  directory.setAvailable(true);
  await expect(directory.ping()).resolves.toBeUndefined();
});
