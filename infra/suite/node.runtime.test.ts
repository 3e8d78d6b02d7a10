import { gatewaySuite } from './gateway.suite.ts';
import { startPool } from './pool-provider.testing.ts';
import { memoryRooms } from './rooms.testing.ts';
import { startSubject } from './subject.testing.ts';

// for the table: the same tests beside the other runtimes'
gatewaySuite('on Node, sessions in memory', () => startSubject(startPool, memoryRooms));
