import type { UsersConfig } from '../config.ts';

/** One change of the schema. What has been released never changes: a mistake is mended by a step of its own. */
export type Step = {
  /** Four digits and words; the order of the names is the order of the steps. */
  readonly name: string;
  /** Statements, run one by one in one transaction with all other steps of the same run. */
  readonly statements: readonly string[];
  /** Whether a configuration needs this step. Absent: every one does. */
  readonly neededBy?: (users: Pick<UsersConfig, 'table'>) => boolean;
};
