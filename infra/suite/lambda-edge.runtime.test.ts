import { cloudFrontSuite } from './cloudfront.suite.ts';
import { startAtCloudFront } from './cloudfront-front.testing.ts';
import { gatewaySuite } from './gateway.suite.ts';
import { startPool } from './pool-provider.testing.ts';
import { memoryRooms } from './rooms.testing.ts';
import { startSubject } from './subject.testing.ts';

const name = 'on Lambda@Edge, in front of apps and gateway';
const start = () => startSubject(startPool, memoryRooms, undefined, { startFront: startAtCloudFront });

gatewaySuite(name, start);
cloudFrontSuite(name, start);
