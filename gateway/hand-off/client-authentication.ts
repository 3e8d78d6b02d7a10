import { Buffer } from 'node:buffer';
import { isSecretOf } from '../../shared/clients.ts';
import type { ClientConfig } from '../../shared/config.ts';
import { SsoError } from '../../shared/errors.ts';
import type { Parameters } from '../http/form.ts';
import type { SharedParts } from '../session/parts.ts';
import { checkAssertion, clientOfAssertion } from './client-assertion.ts';

/** Who a request says it comes from, and by what it would show it. Nothing is checked yet. */
export type Credentials = { readonly id: string; readonly challenge: 'Basic' | undefined } & (
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'assertion'; readonly assertion: string }
  | { readonly kind: 'none' }
);

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * Reads a client's credentials: `client_secret_basic`, `client_secret_post`, `private_key_jwt`, or an id alone.
 *
 * @param authorization `Authorization` header as received.
 * @throws SsoError `bad_request` for two ways at once (RFC 6749 §2.3), `client_refused` for what can't be read.
 */
export function readCredentials(authorization: string | undefined, form: Parameters): Credentials {
  const id = form.get('client_id');
  const secret = form.get('client_secret');
  const assertion = form.get('client_assertion');
  const ways = [authorization, secret, assertion].filter((way) => way !== undefined).length;
  if (ways > 1) throw new SsoError('bad_request', 'two ways of client authentication at once');
  if (authorization !== undefined) {
    const basic = readBasic(authorization);
    if (!basic) throw new SsoError('client_refused', 'Authorization is not Basic with an id and a secret');
    if (id !== undefined && id !== basic.id) throw new SsoError('bad_request', 'client_id differs from Authorization');
    return { ...basic, kind: 'secret', challenge: 'Basic' };
  }
  if (assertion !== undefined) {
    if (form.get('client_assertion_type') !== assertionType)
      throw new SsoError('client_refused', 'client_assertion_type');
    const subject = clientOfAssertion(assertion);
    if (subject === undefined) throw new SsoError('client_refused', 'client_assertion names nobody');
    if (id !== undefined && id !== subject) throw new SsoError('bad_request', 'client_id differs from the assertion');
    return { id: subject, kind: 'assertion', assertion, challenge: undefined };
  }
  if (id === undefined) throw new SsoError('client_refused', 'no client_id');
  return { id, challenge: undefined, ...(secret === undefined ? { kind: 'none' } : { kind: 'secret', secret }) };
}

/**
 * Makes sure that a client is who it says, by the one way that it is registered with.
 *
 * A wrong secret takes as long as an unknown client, or one that has no secret.
 *
 * @throws SsoError `client_refused`; for assertions also `provider_unavailable` and `store_unavailable`.
 */
export async function authenticateClient(credentials: Credentials, parts: SharedParts): Promise<ClientConfig> {
  const client = parts.clients.byId(credentials.id);
  let shown = false;
  if (credentials.kind === 'secret') shown = isSecretOf(client, credentials.secret);
  else if (credentials.kind === 'none') shown = client?.public === true;
  else if (client) shown = await checkAssertion(credentials.assertion, client, parts);
  if (!client || !shown)
    throw new SsoError(
      'client_refused',
      client ? `wrong or missing ${credentials.kind} of client ${client.id}` : 'no such client',
    );
  return client;
}

/** RFC 6749 §2.3.1: both halves are form-encoded before they are joined. */
function readBasic(authorization: string): { readonly id: string; readonly secret: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization)?.[1];
  const joined = Buffer.from(encoded ?? '', 'base64').toString('utf8');
  const colon = joined.indexOf(':');
  if (colon < 1) return undefined;
  try {
    const [id, secret] = [joined.slice(0, colon), joined.slice(colon + 1)].map((half) =>
      decodeURIComponent(half.replaceAll('+', ' ')),
    );
    return id === undefined || secret === undefined ? undefined : { id, secret };
  } catch {
    // a stray percent sign: no encoding of anything
    return undefined;
  }
}
