import type { ProviderConfig, UsersConfig } from '../config.ts';
import type { Identity } from '../identity.ts';
import type { HealRefusal, IdentityAttributes, PersonState } from './directory.ts';

/** A row that has the email which a provider says of somebody without a row. */
export type Namesake<Id> = {
  readonly id: Id;
  readonly state: PersonState;
  /** Whether any identity belongs to the row. */
  readonly taken: boolean;
};

/** What to do about somebody without a row. */
export type LinkDecision<Id> =
  | { readonly kind: 'insert' }
  | { readonly kind: 'link'; readonly id: Id }
  | { readonly kind: 'refuse'; readonly why: HealRefusal };

/** What the policy is made of. */
export type LinkPolicy = {
  readonly users: Pick<UsersConfig, 'linkLegacyRows'>;
  readonly providers: readonly Pick<ProviderConfig, 'id' | 'trustedEmailDomains'>[];
};

/**
 * Decides, by the rows that have the same email, whether a newcomer gets a row of their own, or one from before there were
 * identities, or none. An unverified email links nothing, but it still keeps out: two people with one email in the users
 * table is what apps can't cope with.
 *
 * @param namesakes Rows whose email is the same in ASCII lower case, without any Unicode folding.
 */
export function decideLink<Id>(
  policy: LinkPolicy,
  identity: Identity,
  attributes: IdentityAttributes,
  namesakes: readonly Namesake<Id>[],
): LinkDecision<Id> {
  const [first] = namesakes;
  if (!first) return { kind: 'insert' };
  if (namesakes.some((row) => row.taken)) return { kind: 'refuse', why: 'email_taken' };
  if (namesakes.length > 1) return { kind: 'refuse', why: 'ambiguous' };
  if (first.state !== 'active') return { kind: 'refuse', why: 'email_taken' };
  const { linkLegacyRows } = policy.users;
  const mayLink = linkLegacyRows && attributes.emailVerified && isTrusted(policy, identity.provider, attributes.email);
  return mayLink ? { kind: 'link', id: first.id } : { kind: 'refuse', why: 'link_forbidden' };
}

/** May this provider speak for the domain of that email? */
function isTrusted({ providers }: LinkPolicy, providerId: string, email: string | undefined): boolean {
  const domain = email && lowerCaseAscii(email.slice(email.lastIndexOf('@') + 1));
  const trusted = providers.find((provider) => provider.id === providerId)?.trustedEmailDomains ?? [];
  return (
    domain !== undefined &&
    trusted.some((one) => (one.startsWith('*.') ? domain.endsWith(one.slice(1)) : domain === one))
  );
}

/** Lower case of A to Z alone: the Kelvin sign stays itself. What `lower(… collate "C")` does in SQL. */
export function lowerCaseAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
