import { handOffSdkAttacksSuite } from './hand-off-sdk-attacks.suite.ts';
import { handOffSdkForgeriesSuite } from './hand-off-sdk-forgeries.suite.ts';
import { handOffSdkLogoutTokenSuite } from './hand-off-sdk-logout-token.suite.ts';
import { startPool } from './pool-provider.testing.ts';
import { memoryRooms } from './rooms.testing.ts';
import { startSubject } from './subject.testing.ts';

// what attackers try at the apps is the same whatever provider and store the gateway has
const start = () => startSubject(startPool, memoryRooms);

handOffSdkAttacksSuite(start);
handOffSdkForgeriesSuite(start);
handOffSdkLogoutTokenSuite(start);
