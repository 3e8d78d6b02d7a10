import { afterEach, describe } from 'vitest';
import { edgeSiteFor, type StartEdgeSite } from './edge-site.testing.ts';
import { siteAttackSuite } from './edge-site-attacks.suite.ts';
import { siteOutageSuite } from './edge-site-outages.suite.ts';
import { siteRenewalSuite } from './edge-site-renewal.suite.ts';
import { siteSignInSuite } from './edge-site-sign-in.suite.ts';
import { siteSignOutSuite } from './edge-site-sign-out.suite.ts';

/** What a person does, and what an attacker tries, at a site that signs people in by itself. */
export function edgeSiteSuite(name: string, start: StartEdgeSite): void {
  describe(name, () => {
    const the = edgeSiteFor(start);
    afterEach(() => the().fail());

    siteSignInSuite(the);
    siteRenewalSuite(the);
    siteOutageSuite(the);
    siteSignOutSuite(the);
    siteAttackSuite(the);
  });
}
