import type { ClientConfig } from '../../shared/config.ts';
import { ConfigError, type ConfigMistake } from '../../shared/config.ts';
import type { Keyring } from '../../shared/keys/keyring.ts';
import { createRemoteJwks, type RemoteJwks } from '../../shared/keys/remote-jwks.ts';
import { readJwks, type VerificationKeys } from '../../shared/keys/signing.ts';
import type { GatewayDeps } from '../deps.ts';

/** What apps may sign their assertions with. */
export const assertionAlgorithms = ['RS256', 'ES256', 'EdDSA'] as const;

/** Keys by which apps without a secret show who they are. */
export type ClientKeys = {
  /**
   * The key that an app signed with, by its `kid`; `undefined`: it has none of that name.
   *
   * @param kid `undefined`: the token names none, which only somebody with a single key may do (OpenID Connect Core §10.1).
   * @throws SsoError `provider_unavailable` where the app's `jwksUri` doesn't answer and nothing is remembered.
   */
  find(client: ClientConfig, kid: string | undefined): Promise<ReturnType<VerificationKeys['get']>>;
};

/** Reads the keys that stand in the configuration, and follows those that apps publish. */
export function createClientKeys(
  clients: readonly ClientConfig[],
  { clock, fetch }: Pick<GatewayDeps, 'clock' | 'fetch'>,
): ClientKeys {
  const fixed = new Map(clients.map(({ id, jwks }) => [id, readJwks(jwks, assertionAlgorithms)] as const));
  const followed = new Map<string, RemoteJwks>(
    clients.flatMap(({ id, jwksUri: url }) =>
      url === undefined
        ? []
        : [[id, createRemoteJwks({ url, algorithms: assertionAlgorithms, clock, fetch })] as const],
    ),
  );
  return {
    async find({ id }, kid) {
      const remote = followed.get(id);
      if (kid === undefined) return onlyOne((await remote?.keys()) ?? fixed.get(id));
      if (!remote) return fixed.get(id)?.get(kid);
      return (await remote.keys()).get(kid) ?? (await remote.keysAfterUnknownKid()).get(kid);
    },
  };
}

function onlyOne(keys: VerificationKeys | undefined): ReturnType<VerificationKeys['get']> {
  const [key, another] = keys?.values() ?? [];
  return another === undefined ? key : undefined;
}

/**
 * What can be known of the apps' keys, and of the keys for their tokens, before anybody asks.
 *
 * @throws ConfigError that lists every mistake.
 */
export function assertClientKeys(clients: readonly ClientConfig[], keyring: Pick<Keyring, 'openid'>): void {
  const mistakes: ConfigMistake[] = [];
  clients.forEach(({ jwks, tokenAlgorithm, redirectUris }, i) => {
    jwks?.keys.forEach((key, j) => {
      const where = `clients.${i}.jwks.keys.${j}`;
      if (jwks.keys.findIndex(({ kid }) => kid === key.kid) !== j) mistakes.push({ where, says: 'has a kid twice' });
      else if (readJwks({ keys: [key] }, assertionAlgorithms).size === 0)
        mistakes.push({ where, says: `is no public key for one of ${assertionAlgorithms.join(', ')}` });
    });
    if (redirectUris.length > 0 && !keyring.openid.byAlgorithm.has(tokenAlgorithm)) {
      const says = `keys.openid holds no key for ${tokenAlgorithm}`;
      mistakes.push({ where: `clients.${i}.tokenAlgorithm`, says });
    }
  });
  if (mistakes.length > 0) throw new ConfigError(mistakes);
}
