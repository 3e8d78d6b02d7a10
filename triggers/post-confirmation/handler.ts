import { systemClock } from '../../shared/clock.ts';
import { connectDatabase } from '../../shared/store/connect.ts';
import { createPostgresDirectory } from '../../shared/users/postgres.ts';
import { readTriggerConfig } from '../config.ts';
import { log } from '../log.ts';
import { createTakeBack } from './pool-users.ts';
import { createPostConfirmation } from './post-confirmation.ts';

const { database, databaseAccess, users, triggers, providers } = readTriggerConfig(process.env);
const { provider, deadline, compensation } = triggers;

// a Lambda environment serves one event at a time; the second connection is for a statement that outlived its deadline
const sql = connectDatabase({ ...database, poolSize: Math.min(database.poolSize, 2) }, databaseAccess);

/** Cognito's post-confirmation trigger. Set the function's timeout to 5 seconds. */
export const handler = createPostConfirmation({
  users: createPostgresDirectory(sql, { users, providers }),
  provider,
  deadline,
  clock: systemClock,
  // what Cognito's five seconds leave over
  takeBack: compensation === 'none' ? undefined : createTakeBack(compensation, Math.min(1000, 4900 - deadline)),
  log,
});
