import { askingSuite } from './asking.suite.ts';
import { caddyKind } from './kinds.testing.ts';

askingSuite(caddyKind);
