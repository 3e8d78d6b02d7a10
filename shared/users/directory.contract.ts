import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asSubject, asUserId, type Identity, type UserId } from '../identity.ts';
import type { IdentityAttributes, PersonState, UserDirectory } from './directory.ts';
import { healingContract } from './healing.contract.ts';
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

/** Somebody new at a provider. */
export const someone = (provider = 'pool'): Identity => ({ provider, subject: asSubject(randomUUID()) });
/** An email that nobody has yet. */
export const address = (domain = 'acme.test') => `p${randomUUID().slice(0, 13)}@${domain}`;
/** What a provider says of somebody whose email it has verified. */
export const verified = (email: string, name = 'Ann Example'): IdentityAttributes => ({
  email,
  emailVerified: true,
  name,
});

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

    healingContract(table, () => under);
    signInContract(table, () => under);
    listingContract(table, () => under);

    it('answers a ping', async () => {
      await expect(directory.ping()).resolves.toBeUndefined();
    });
  });
}
