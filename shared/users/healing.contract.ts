import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { asSubject } from '../identity.ts';
import { address, type DirectoryUnderTest, someone, type TableUnderTest, verified } from './directory.contract.ts';
import type { IdentityAttributes, PersonState, UserDirectory } from './directory.ts';

/** How a {@link UserDirectory} gives newcomers a row, and links rows from before. Part of its contract. */
export function healingContract(table: TableUnderTest, open: () => DirectoryUnderTest): void {
  let under: DirectoryUnderTest;
  let directory: UserDirectory;
  beforeAll(() => {
    under = open();
    directory = under.directory;
  });

  describe('healing', () => {
    it('gives a newcomer a row, and leaves it be the next time', async () => {
      const identity = someone();
      const email = address();
      const healed = await directory.heal(identity, verified(email));
      expect(healed).toMatchObject({ kind: 'created', person: { state: 'active', email, name: 'Ann Example' } });
      const again = await directory.heal(identity, verified(address(), 'Somebody Else'));
      expect(again).toEqual({ kind: 'found', person: 'person' in healed && healed.person });
      expect(await directory.findByIdentity(identity)).toEqual('person' in healed && healed.person);
    });

    it('makes one row when twenty ask at once', async () => {
      const identity = someone();
      const email = address();
      const healed = await Promise.all(Array.from({ length: 20 }, () => directory.heal(identity, verified(email))));
      expect(healed.map(({ kind }) => kind).filter((kind) => kind !== 'found')).toEqual(['created']);
      expect(new Set(healed.map((one) => 'person' in one && one.person.id)).size).toBe(1);
      expect(await under.countByEmail(email)).toBe(1);
    });

    it('gives one email to one of several newcomers at once', async () => {
      const email = address();
      const healed = await Promise.all(
        Array.from({ length: 10 }, () => directory.heal(someone(), verified(email.toUpperCase()))),
      );
      expect(healed.filter(({ kind }) => kind === 'created')).toHaveLength(1);
      expect(healed.filter((one) => one.kind === 'refused' && one.why === 'email_taken')).toHaveLength(9);
    });

    it('gives a row to somebody without an email', async () => {
      const identity = someone();
      expect(await directory.heal(identity, { emailVerified: false })).toMatchObject({ kind: 'created' });
      expect(await directory.findByIdentity(identity)).not.toHaveProperty('email');
    });

    it('gives a new row to somebody whose row was deleted from the table', async () => {
      const identity = someone();
      const gone = await under.add({ identity, email: address() });
      await under.remove(gone);
      expect(await directory.findByIdentity(identity)).toBeUndefined();
      const healed = await directory.heal(identity, verified(address()));
      expect(healed).toMatchObject({ kind: 'created' });
      expect('person' in healed && healed.person.id).not.toBe(gone);
      expect(await directory.heal(identity, verified(address()))).toMatchObject({ kind: 'found' });
    });

    it('refuses a provider that is not configured', async () => {
      const stranger = { ...someone(), provider: 'evil' };
      await expect(directory.heal(stranger, verified(address()))).rejects.toMatchObject({ code: 'unknown_provider' });
    });

    it.each([
      ['an empty subject', ''],
      ['NUL', 'a\0b'],
      ['half a surrogate pair', 'a\ud800'],
      ['256 characters', 'x'.repeat(256)],
    ])('refuses a subject with %s, which no row could hold as it is', async (_, subject) => {
      const identity = { provider: 'pool', subject: asSubject(subject) };
      const healed = await directory.heal(identity, verified(address()));
      expect(healed).toEqual({ kind: 'refused', why: 'row_incomplete', detail: 'subject' });
    });

    it.each<[string, Partial<IdentityAttributes>, { name?: string; email?: string }]>([
      ['SQL in a name', { name: `'); drop table people; --` }, { name: `'); drop table people; --` }],
      ['quotes in an email', { email: `o'brien"@acme.test` }, { email: `o'brien"@acme.test` }],
      ['NUL in a name', { name: 'Ann\0 Example' }, { name: 'Ann Example' }],
      ['line breaks in a name', { name: 'Ann\r\nX-Admin: yes' }, { name: 'Ann X-Admin: yes' }],
      ['a turned direction of writing', { name: 'Ann\u202eelpmaxE' }, { name: 'AnnelpmaxE' }],
      ['half a surrogate pair in a name', { name: 'Ann\ud83d' }, { name: 'Ann' }],
      ['a name of 100,000 characters', { name: 'x'.repeat(100_000) }, { name: 'x'.repeat(100) }],
      ['a name of 150 emoji', { name: '🦊'.repeat(150) }, { name: '🦊'.repeat(100) }],
      ['a name of spaces', { name: ' \t ' }, {}],
      ['NUL in an email', { email: 'ann\0@acme.test' }, {}],
      ['a line break in an email', { email: 'ann@acme.test\n' }, {}],
      ['two at signs', { email: 'ann@acme.test@evil.test' }, {}],
      ['no at sign', { email: 'ann' }, {}],
      ['an email of 300 characters', { email: `${'x'.repeat(290)}@acme.test` }, {}],
    ])('cleans attributes: %s', async (_, attributes, kept) => {
      const identity = someone();
      const outcome = await directory.heal(identity, { emailVerified: true, ...attributes });
      expect(outcome).toMatchObject({ kind: 'created', person: kept });
      const person = await directory.findByIdentity(identity);
      expect({ name: person?.name, email: person?.email }).toEqual({ name: kept.name, email: kept.email });
    });

    it('never touches the row of somebody else with the same email', async () => {
      const email = address();
      const id = await under.add({ identity: someone(), email, name: 'First' });
      const before = await directory.findById(id);
      const refused = { kind: 'refused', why: 'email_taken' };
      expect(await directory.heal(someone(), verified(email))).toEqual(refused);
      expect(await directory.heal(someone(), { email: email.toUpperCase(), emailVerified: false })).toEqual(refused);
      expect(await directory.findById(id)).toEqual(before);
      expect(await under.countByEmail(email)).toBe(1);
    });

    if (table.states) {
      it.each<PersonState>(['disabled', 'deleted'])('finds the %s as they are', async (state) => {
        const identity = someone();
        const id = await under.add({ identity, email: address(), state });
        const before = await directory.findById(id);
        expect(await directory.heal(identity, verified(address()))).toEqual({ kind: 'found', person: before });
        expect(await directory.findById(id)).toEqual(before);
      });
    }
  });

  describe('linking a row from before', () => {
    it.each([
      ['the same email', (email: string) => email],
      ['the email in capitals', (email: string) => email.toUpperCase()],
    ])('works by %s, and keeps id and all', async (_, asSaid) => {
      const email = address();
      const id = await under.add({ email, name: 'Ann of Old' });
      await under.grant(id, `old-${randomUUID()}`, ['notes:read']);
      const before = await directory.findById(id);
      const identity = someone();
      expect(await directory.heal(identity, verified(asSaid(email)))).toEqual({ kind: 'linked', person: before });
      expect(await directory.findByIdentity(identity)).toEqual(before);
      expect(await directory.heal(identity, verified(email))).toEqual({ kind: 'found', person: before });
    });

    it('works for a domain below a trusted one', async () => {
      const email = address('a.team.test');
      const id = await under.add({ email });
      expect(await directory.heal(someone(), verified(email))).toMatchObject({ kind: 'linked', person: { id } });
    });

    it('goes to one of several at once', async () => {
      const email = address();
      await under.add({ email });
      const healed = await Promise.all(Array.from({ length: 10 }, () => directory.heal(someone(), verified(email))));
      expect(healed.filter(({ kind }) => kind === 'linked')).toHaveLength(1);
      expect(healed.filter((one) => one.kind === 'refused' && one.why === 'email_taken')).toHaveLength(9);
    });

    it('happens once when the same person asks twenty times at once', async () => {
      const email = address();
      const id = await under.add({ email });
      const identity = someone();
      const healed = await Promise.all(Array.from({ length: 20 }, () => directory.heal(identity, verified(email))));
      expect(healed.map(({ kind }) => kind).filter((kind) => kind !== 'found')).toEqual(['linked']);
      expect(healed.every((one) => 'person' in one && one.person.id === id)).toBe(true);
    });

    it.each([
      ['an unverified email', 'acme.test', false],
      ['a domain not trusted', 'globex.test', true],
      ['a domain that ends alike', 'evil-acme.test', true],
      ['a domain below an exact one', 'x.acme.test', true],
      ['the apex of a pattern', 'team.test', true],
    ])('is refused for %s, and writes nothing', async (_, domain, emailVerified) => {
      const email = address(domain);
      await under.add({ email });
      const identity = someone();
      const outcome = await directory.heal(identity, { email, emailVerified });
      expect(outcome).toEqual({ kind: 'refused', why: 'link_forbidden' });
      expect(await directory.findByIdentity(identity)).toBeUndefined();
      expect(await under.countByEmail(email)).toBe(1);
    });

    it('is refused where the configuration does not say so', async () => {
      const email = address();
      await under.add({ email });
      const outcome = await under.strict.heal(someone(), verified(email));
      expect(outcome).toEqual({ kind: 'refused', why: 'link_forbidden' });
    });

    if (table.severalProviders) {
      it('is refused for a provider that is trusted for nothing', async () => {
        const email = address();
        await under.add({ email });
        const outcome = await directory.heal(someone('other'), verified(email));
        expect(outcome).toEqual({ kind: 'refused', why: 'link_forbidden' });
      });
    }

    it('is refused where two rows have that email', async () => {
      const email = address();
      await under.add({ email });
      await under.add({ email: email.toUpperCase() });
      expect(await directory.heal(someone(), verified(email))).toEqual({ kind: 'refused', why: 'ambiguous' });
    });

    it('is refused where one of two rows belongs to somebody', async () => {
      const email = address();
      await under.add({ email });
      await under.add({ email, identity: someone() });
      expect(await directory.heal(someone(), verified(email))).toEqual({ kind: 'refused', why: 'email_taken' });
    });

    if (table.states) {
      it.each<PersonState>(['disabled', 'deleted'])('is refused for a row that is %s', async (state) => {
        const email = address();
        const id = await under.add({ email, state });
        const before = await directory.findById(id);
        expect(await directory.heal(someone(), verified(email))).toEqual({ kind: 'refused', why: 'email_taken' });
        expect(await directory.findById(id)).toEqual(before);
      });
    }

    it.each([
      ['the Kelvin sign for k', 'k', '\u212a'],
      ['a long s for s', 's', '\u017f'],
      ['a dotted capital I for i', 'i', '\u0130'],
      ['a full-width letter', 'a', '\uff41'],
      ['a letter and its accent for one letter', 'é', 'e\u0301'],
    ])('does not happen by %s', async (_, letter, lookAlike) => {
      const rest = address();
      const id = await under.add({ email: `${letter}${rest}` });
      const healed = await directory.heal(someone(), verified(`${lookAlike}${rest}`));
      expect(healed).toMatchObject({ kind: 'created', person: { email: `${lookAlike}${rest}` } });
      expect('person' in healed && healed.person.id).not.toBe(id);
    });
  });
}
