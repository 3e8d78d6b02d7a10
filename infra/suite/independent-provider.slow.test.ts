import { gatewaySuite } from './gateway.suite.ts';
import { startIndependentProvider } from './independent-provider.testing.ts';
import { silentProviderSuite } from './outages-provider.suite.ts';
import { memoryRooms } from './rooms.testing.ts';
import { startSubject } from './subject.testing.ts';

const start = () => startSubject(startIndependentProvider, memoryRooms);

gatewaySuite('with an OpenID provider that nobody here wrote', start);
silentProviderSuite(start);
