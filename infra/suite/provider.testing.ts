import type { RequestListener } from 'node:http';
import type { Clock } from '../../shared/clock.ts';
import type { UserDirectory } from '../../shared/users/directory.ts';
import type { Page, Tab, Visit } from './browser.ts';
import type { SuitePerson } from './people.testing.ts';

/** Id of the provider under test in the gateway's configuration. */
export const providerId = 'acme';

/** What the suite may do with a provider that it does not know. */
export type ProviderUnderTest = {
  /** Its entry in the gateway's configuration, less the id. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly origin: string;
  /** Does our trigger run there? */
  readonly triggers: boolean;
  /** What the hosts of the suite's server answer. */
  readonly listeners: ReadonlyMap<string, RequestListener>;
  /** Signs somebody in, in a tab that shows the provider's sign-in page. */
  signIn(tab: Tab, person: SuitePerson, visit?: Visit): Promise<Page>;
  /** Clicks what leads to the end of a sign-out, where the provider asks first. */
  finishSignOut(tab: Tab): Promise<Page>;
  /** Where another app, at `callback`, sends people to sign in at the same provider. */
  strangersLogin(callback: string): string;
  /** Ends everything that was granted to somebody: their refresh tokens are worth nothing any more. */
  endGrants(person: SuitePerson): Promise<void>;
  /** Makes our trigger at the provider fail with that message until it is called without one. */
  breakTrigger?(message?: string): void;
};

export type ProviderOptions = {
  readonly port: number;
  /** Origin of the gateway. */
  readonly gateway: string;
  /** Callback of another app. */
  readonly strangers: string;
  readonly users: UserDirectory;
  readonly clock: Clock;
};

export type StartProvider = (options: ProviderOptions) => Promise<ProviderUnderTest>;
