import type { Clock } from '../../../shared/clock.ts';
import type { Accounts } from './accounts.ts';
import type { Browser } from './browser.ts';
import type { Grants } from './grants.ts';
import type { Outbox } from './outbox.ts';
import type { PoolEvent, SeedAccount, UserPoolClient } from './settings.ts';
import type { Tokens } from './tokens.ts';
import type { Triggers } from './triggers.ts';

/** The parts of a running pool, as its endpoints see them. */
export type Pool = {
  readonly origin: string;
  readonly poolId: string;
  readonly clients: readonly UserPoolClient[];
  readonly seed: readonly SeedAccount[];
  readonly clock: Clock;
  readonly accounts: Accounts;
  readonly grants: Grants;
  readonly tokens: Tokens;
  readonly triggers: Triggers;
  readonly browser: Browser;
  readonly outbox: Outbox;
  report(type: PoolEvent['type'], details: PoolEvent['details']): void;
};
