import { describe } from 'vitest';
import { startAtCloudFront } from './cloudfront-front.testing.ts';
import { startPoolWithoutRotation } from './pool-provider.testing.ts';
import { renewalSuite } from './renewal.suite.ts';
import { memoryRooms } from './rooms.testing.ts';
import { siblingSuite } from './sibling.suite.ts';
import { signInSuite } from './sign-in.suite.ts';
import { storelessSuite } from './storeless.suite.ts';
import { startSubject } from './subject.testing.ts';

// the parts in which guarded apps take part
describe('without a store, behind functions at CloudFront', () => {
  const start = () =>
    startSubject(startPoolWithoutRotation, memoryRooms, undefined, { store: 'none', startFront: startAtCloudFront });
  storelessSuite(start);
  signInSuite(start);
  renewalSuite(start, 'none');
  siblingSuite(start);
});
