declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** The primary key of a person's row in Postgres, as a string whatever the column's type. `sub` of everything we sign. */
export type UserId = Branded<'UserId'>;

/** What a provider calls a person: the `sub` of its tokens (`idp_sub` in ours). Means nothing without the provider. */
export type Subject = Branded<'Subject'>;

/** Public name of one sign-in at the gateway. An identifier, never a credential. */
export type SessionId = Branded<'SessionId'>;

/** Who someone is to a provider: the configured provider's id and the provider's subject, never an email. */
export type Identity = {
  /** `id` of the provider in the configuration; issuer aliases share it. */
  readonly provider: string;
  readonly subject: Subject;
};

/** Marks a string that came from the directory, or from a token whose signature was checked, as a user id. */
export const asUserId = (value: string): UserId => value as UserId;

/** Marks the `sub` of a checked provider token or of a Cognito event. */
export const asSubject = (value: string): Subject => value as Subject;

/** Marks a string that came from the store, from a sealed cookie or from a checked token as a session id. */
export const asSessionId = (value: string): SessionId => value as SessionId;
