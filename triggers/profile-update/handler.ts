import { systemClock } from '../../shared/clock.ts';
import { connectDatabase } from '../../shared/store/connect.ts';
import { createPostgresDirectory } from '../../shared/users/postgres.ts';
import { readTriggerConfig } from '../config.ts';
import { log } from '../log.ts';
import { createPoisonNote } from './poison.ts';
import { createProfileUpdate } from './profile-update.ts';

const { database, databaseAccess, users, triggers, providers } = readTriggerConfig(process.env);

// messages are applied one after the other; the second connection is for a statement that outlived its deadline
const sql = connectDatabase({ ...database, poolSize: Math.min(database.poolSize, 2) }, databaseAccess);

/**
 * Consumer of the queue of sign-ins. Its event source mapping needs `ReportBatchItemFailures`, the queue a dead-letter
 * queue. Set the function's timeout to 30 seconds, the queue's visibility timeout to six times that.
 */
export const handler = createProfileUpdate({
  users: createPostgresDirectory(sql, { users, providers }),
  notePoison: createPoisonNote(sql),
  deadline: triggers.deadline,
  clock: systemClock,
  log,
});
