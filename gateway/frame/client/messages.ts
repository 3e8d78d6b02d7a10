/** What the page around the frame asks, checked. */
export type Question =
  | { readonly kind: 'state'; readonly nonce: string }
  | {
      readonly kind: 'code';
      readonly nonce: string;
      readonly challenge: string;
      readonly redirectUri: string;
      /** `undefined`: the gateway's default. */
      readonly scope: string | undefined;
    }
  | { readonly kind: 'watch'; readonly nonce: string; readonly ticket: string }
  /** It can be answered, for it has a nonce, but not understood. */
  | { readonly kind: 'malformed'; readonly nonce: string };

const isText = (value: unknown, longest: number): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= longest;

/** Reads a message of the page around; `undefined`: it is none of ours, and nobody waits for an answer. */
export function readQuestion(data: unknown): Question | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const { v, type, nonce, want, code_challenge, redirect_uri, scope, ticket } = data as Record<string, unknown>;
  if (v !== 1 || (type !== 'sso:check' && type !== 'sso:watch')) return undefined;
  if (typeof nonce !== 'string' || !/^[\w-]{22,64}$/.test(nonce)) return undefined;
  if (type === 'sso:watch')
    return isText(ticket, 4096) ? { kind: 'watch', nonce, ticket } : { kind: 'malformed', nonce };
  if (want === 'state') return { kind: 'state', nonce };
  const isWhole =
    want === 'code' &&
    isText(code_challenge, 43) &&
    /^[\w-]{43}$/.test(code_challenge) &&
    isText(redirect_uri, 1024) &&
    (scope === undefined || isText(scope, 512));
  if (!isWhole) return { kind: 'malformed', nonce };
  return { kind: 'code', nonce, challenge: code_challenge, redirectUri: redirect_uri, scope };
}

/** A message of OpenID Connect Session Management: client id, space, `session_state`. */
export function readSessionStateMessage(data: string): { readonly client: string; readonly state: string } | undefined {
  const [, client, state] = /^([\w-]{1,64}) ([\w-]{43}\.[\w-]{22})$/.exec(data) ?? [];
  return client === undefined || state === undefined ? undefined : { client, state };
}
