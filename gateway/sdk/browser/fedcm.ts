import { isCode } from './message.ts';
import type { Challenge } from './own-server.ts';

/** How FedCM answered. */
export type FedcmAnswer = {
  readonly code?: string;
  /** The person closed the browser's dialog: they don't want to. Otherwise another way may be tried. */
  readonly isDismissed: boolean;
};

type Request = {
  /** Public URL of the gateway. */
  readonly gateway: string;
  readonly challenge: Challenge;
  readonly signal: AbortSignal;
  /** Only if it can be done without a word. Otherwise in answer to a click, with a dialog. */
  readonly isSilent: boolean;
};

/** Does the browser have FedCM? */
export const hasFedcm = (): boolean => 'IdentityCredential' in window;

/**
 * Asks FedCM for a code. What the code is bound to goes into `params`, which browsers hand on to the gateway as they are;
 * `nonce` has its place there too, and none beside it since Chrome 145.
 *
 * @see https://w3c-fedid.github.io/FedCM/#browser-api-identity-credential-interface
 */
export async function askFedcm({ gateway, challenge, signal, isSilent }: Request): Promise<FedcmAnswer> {
  const { client_id: clientId, ...params } = challenge;
  const providers = [{ configURL: `${gateway}/fedcm/config.json`, clientId, params }];
  const started = performance.now();
  try {
    const credential = (await navigator.credentials.get({
      signal,
      identity: { mode: isSilent ? 'passive' : 'active', providers },
      mediation: isSilent ? 'silent' : 'optional',
    } as CredentialRequestOptions)) as { readonly token?: unknown } | null;
    return { ...(isCode(credential?.token) && { code: credential.token }), isDismissed: false };
  } catch (error) {
    return { isDismissed: isDismissal((error as Error).name, performance.now() - started) };
  }
}

/** Nobody reads a dialog and closes it within so many milliseconds. */
const fastestPerson = 600;

/**
 * Was it the person? Browsers don't say: a closed dialog and a gateway that can't be asked are both a `NetworkError`, lest
 * the page learn who has an account there. But the latter comes at once. Everything with a name of its own
 * (`IdentityCredentialError`: the gateway refused; `NotAllowedError`: no click) is not the person's doing.
 */
export const isDismissal = (name: string, after: number): boolean => name === 'NetworkError' && after >= fastestPerson;
