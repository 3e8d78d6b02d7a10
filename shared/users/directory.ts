import type { Seconds } from '../clock.ts';
import type { Identity, Subject, UserId } from '../identity.ts';

/** `disabled` may come back, `deleted` never does. Neither gets a token, a session or a renewal. */
export type PersonState = 'active' | 'disabled' | 'deleted';

/** A person as the users table has them right now. */
export type Person = {
  readonly id: UserId;
  readonly state: PersonState;
  /** Absent where the row has none, or the mapping names no such column. */
  readonly email?: string;
  /** Full name as shown to others. Absent like `email`. */
  readonly name?: string;
  /** Role names, sorted, each `[A-Za-z0-9._:-]{1,64}`. */
  readonly roles: readonly string[];
  /** `resource:action`, sorted, no repeats; the union over the roles. */
  readonly permissions: readonly string[];
  /** Goes up by every change of this person's roles or permissions, or of their state. */
  readonly permissionVersion: number;
};

/** The part of a {@link Person} that says whether what is remembered of them still holds. */
export type Standing = Pick<Person, 'id' | 'state' | 'permissionVersion'>;

/** What a provider says of someone; trusted only as far as the link policy goes. */
export type IdentityAttributes = {
  readonly email?: string;
  readonly emailVerified: boolean;
  readonly name?: string;
};

export type HealOutcome =
  /** The identity already had a row (another request may just have made it). It may be disabled or deleted: look. */
  | { readonly kind: 'found'; readonly person: Person }
  /** A row was inserted. */
  | { readonly kind: 'created'; readonly person: Person }
  /** A row without a subject was given this one. Audited. */
  | { readonly kind: 'linked'; readonly person: Person }
  /** Nothing was written. `detail`, for the log: the column or constraint at fault, or SQLSTATE; never a value. */
  | { readonly kind: 'refused'; readonly why: HealRefusal; readonly detail?: string };

export type HealRefusal =
  /** A row with that email has another subject, or is disabled or deleted. */
  | 'email_taken'
  /** A legacy row with that email exists, and configuration (or an unverified email) forbids to link it. */
  | 'link_forbidden'
  /** More than one row has that email. */
  | 'ambiguous'
  /**
   * The users table takes no such row: it insists on a column that we are not told to fill, or refuses a value (a length,
   * a CHECK, a unique index of its own). Also an identity that no column could hold exactly: NUL, over 255 characters.
   */
  | 'row_incomplete';

/** A sign-in that happened at the provider. */
export type SignIn = {
  /** When. Sign-ins may be told in any order, and more than once. */
  readonly at: Seconds;
  /** What the provider said then. Absent: only the time is written. */
  readonly attributes?: IdentityAttributes;
};

export type SignInOutcome =
  /** Something was written: the time, the profile, or both. */
  | 'applied'
  /** Nothing was: something as new is there already, or the person is disabled or deleted. Final. */
  | 'stale'
  /** There is no row for the identity. It may be on its way: tell it again. */
  | 'unknown';

/** A person as a list has them. */
export type ListedPerson = {
  readonly id: UserId;
  readonly state: PersonState;
  /** Absent, with `subject`, for a row that no identity belongs to. */
  readonly provider?: string;
  readonly subject?: Subject;
  readonly email?: string;
  /** Absent where the mapping names no such column. */
  readonly createdAt?: Seconds;
};

/** Some of the people, in the order of their keys. */
export type PeoplePage = {
  /** Somebody with several identities is there once for each, always on one page. */
  readonly people: readonly ListedPerson[];
  /** Where the next page begins. Absent: this is the last one. */
  readonly next?: UserId;
};

/** One change of a row. */
export type PersonChange =
  | { readonly email: string; readonly state?: never }
  | { readonly state: 'disabled' | 'deleted'; readonly email?: never };

export type AmendOutcome =
  /** Audited. */
  | { readonly kind: 'changed' }
  /** The row is not any more as it was listed. Nothing was written. */
  | { readonly kind: 'overtaken' }
  /** Nothing was written. `detail` as in {@link HealOutcome}. */
  | { readonly kind: 'refused'; readonly why: AmendRefusal; readonly detail?: string };

export type AmendRefusal =
  /** Another row has that email. */
  | 'email_taken'
  /** The table does not take the value. */
  | 'row_refused'
  /** The mapping names no column, or no value, for it. */
  | 'not_mapped'
  /** The database role may not: the gateway's own writes no states. */
  | 'not_allowed';

/**
 * The people, as the users table has them. One contract (`directory.contract.ts`), kept by every implementation.
 *
 * Every method throws `SsoError('directory_unavailable')` when the answer can't be had; that is never the same as "nobody".
 */
export interface UserDirectory {
  /**
   * The person of that identity whatever their state, in one round trip. `undefined`: no row, or an identity that no row
   * could have (its provider is not configured, the column's type can't hold the subject).
   */
  findByIdentity(identity: Identity): Promise<Person | undefined>;

  /**
   * Only how a person stands: for someone who remembers the rest. As cheap as a read can be, in one round trip.
   * `undefined`: no row.
   */
  standing(identity: Identity): Promise<Standing | undefined>;

  /** The person with that id whatever their state. `undefined`: no row, or an id that the column's type can't hold. */
  findById(id: UserId): Promise<Person | undefined>;

  /**
   * Makes sure that the identity has a row: idempotent, safe in parallel, conflicting on (provider, subject) only.
   *
   * Never finds anyone by email except to link a legacy row, as the configuration allows, by one
   * `UPDATE … WHERE subject IS NULL`; never touches a disabled or deleted row.
   *
   * Of the attributes, a name is cleaned and cut to 100 characters, and an email that is none is dropped. An unverified
   * email is stored and keeps others out, and links nothing.
   *
   * @throws SsoError `unknown_provider` for an identity of a provider that is not configured.
   */
  heal(identity: Identity, attributes: IdentityAttributes): Promise<HealOutcome>;

  /**
   * Writes down when a person signed in, and what the provider said of them then. Idempotent, in any order, safe in
   * parallel: the time only moves forward, and email and name are those of the newest sign-in that was told. A row that
   * healing made holds a profile as new as the row.
   *
   * Makes no row, changes no state, and leaves the rows of disabled and deleted people as they are. What an attribute
   * lacks stays. An email is data, never identity: it is written only if verified and if no other row has it. One that
   * is another's, or that the table refuses, is left out and audited, and so is a name that the table refuses.
   */
  recordSignIn(identity: Identity, signIn: SignIn): Promise<SignInOutcome>;

  /**
   * Everybody, page by page, whatever their state and whether they have an identity or not. Every page costs the same.
   * Whoever is there all the time comes exactly once, whoever else comes and goes.
   *
   * @param options `after`: the last page's `next`. `limit`: rows on a page, at least 1.
   */
  page(options: { readonly after?: UserId; readonly limit: number }): Promise<PeoplePage>;

  /**
   * The people of these identities of one provider, in no order, in one round trip where every subject is one that the
   * column's type can hold. Whoever has no row is left out.
   */
  among(provider: string, subjects: readonly Subject[]): Promise<readonly ListedPerson[]>;

  /**
   * Changes one thing of a row, if state and email are still as they were listed. For `reconcile`: what it writes has been
   * decided by looking. An email that is none, or that another row has in any letters, is refused.
   */
  amend(person: ListedPerson, change: PersonChange): Promise<AmendOutcome>;

  /** Resolves if the directory answers, throws otherwise. For readiness. */
  ping(): Promise<void>;
}
