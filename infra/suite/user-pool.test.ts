import { gatewaySuite } from './gateway.suite.ts';
import { startPool } from './pool-provider.testing.ts';
import { memoryRooms } from './rooms.testing.ts';
import { startSubject } from './subject.testing.ts';
import { triggerSuite } from './trigger.suite.ts';

const start = () => startSubject(startPool, memoryRooms);

gatewaySuite('with a user pool, in memory', start);
triggerSuite(start);
