import { fedcmAccountsSuite } from './fedcm-accounts.suite.ts';
import { fedcmAssertionSuite } from './fedcm-assertion.suite.ts';
import { fedcmLoginSuite } from './fedcm-login.suite.ts';
import type { StartSubject } from './subject.testing.ts';

/** FedCM: what the browser does for people on other domains, and what pages try with it. */
export function fedcmSuite(start: StartSubject): void {
  fedcmAccountsSuite(start);
  fedcmAssertionSuite(start);
  fedcmLoginSuite(start);
}
