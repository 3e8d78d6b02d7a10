import type { ClientRegistry } from '../../shared/clients.ts';
import type { Person } from '../../shared/users/directory.ts';
import { calledBy } from '../pages/person.ts';

/** An account as a browser shows it. */
export type FedcmAccount = {
  /** Primary key of the person's row. */
  readonly id: string;
  readonly name: string;
  /** Absent where the person's row has none. */
  readonly email?: string;
  /** What an app may name the person by, beforehand. */
  readonly login_hints: readonly string[];
  /** Apps for which the browser need not ask whether the person wants them to know. */
  readonly approved_clients: readonly string[];
};

/**
 * A person as an account. Every app that takes the hand-off is approved: they are the company's own, and nobody is asked
 * for consent elsewhere either.
 *
 * @see https://w3c-fedid.github.io/FedCM/#idp-api-accounts-endpoint
 */
export function accountOf(person: Person, clients: Pick<ClientRegistry, 'all'>): FedcmAccount {
  const { id, email } = person;
  return {
    id,
    name: calledBy(person),
    ...(email !== undefined && { email }),
    login_hints: hintsOf(person),
    approved_clients: clients.all.filter(({ redirectUris }) => redirectUris.length > 0).map((client) => client.id),
  };
}

/** By what an app may name a person: the id and the email address. */
export function hintsOf({ id, email }: Pick<Person, 'id' | 'email'>): readonly string[] {
  return [id, ...(email === undefined ? [] : [email])];
}
