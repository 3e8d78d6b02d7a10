import { frameSuite } from './frame.suite.ts';
import { afreshSuite } from './hand-off-afresh.suite.ts';
import { authorizeSuite } from './hand-off-authorize.suite.ts';
import { clientSuite } from './hand-off-client.suite.ts';
import { discoverySuite } from './hand-off-discovery.suite.ts';
import { endSessionSuite } from './hand-off-end-session.suite.ts';
import { expressOpenidConnectSuite } from './hand-off-express-openid-connect.suite.ts';
import { logoutSuite } from './hand-off-logout.suite.ts';
import { relyingPartySuite } from './hand-off-relying-party.suite.ts';
import { handOffSdkSuite } from './hand-off-sdk.suite.ts';
import { tokenSuite } from './hand-off-token.suite.ts';
import type { StartSubject } from './subject.testing.ts';

/** The hand-off to apps on other domains: what they and their people do, and what attackers try. */
export function handOffSuite(start: StartSubject): void {
  relyingPartySuite(start);
  expressOpenidConnectSuite(start);
  discoverySuite(start);
  authorizeSuite(start);
  afreshSuite(start);
  tokenSuite(start);
  clientSuite(start);
  endSessionSuite(start);
  logoutSuite(start);
  frameSuite(start);
  handOffSdkSuite(start);
}
