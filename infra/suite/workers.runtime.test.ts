import { gatewaySuite } from './gateway.suite.ts';
import { startPool } from './pool-provider.testing.ts';
import { memoryRooms } from './rooms.testing.ts';
import { startSubject } from './subject.testing.ts';
import { startWorkers } from './worker-gateways.testing.ts';

gatewaySuite('on Workers, sessions in a Durable Object', () => startSubject(startPool, memoryRooms, startWorkers));
