import { startIndependentProviderWithoutRotation } from './independent-provider.testing.ts';
import { memoryRooms } from './rooms.testing.ts';
import { storelessSuite } from './storeless.suite.ts';
import { startSubject } from './subject.testing.ts';

storelessSuite(() => startSubject(startIndependentProviderWithoutRotation, memoryRooms, undefined, { store: 'none' }));
