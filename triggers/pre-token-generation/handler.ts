import { systemClock } from '../../shared/clock.ts';
import { connectDatabase } from '../../shared/store/connect.ts';
import { createPostgresDirectory } from '../../shared/users/postgres.ts';
import { createAnnouncer } from '../announce-sign-in.ts';
import { readTriggerConfig } from '../config.ts';
import { log } from '../log.ts';
import { createSqsQueue } from '../sign-in-queue.ts';
import { createPreTokenGeneration } from './pre-token-generation.ts';

const { database, databaseAccess, users, triggers, providers } = readTriggerConfig(process.env);

// a Lambda environment serves one event at a time; the second connection is for a statement that outlived its deadline
const sql = connectDatabase({ ...database, poolSize: Math.min(database.poolSize, 2) }, databaseAccess);

const { queueUrl, queueDeadline, provider } = triggers;
const announce =
  queueUrl === undefined
    ? undefined
    : createAnnouncer({
        send: createSqsQueue(queueUrl, queueDeadline),
        provider,
        deadline: queueDeadline,
        clock: systemClock,
        log,
      });

/** Cognito's pre-token-generation trigger, V1, V2 and V3. Set the function's timeout to 5 seconds. */
export const handler = createPreTokenGeneration({
  users: createPostgresDirectory(sql, { users, providers }),
  provider,
  onFailure: triggers.onFailure,
  deadline: triggers.deadline,
  cacheFor: triggers.cacheSeconds * 1000,
  claimBudget: triggers.claimBudget,
  announce,
  log,
});
