import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asSubject, asUserId, type Identity, type UserId } from '../identity.ts';
import type { IdentityAttributes, PersonState, UserDirectory } from './directory.ts';
import { listingContract } from './listing.contract.ts';
import { signInContract } from './sign-ins.contract.ts';

/** A row as a test wants it. Without an identity it is one from before there were identities. */
export type RowUnderTest = {
  readonly identity?: Identity;
  readonly email?: string;
  readonly name?: string;
  readonly state?: PersonState;
};

/** A directory under test, and what its users table can do. Every test uses people of its own. */
export type DirectoryUnderTest = {
  /** With {@link providersUnderTest}, linking legacy rows. */
  readonly directory: UserDirectory;
  /** The same people, linking nothing. */
  readonly strict: UserDirectory;
  add(row: RowUnderTest): Promise<UserId>;
  /** Gives somebody a role, and the role permissions; makes both where they lack. */
  grant(id: UserId, role: string, permissions: readonly string[]): Promise<void>;
  revoke(id: UserId, role: string): Promise<void>;
  /** Deletes the row itself. */
  remove(id: UserId): Promise<void>;
  /** How many rows have this email, to the letter. */
  countByEmail(email: string): Promise<number>;
  /** When somebody signed in last, in seconds; `undefined`: never, as far as was told. */
  lastLogin(id: UserId): Promise<number | undefined>;
  close(): Promise<void>;
};

/** What differs between users tables. */
export type TableUnderTest = {
  /** Whether the table says who is disabled or deleted. */
  readonly states: boolean;
  /** Whether the directory may write that. Absent: it may. */
  readonly writesStates?: boolean;
  /** Whether people of several providers can be told apart. */
  readonly severalProviders: boolean;
};

/** The providers that every directory under test knows: one trusted for `acme.test` and below `*.team.test`, one not. */
export const providersUnderTest = [
  { id: 'pool', trustedEmailDomains: ['acme.test', '*.team.test'] },
  { id: 'other', trustedEmailDomains: [] },
];

const someone = (provider = 'pool'): Identity => ({ provider, subject: asSubject(randomUUID()) });
const address = (domain = 'acme.test') => `p${randomUUID().slice(0, 13)}@${domain}`;
const verified = (email: string, name = 'Ann Example'): IdentityAttributes => ({ email, emailVerified: true, name });

