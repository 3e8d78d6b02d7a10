import { gatewaySuite } from './gateway.suite.ts';
import { startPool } from './pool-provider.testing.ts';
import { postgresRooms } from './postgres-rooms.testing.ts';
import { startSubject } from './subject.testing.ts';

gatewaySuite('with a user pool, in Postgres', () => startSubject(startPool, postgresRooms));
