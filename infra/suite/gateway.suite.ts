import { describe } from 'vitest';
import { attemptsSuite } from './attempts.suite.ts';
import { browserScriptSuite } from './browser-script.suite.ts';
import { cookiesSuite } from './cookies.suite.ts';
import { fedcmSuite } from './fedcm.suite.ts';
import { handOffSuite } from './hand-off.suite.ts';
import { hostileCallbackSuite } from './hostile-callback.suite.ts';
import { introspectionSuite } from './introspection.suite.ts';
import { databaseOutageSuite } from './outages-database.suite.ts';
import { providerOutageSuite } from './outages-provider.suite.ts';
import { pagesSuite } from './pages.suite.ts';
import { renewalSuite } from './renewal.suite.ts';
import { renewalByFetchSuite } from './renewal-by-fetch.suite.ts';
import { revocationSuite } from './revocation.suite.ts';
import { rogueProviderSuite } from './rogue-provider.suite.ts';
import { sentAwaySuite } from './sent-away.suite.ts';
import { sessionsSuite } from './sessions.suite.ts';
import { siblingSuite } from './sibling.suite.ts';
import { signInSuite } from './sign-in.suite.ts';
import { signOutSuite } from './sign-out.suite.ts';
import type { StartSubject } from './subject.testing.ts';

/**
 * What the gateway does for people and to attackers, over HTTP alone. Every provider, store and runtime has to pass it.
 */
export function gatewaySuite(name: string, start: StartSubject): void {
  describe(name, () => {
    signInSuite(start);
    renewalSuite(start);
    renewalByFetchSuite(start);
    signOutSuite(start);
    cookiesSuite(start);
    attemptsSuite(start);
    hostileCallbackSuite(start);
    rogueProviderSuite(start);
    siblingSuite(start);
    revocationSuite(start);
    sentAwaySuite(start);
    pagesSuite(start);
    sessionsSuite(start);
    handOffSuite(start);
    browserScriptSuite(start);
    fedcmSuite(start);
    introspectionSuite(start);
    providerOutageSuite(start);
    databaseOutageSuite(start);
  });
}
