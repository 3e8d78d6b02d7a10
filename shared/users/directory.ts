import type { Identity, UserId } from '../identity.ts';

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

  /** Resolves if the directory answers, throws otherwise. For readiness. */
  ping(): Promise<void>;
}
