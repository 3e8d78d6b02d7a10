/** What is asked of the frame. */
export type Question =
  | { readonly type: 'sso:check'; readonly nonce: string; readonly want: 'state' }
  | {
      readonly type: 'sso:check';
      readonly nonce: string;
      readonly want: 'code';
      readonly code_challenge: string;
      readonly redirect_uri: string;
      readonly scope: string;
    }
  | { readonly type: 'sso:watch'; readonly nonce: string; readonly ticket: string };

/** What the frame answers. */
export type Answer = {
  readonly state: 'signed-in' | 'signed-out' | 'unknown' | 'error';
  readonly code: string | undefined;
  /** To be compared with what we know, and with that alone. */
  readonly reason: unknown;
};

const states: readonly unknown[] = ['signed-in', 'signed-out', 'unknown', 'error'];

/**
 * Reads a message as the answer to the question with this nonce. That it came from the gateway's frame is the caller's to
 * check first.
 *
 * @returns `undefined`: it is something else.
 */
export function readAnswer(data: unknown, nonce: string): Answer | undefined {
  const { v, type, nonce: echoed, state, code, reason } = Object(data) as Record<string, unknown>;
  if (v !== 1 || type !== 'sso:result' || echoed !== nonce || !states.includes(state)) return undefined;
  return {
    state: state as Answer['state'],
    code: state === 'signed-in' && isCode(code) ? code : undefined,
    reason,
  };
}

/** Could it be a code? The app's server redeems it; here it only must not be something else by mistake. */
export const isCode = (value: unknown): value is string =>
  typeof value === 'string' && /^[\w.~-]{16,1024}$/.test(value);

/** A nonce of 128 bits, in digits and dashes. Of 2^128 none that anybody will ever draw has fewer than the 22 that it needs. */
export const freshNonce = (): string => crypto.getRandomValues(new Uint32Array(4)).join('-');
