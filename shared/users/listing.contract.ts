import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { asSubject, asUserId, type Identity, type UserId } from '../identity.ts';
import type { DirectoryUnderTest, TableUnderTest } from './directory.contract.ts';
import type { ListedPerson, PersonState } from './directory.ts';

const someone = (): Identity => ({ provider: 'pool', subject: asSubject(randomUUID()) });
const address = () => `p${randomUUID().slice(0, 13)}@acme.test`;

/** What `page`, `among` and `amend` of every directory promise: a part of `directory.contract.ts`. */
export function listingContract(table: TableUnderTest, under: () => DirectoryUnderTest): void {
  async function everybody(limit: number): Promise<ListedPerson[][]> {
    const pages: ListedPerson[][] = [];
    for (let after: UserId | undefined; ; ) {
      const { people, next } = await under().directory.page({ limit, ...(after && { after }) });
      pages.push([...people]);
      if (next === undefined) return pages;
      after = next;
    }
  }
  const one = async (id: UserId) => {
    const found = (await everybody(100)).flat().filter((person) => person.id === id);
    expect(found).toHaveLength(1);
    return found[0] as ListedPerson;
  };

  describe('listing', () => {
    it('gives everybody once, with and without an identity, whatever the size of the page', async () => {
      const identities = Array.from({ length: 9 }, (_, i) => (i % 3 === 0 ? undefined : someone()));
      const added = new Map<UserId, Identity | undefined>();
      for (const identity of identities) {
        added.set(await under().add({ ...(identity && { identity }), email: address() }), identity);
      }
      const orders = [];
      for (const limit of [1, 4, 100]) {
        const pages = await everybody(limit);
        expect(pages.slice(0, -1).every((page) => page.length === limit)).toBe(true);
        const mine = pages.flat().filter(({ id }) => added.has(id));
        expect(mine).toHaveLength(9);
        for (const person of mine) {
          expect({ provider: person.provider, subject: person.subject }).toEqual({
            provider: added.get(person.id)?.provider,
            subject: added.get(person.id)?.subject,
          });
        }
        orders.push(pages.flat().map(({ id }) => id));
      }
      expect(orders[1]).toEqual(orders[0]);
      expect(orders[2]).toEqual(orders[0]);
    });

    it('goes on where it was, whoever comes and goes in between', async () => {
      const first = await under().directory.page({ limit: 3 });
      const gone = first.people.at(-1)?.id ?? asUserId('');
      const before = (await everybody(100)).flat().map(({ id }) => id);
      await under().remove(gone);
      const { people } = await under().directory.page({ limit: 3, ...(first.next && { after: first.next }) });
      expect(people.map(({ id }) => id)).toEqual(before.slice(3, 6));
    });

    it('ends with a page that has no next', async () => {
      const count = (await everybody(100)).flat().length;
      expect(await under().directory.page({ limit: count })).not.toHaveProperty('next');
      expect(await under().directory.page({ limit: count - 1 })).toHaveProperty('next');
    });

    it.each(['', 'x\0', '1 or 1=1', '99999999999999999999'])('gives nobody behind %j, or somebody', async (after) => {
      const { people } = await under().directory.page({ limit: 2, after: asUserId(after) });
      expect(people.length).toBeLessThanOrEqual(2);
    });

    if (table.states) {
      it.each<PersonState>(['active', 'disabled', 'deleted'])('tells who is %s', async (state) => {
        expect(await one(await under().add({ identity: someone(), state }))).toMatchObject({ state });
      });
    }
  });

  describe('looking for many at once', () => {
    it('finds those that are there, and nobody else', async () => {
      const [ann, bob, eve] = [someone(), someone(), someone()];
      const email = address();
      const ids = [await under().add({ identity: ann, email }), await under().add({ identity: bob })];
      const subjects = [ann, bob, eve].map(({ subject }) => subject);
      const odd = ['', '\0', `' or '1'='1`, 'x'.repeat(300)].map(asSubject);
      const found = await under().directory.among('pool', [...subjects, ...odd]);
      expect(found.map(({ id }) => id).sort()).toEqual([...ids].sort());
      expect(found.find(({ id }) => id === ids[0])).toMatchObject({ provider: 'pool', subject: ann.subject, email });
      expect(await under().directory.among('evil', subjects)).toEqual([]);
      expect(await under().directory.among('pool', [])).toEqual([]);
      if (table.severalProviders) expect(await under().directory.among('other', subjects)).toEqual([]);
    });
  });

  describe('amending', () => {
    it('writes an email, once', async () => {
      const id = await under().add({ identity: someone(), email: address() });
      const before = await one(id);
      const email = address();
      expect(await under().directory.amend(before, { email })).toEqual({ kind: 'changed' });
      expect(await under().directory.findById(id)).toMatchObject({ email, state: 'active' });
      expect(await under().directory.amend(before, { email: address() })).toEqual({ kind: 'overtaken' });
      expect(await under().directory.findById(id)).toMatchObject({ email });
    });

    it('writes an email where there was none', async () => {
      const id = await under().add({ identity: someone() });
      const email = address();
      expect(await under().directory.amend(await one(id), { email })).toEqual({ kind: 'changed' });
      expect(await under().directory.findById(id)).toMatchObject({ email });
    });

    it.each<[string, (theirs: string) => string, object]>([
      ['of another row', (theirs) => theirs, { kind: 'refused', why: 'email_taken' }],
      ['of another row in capitals', (theirs) => theirs.toUpperCase(), { kind: 'refused', why: 'email_taken' }],
      ['that is none', () => 'ann', { kind: 'refused', why: 'row_refused' }],
    ])('refuses an email %s', async (_, said, outcome) => {
      const theirs = address();
      await under().add({ email: theirs });
      const id = await under().add({ identity: someone(), email: address() });
      const before = await one(id);
      expect(await under().directory.amend(before, { email: said(theirs) })).toMatchObject(outcome);
      expect(await one(id)).toEqual(before);
    });

    it('gives one email to one of several at once', async () => {
      const email = address();
      const people = [];
      for (let i = 0; i < 5; i++) people.push(await one(await under().add({ identity: someone(), email: address() })));
      const outcomes = await Promise.all(people.map((person) => under().directory.amend(person, { email })));
      expect(outcomes.filter(({ kind }) => kind === 'changed')).toHaveLength(1);
      expect(await under().countByEmail(email)).toBe(1);
    });

    it('does nothing to a row that is gone', async () => {
      const id = await under().add({ identity: someone() });
      const before = await one(id);
      await under().remove(id);
      expect(await under().directory.amend(before, { email: address() })).toEqual({ kind: 'overtaken' });
    });

    if (table.states && table.writesStates === false) {
      it.each(['disabled', 'deleted'] as const)('says that it may not write who is %s', async (state) => {
        const before = await one(await under().add({ identity: someone() }));
        const outcome = await under().directory.amend(before, { state });
        // a type that has no such value says so before the rights are looked at
        expect(outcome).toMatchObject({ kind: 'refused', why: expect.stringMatching(/^(not_allowed|row_refused)$/) });
        expect(await one(before.id)).toEqual(before);
      });
    }

    if (table.states && table.writesStates !== false) {
      it('marks somebody deleted, calls their claims in, and does so once', async () => {
        const id = await under().add({ identity: someone(), email: address() });
        const before = await one(id);
        const version = (await under().directory.findById(id))?.permissionVersion ?? 0;
        expect(await under().directory.amend(before, { state: 'deleted' })).toEqual({ kind: 'changed' });
        const after = await under().directory.findById(id);
        expect(after).toMatchObject({ state: 'deleted' });
        expect(after?.permissionVersion).toBeGreaterThan(version);
        expect(await under().directory.amend(before, { state: 'deleted' })).toEqual({ kind: 'overtaken' });
      });

      it('disables somebody, or says that the table has no such word', async () => {
        const id = await under().add({ identity: someone() });
        const outcome = await under().directory.amend(await one(id), { state: 'disabled' });
        const person = await under().directory.findById(id);
        if (outcome.kind === 'changed') expect(person).toMatchObject({ state: 'disabled' });
        else expect([outcome, person]).toMatchObject([{ why: 'row_refused' }, { state: 'active' }]);
      });
    }
  });
}
