import { gatewaySuite } from './gateway.suite.ts';
import { startPool } from './pool-provider.testing.ts';
import { postgresRooms } from './postgres-rooms.testing.ts';
import { startSubject } from './subject.testing.ts';
import { startWorkers } from './worker-gateways.testing.ts';

gatewaySuite('on Workers, sessions in Postgres', () => startSubject(startPool, postgresRooms, startWorkers));
