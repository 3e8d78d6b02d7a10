import { systemClock } from '../../shared/clock.ts';
import { createAnnouncer } from '../announce-sign-in.ts';
import { log } from '../log.ts';
import { readQueueConfig } from '../queue-config.ts';
import { createSqsQueue } from '../sign-in-queue.ts';
import { createPostAuthentication } from './post-authentication.ts';

const { queueUrl, queueDeadline, provider } = readQueueConfig(process.env, log);

/** Cognito's post-authentication trigger. It needs no database: outside its network, and with no secret, it works. */
export const handler = createPostAuthentication({
  announce: createAnnouncer({
    send: queueUrl === undefined ? undefined : createSqsQueue(queueUrl, queueDeadline),
    provider,
    deadline: queueDeadline,
    clock: systemClock,
    log,
  }),
  log,
});
