import { edgeSiteSuite } from './edge-site.suite.ts';
import { startEdgeSite } from './edge-site.testing.ts';
import { startIndependentProvider } from './independent-provider.testing.ts';
import { startPool } from './pool-provider.testing.ts';

edgeSiteSuite('at the user pool, as written', () => startEdgeSite(startPool, 'sources'));
edgeSiteSuite('on Lambda@Edge, one site', () => startEdgeSite(startPool, 'bundles'));
edgeSiteSuite('at a provider that nobody here wrote, as written', () =>
  startEdgeSite(startIndependentProvider, 'sources'),
);
edgeSiteSuite('at a provider that nobody here wrote, as deployed', () =>
  startEdgeSite(startIndependentProvider, 'bundles'),
);
