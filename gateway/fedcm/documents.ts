import { palette } from '../pages/style.ts';
import type { Parts } from '../session/parts.ts';

/** Where the browser finds what it needs to know of us. All of it comes from the configuration, none from a request. */
export type WebIdentity = {
  readonly provider_urls: readonly [string];
  readonly accounts_endpoint: string;
  readonly login_url: string;
};

/**
 * The file that vouches for the gateway on its registrable domain. It names `accounts_endpoint` and `login_url` too: where
 * a configuration has `client_metadata_endpoint`, Chromium insists.
 *
 * @see https://w3c-fedid.github.io/FedCM/#idp-api-well-known
 */
export function webIdentity({ at }: Pick<Parts, 'at'>): WebIdentity {
  return {
    provider_urls: [at.url('/fedcm/config.json')],
    accounts_endpoint: at.url('/fedcm/accounts'),
    login_url: at.url('/fedcm/login'),
  };
}

/**
 * What a browser that shows our accounts goes by. Its dialog takes the colours of our buttons.
 *
 * @see https://w3c-fedid.github.io/FedCM/#idp-api-config-file
 */
export function fedcmConfig({ at }: Pick<Parts, 'at'>): Readonly<Record<string, unknown>> {
  const { accent, onAccent } = palette.light;
  return {
    accounts_endpoint: at.url('/fedcm/accounts'),
    client_metadata_endpoint: at.url('/fedcm/client-metadata'),
    id_assertion_endpoint: at.url('/fedcm/assertion'),
    disconnect_endpoint: at.url('/fedcm/disconnect'),
    login_url: at.url('/fedcm/login'),
    branding: { background_color: accent, color: onAccent },
  };
}