/** What every {@link UserDirectory} promises. Call it inside a test file. */
export function directoryContract(name: string, table: TableUnderTest, open: () => Promise<DirectoryUnderTest>): void {
  describe(name, () => {
    let under: DirectoryUnderTest;
    let directory: UserDirectory;
    beforeAll(async () => {
      under = await open();
      directory = under.directory;
    });
    afterAll(() => under.close());

    describe('finding', () => {
      it('gives somebody by identity and by id, whole', async () => {
        const identity = someone();
        const email = address();
        const id = await under.add({ identity, email, name: 'Ann Example' });
        const ann = {
          id,
          state: 'active',
          email,
          name: 'Ann Example',
          roles: [],
          permissions: [],
          permissionVersion: 1,
        };
        expect(await directory.findByIdentity(identity)).toEqual(ann);
        expect(await directory.findById(id)).toEqual(ann);
        expect(await directory.standing(identity)).toEqual({ id, state: 'active', permissionVersion: 1 });
      });

      it('leaves out what a row lacks', async () => {
        const person = await directory.findById(await under.add({ identity: someone() }));
        expect(person).toBeDefined();
        expect(person).not.toHaveProperty('email');
        expect(person).not.toHaveProperty('name');
      });

      it('gives roles and permissions sorted, each once, with a version that goes up by each change', async () => {
        const identity = someone();
        const id = await under.add({ identity });
        const [a, b] = [`a-${randomUUID()}`, `b-${randomUUID()}`];
        const seen = [await directory.findById(id)];
        await under.grant(id, b, ['notes:write', 'notes:read']);
        seen.push(await directory.findById(id));
        await under.grant(id, a, ['notes:read', 'albums:read']);
        seen.push(await directory.findByIdentity(identity));
        await under.revoke(id, b);
        seen.push(await directory.findByIdentity(identity));
        expect(seen).toMatchObject([
          { roles: [], permissions: [] },
          { roles: [b], permissions: ['notes:read', 'notes:write'] },
          { roles: [a, b], permissions: ['albums:read', 'notes:read', 'notes:write'] },
          { roles: [a], permissions: ['albums:read', 'notes:read'] },
        ]);
        const versions = seen.map((person) => person?.permissionVersion ?? 0);
        expect(versions).toEqual([...new Set(versions)].sort((x, y) => x - y));
        expect(await directory.standing(identity)).toMatchObject({ permissionVersion: versions.at(-1) });
      });

      it.each<[string, (known: Identity) => Identity]>([
        ['another subject', () => someone()],
        ['an empty subject', (known) => ({ ...known, subject: asSubject('') })],
        ['a provider that is not configured', (known) => ({ ...known, provider: 'evil' })],
        ['an empty provider', (known) => ({ ...known, provider: '' })],
        ['quotes', (known) => ({ ...known, subject: asSubject(`' or '1'='1`) })],
        ['NUL', (known) => ({ ...known, subject: asSubject(`${known.subject}\0`) })],
        ['half a surrogate pair', (known) => ({ ...known, subject: asSubject('\udc00') })],
        ['a space behind', (known) => ({ ...known, subject: asSubject(`${known.subject} `) })],
        ['a wildcard', (known) => ({ ...known, subject: asSubject('%') })],
        ['much', (known) => ({ ...known, subject: asSubject('x'.repeat(100_000)) })],
      ])('gives nobody for %s', async (_, asked) => {
        const known = someone();
        await under.add({ identity: known });
        expect(await directory.findByIdentity(asked(known))).toBeUndefined();
        expect(await directory.standing(asked(known))).toBeUndefined();
      });

      it.each([
        ['nothing', ''],
        ['zero', '0'],
        ['quotes', `1' or '1'='1`],
        ['SQL', '1); drop table crossgate.people --'],
        ['a number past 64 bits', '9223372036854775808'],
        ['a negative number', '-9223372036854775809'],
        ['a fraction', '1.0'],
        ['an exponent', '1e0'],
        ['a plus', '+1'],
        ['a leading zero', '01'],
        ['a space', ' 1'],
        ['a word', 'NaN'],
        ['a uuid of nobody', '00000000-0000-7000-8000-000000000000'],
        ['a uuid in braces', '{00000000-0000-7000-8000-000000000000}'],
        ['NUL', '1\0'],
        ['half a surrogate pair', '\ud800'],
        ['much', '1'.repeat(100_000)],
      ])('gives nobody for %s as an id', async (_, id) => {
        await under.add({ identity: someone() });
        expect(await directory.findById(asUserId(id))).toBeUndefined();
      });

      if (table.states) {
        it.each<PersonState>(['active', 'disabled', 'deleted'])('tells who is %s', async (state) => {
          const identity = someone();
          const id = await under.add({ identity, state });
          expect(await directory.findById(id)).toMatchObject({ state });
          expect(await directory.findByIdentity(identity)).toMatchObject({ state });
          expect(await directory.standing(identity)).toMatchObject({ state });
        });
      }

      if (table.severalProviders) {
        it('takes the same subject of two providers for two people', async () => {
          const pool = someone();
          const other = { ...pool, provider: 'other' };
          const id = await under.add({ identity: pool });
          expect(await directory.findByIdentity(other)).toBeUndefined();
          const healed = await directory.heal(other, { emailVerified: false });
          expect(healed).toMatchObject({ kind: 'created' });
          expect(await directory.findByIdentity(pool)).toMatchObject({ id });
          expect(await directory.findByIdentity(other)).not.toMatchObject({ id });
        });
      }
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

    signInContract(table, () => under);
    listingContract(table, () => under);

    it('answers a ping', async () => {
      await expect(directory.ping()).resolves.toBeUndefined();
    });
  });
}
