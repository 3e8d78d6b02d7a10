import { type Answer, toResponse } from './answer.ts';
import { type Incoming, incomingFrom } from './incoming.ts';
import type { Person } from './person.ts';

/** Somebody is signed in; the app carries on. */
export type SignedIn = {
  readonly kind: 'signed-in';
  readonly person: Person;
  /** Public name of the sign-in; the same in every app. An identifier, never a credential. */
  readonly sid: string;
  /** `Set-Cookie` values to append to the app's own answer. */
  readonly cookies: readonly string[];
  /**
   * For the app's own answer: `Vary` is to be merged into the app's, `Cache-Control` to be set. It is `no-store` beside
   * cookies, which no cache may keep for the next person; otherwise it is a default that the app's own replaces.
   */
  readonly headers: readonly (readonly [name: string, value: string])[];
};

/** Nobody is signed in, and this request may go on without: an optional page, or a CORS preflight. */
export type SignedOut = {
  readonly kind: 'signed-out';
  /** As for {@link SignedIn}. */
  readonly cookies: readonly string[];
  /** As for {@link SignedIn}. Empty for a preflight. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** How this request would have been answered had the page asked for somebody: 302, 401 or 503. */
  challenge(): Answer;
};

/** What one request amounts to. `respond`: the app's handler is not to run. */
export type Decision = SignedIn | SignedOut | { readonly kind: 'respond'; readonly answer: Answer };

/** The same for those who speak the Fetch API. */
export type Outcome = SignedIn | SignedOut | { readonly kind: 'respond'; readonly response: Response };

/** What decides, for one app, who is there: the same for every framework, and for both kinds of app. */
export type SsoFilter = {
  /**
   * Decides one request. Only the filter's own endpoints, where it has some, read a body; it must not have been read before.
   *
   * @throws whatever `onSignIn` throws
   */
  handle(request: Request): Promise<Outcome>;
  /** {@link handle} for adapters, which have no `Request` at hand. */
  decide(incoming: Incoming): Promise<Decision>;
  /** Link that signs in and returns to a path of this app. Default: the app's root. */
  signInUrl(returnTo?: string): string;
  /**
   * Address that signs out of everything. As the `action` of a form with `method="post"` it does so at once; followed as a
   * link it asks first.
   */
  signOutUrl(returnTo?: string): string;
};

/** Makes `handle` of `decide`. */
export const handleBy =
  (decide: SsoFilter['decide']): SsoFilter['handle'] =>
  async (request) => {
    const decision = await decide(incomingFrom(request));
    return decision.kind === 'respond' ? { kind: 'respond', response: toResponse(decision.answer) } : decision;
  };

/**
 * Headers for the app's own answer beside these cookies.
 *
 * @param cacheControl Where no cookie goes along; `undefined` leaves it to the app.
 */
export function headersBeside(cookies: readonly string[], cacheControl?: string): SignedIn['headers'] {
  const control = cookies.length > 0 ? 'no-store' : cacheControl;
  return [['Vary', 'Cookie'], ...(control === undefined ? [] : [['Cache-Control', control] as const])];
}
