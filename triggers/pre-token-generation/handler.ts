import { connectDatabase } from '../../shared/store/connect.ts';
import { createPostgresDirectory } from '../../shared/users/postgres.ts';
import { readTriggerConfig } from '../config.ts';
import { log } from '../log.ts';
import { createPreTokenGeneration } from './pre-token-generation.ts';

const { database, users, triggers, providers } = readTriggerConfig(process.env);

// a Lambda environment serves one event at a time; the second connection is for a statement that outlived its deadline
const sql = connectDatabase({ ...database, poolSize: Math.min(database.poolSize, 2) });

/** Cognito's pre-token-generation trigger, V1, V2 and V3. Set the function's timeout to 5 seconds. */
export const handler = createPreTokenGeneration({
  users: createPostgresDirectory(sql, { users, providers }),
  provider: triggers.provider,
  onFailure: triggers.onFailure,
  deadline: triggers.deadline,
  cacheFor: triggers.cacheSeconds * 1000,
  log,
});
