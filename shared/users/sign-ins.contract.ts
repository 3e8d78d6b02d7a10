import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Seconds } from '../clock.ts';
import { asSubject, type Identity } from '../identity.ts';
import type { DirectoryUnderTest, TableUnderTest } from './directory.contract.ts';
import type { IdentityAttributes, PersonState } from './directory.ts';

const someone = (): Identity => ({ provider: 'pool', subject: asSubject(randomUUID()) });
const address = () => `p${randomUUID().slice(0, 13)}@acme.test`;
const verified = (email: string, name = 'Ann Example'): IdentityAttributes => ({ email, emailVerified: true, name });

/** After every row that a test makes. */
const later: Seconds = 4_000_000_000;

/** What `recordSignIn` of every directory promises: a part of `directory.contract.ts`. */
export function signInContract(table: TableUnderTest, under: () => DirectoryUnderTest): void {
  const record = (identity: Identity, at: Seconds, attributes?: IdentityAttributes) =>
    under().directory.recordSignIn(identity, { at, ...(attributes && { attributes }) });
  const look = async (identity: Identity) => {
    const person = await under().directory.findByIdentity(identity);
    return { email: person?.email, name: person?.name, at: person && (await under().lastLogin(person.id)) };
  };
  const known = async (email = address(), name = 'Ann Example') => {
    const identity = someone();
    const id = await under().add({ identity, email, name });
    return { identity, id, email };
  };

  describe('recording a sign-in', () => {
    it('writes the time and the profile', async () => {
      const { identity } = await known();
      const email = address();
      expect(await record(identity, later, verified(email, 'Ann Newname'))).toBe('applied');
      expect(await look(identity)).toEqual({ email, name: 'Ann Newname', at: later });
    });

    it('once, though it is told twice', async () => {
      const { identity } = await known();
      const said = verified(address(), 'Ann Newname');
      expect(await record(identity, later, said)).toBe('applied');
      const first = await look(identity);
      expect(await record(identity, later, said)).toBe('stale');
      expect(await look(identity)).toEqual(first);
    });

    it('never puts an older one over a newer one', async () => {
      const { identity } = await known();
      const email = address();
      expect(await record(identity, later + 1, verified(email, 'New'))).toBe('applied');
      expect(await record(identity, later, verified(address(), 'Old'))).toBe('stale');
      expect(await look(identity)).toEqual({ email, name: 'New', at: later + 1 });
    });

    it('comes out the same in any order, and all at once', async () => {
      const { identity } = await known();
      const times = [3, 1, 4, 0, 5, 9, 2, 6, 8, 7];
      const outcomes = await Promise.all(
        times.map((n) => record(identity, later + n, verified(address(), `Ann ${n}`))),
      );
      expect(outcomes).toContain('applied');
      expect(await look(identity)).toMatchObject({ name: 'Ann 9', at: later + 9 });
    });

    it('leaves the profile alone where it says nothing of it', async () => {
      const { identity, email } = await known();
      expect(await record(identity, later + 1)).toBe('applied');
      expect(await look(identity)).toEqual({ email, name: 'Ann Example', at: later + 1 });
      expect(await record(identity, later, { emailVerified: false, name: 'Ann Newname' })).toBe('applied');
      expect(await look(identity)).toEqual({ email, name: 'Ann Newname', at: later + 1 });
      expect(await record(identity, later + 2, { emailVerified: false })).toBe('applied');
      expect(await look(identity)).toEqual({ email, name: 'Ann Newname', at: later + 2 });
    });

    it('does not bring back a profile from before the row', async () => {
      const identity = someone();
      const email = address();
      await under().directory.heal(identity, verified(email, 'Ann New'));
      expect(await record(identity, 1000, verified(address(), 'Ann Old'))).toBe('applied');
      expect(await look(identity)).toEqual({ email, name: 'Ann New', at: 1000 });
    });

    it('never makes a row', async () => {
      const identity = someone();
      const email = address();
      expect(await record(identity, later, verified(email))).toBe('unknown');
      expect(await under().directory.findByIdentity(identity)).toBeUndefined();
      expect(await under().countByEmail(email)).toBe(0);
    });

    it('never finds anybody by email', async () => {
      const legacy = address();
      const id = await under().add({ email: legacy, name: 'Of Old' });
      expect(await record(someone(), later, verified(legacy, 'Eve'))).toBe('unknown');
      expect(await under().directory.findById(id)).toMatchObject({ name: 'Of Old' });
      expect(await under().lastLogin(id)).toBeUndefined();
    });

    it.each([
      ['a provider that is not configured', { provider: 'evil' }],
      ['no subject', { subject: asSubject('') }],
      ['NUL', { subject: asSubject('a\0b') }],
      ['quotes', { subject: asSubject(`' or '1'='1`) }],
      ['much', { subject: asSubject('x'.repeat(100_000)) }],
    ])('knows nobody for %s', async (_, changes) => {
      const { identity } = await known();
      expect(await record({ ...identity, ...changes }, later)).toBe('unknown');
    });

    if (table.states) {
      it.each<PersonState>(['disabled', 'deleted'])('leaves a row that is %s as it is', async (state) => {
        const identity = someone();
        const id = await under().add({ identity, email: address(), name: 'Ann Example', state });
        const before = await under().directory.findById(id);
        expect(await record(identity, later, verified(address(), 'Ann Newname'))).toBe('stale');
        expect(await under().directory.findById(id)).toEqual(before);
        expect(await under().lastLogin(id)).toBeUndefined();
      });
    }

    it.each<[string, (theirs: string) => IdentityAttributes]>([
      ['unverified', () => ({ email: address(), emailVerified: false, name: 'Ann Newname' })],
      ['no email', () => verified('ann', 'Ann Newname')],
      ['one with NUL', () => verified('ann\0@acme.test', 'Ann Newname')],
      ['somebody else’s', (theirs) => verified(theirs, 'Ann Newname')],
      ['somebody else’s in capitals', (theirs) => verified(theirs.toUpperCase(), 'Ann Newname')],
    ])('keeps the email where the new one is %s; the rest is written', async (_, said) => {
      const { identity, email } = await known();
      const other = await known();
      expect(await record(identity, later, said(other.email))).toBe('applied');
      expect(await look(identity)).toEqual({ email, name: 'Ann Newname', at: later });
      expect(await look(other.identity)).toMatchObject({ email: other.email, at: undefined });
    });

    it('keeps the email where the new one is that of a row from before', async () => {
      const { identity, email } = await known();
      const legacy = address();
      await under().add({ email: legacy });
      expect(await record(identity, later, verified(legacy))).toBe('applied');
      expect(await look(identity)).toMatchObject({ email, at: later });
    });

    it('gives a new email to one of several who come with it at once', async () => {
      const email = address();
      const people = await Promise.all(Array.from({ length: 6 }, () => known()));
      await Promise.all(people.map(({ identity }) => record(identity, later, verified(email))));
      expect(await under().countByEmail(email)).toBe(1);
    });

    it('writes the same email in other letters', async () => {
      const { identity, email } = await known();
      await record(identity, later, verified(email.toUpperCase()));
      expect(await look(identity)).toMatchObject({ email: email.toUpperCase() });
    });

    it('changes neither who is found nor what they may do', async () => {
      const { identity, id } = await known();
      const before = await under().directory.standing(identity);
      await record(identity, later, verified(address(), 'Ann Newname'));
      expect(await under().directory.standing(identity)).toEqual(before);
      expect(before).toMatchObject({ id });
    });

    it.each([
      ['SQL', `'); drop table people; --`, `'); drop table people; --`],
      ['a column of the statement', `x', state = 'deleted`, `x', state = 'deleted`],
      ['NUL', 'Ann\0 Example', 'Ann Example'],
      ['emoji', 'Ann 🦊👩‍🚀', 'Ann 🦊👩‍🚀'],
      ['line breaks', 'Ann\r\nX-Admin: yes', 'Ann X-Admin: yes'],
      ['half a surrogate pair', 'Ann\ud83d', 'Ann'],
      ['100,000 characters', 'x'.repeat(100_000), 'x'.repeat(100)],
    ])('cleans a name with %s', async (_, said, kept) => {
      const { identity } = await known(address(), 'Before');
      expect(await record(identity, later, { emailVerified: false, name: said })).toBe('applied');
      expect(await look(identity)).toMatchObject({ name: kept });
    });
  });
}
