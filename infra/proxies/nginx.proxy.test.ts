import { askingSuite } from './asking.suite.ts';
import { nginxKind } from './kinds.testing.ts';

askingSuite(nginxKind);
