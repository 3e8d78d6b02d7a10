import type { Seconds } from '../clock.ts';
import type { Identity, SessionId, UserId } from '../identity.ts';
import type { HandOffStore } from './hand-off.ts';

/** One sign-in at the gateway. */
export type Session = {
  readonly sid: SessionId;
  readonly userId: UserId;
  readonly identity: Identity;
  /** When the provider last asked for proof (`auth_time`). 0: it doesn't say, which counts as long ago. */
  readonly authTime: Seconds;
  readonly createdAt: Seconds;
  /** Nothing renews a session past this. */
  readonly endsAt: Seconds;
  /** When the session was last renewed. */
  readonly lastSeenAt: Seconds;
  /** `User-Agent` at sign-in, at most 256 characters; for the person's list of sessions. */
  readonly userAgent?: string;
  /** The provider's refresh and ID token, sealed by the caller: the store never sees them in the clear. */
  readonly sealedProviderTokens?: string;
  /** When the provider last confirmed this person, by code or by refresh. */
  readonly providerConfirmedAt: Seconds;
  /** Goes up by every change of the provider's tokens; the compare of compare-and-swap. */
  readonly providerGeneration: number;
};

export type NewSession = Omit<Session, 'lastSeenAt' | 'providerConfirmedAt' | 'providerGeneration'>;

/** Why a session ended; for the audit trail. */
export type EndReason = 'logout' | 'replaced' | 'provider' | 'disabled' | 'admin' | 'expired';

/**
 * Seconds for which news of an ended session is kept past its `endsAt`: longer than any leeway on a token's expiry.
 */
export const newsOutlivesSession: Seconds = 60;

/** News for the synchronous core, in the order in which it became visible. */
export type FeedEntry =
  /** Tokens of this session count no longer. May be forgotten after `until`. */
  | { readonly kind: 'session-ended'; readonly sid: SessionId; readonly until: Seconds }
  /** Claims of this person with a lower permission version count no longer. */
  | {
      readonly kind: 'permissions-changed';
      readonly userId: UserId;
      readonly version: number;
      readonly until: Seconds;
    };

export type FeedPage = {
  /** News since the cursor. The same entry may come twice; applying one twice changes nothing. */
  readonly entries: readonly FeedEntry[];
  /** Hand this back next time. Opaque. */
  readonly cursor: string;
};

/**
 * Sessions, codes and revocations that all gateway processes share. One contract (`store.contract.ts`), kept by every
 * implementation.
 *
 * Times come from the caller's clock. Every method throws `SsoError('store_unavailable')` when the answer can't be had.
 */
export interface Store extends HandOffStore {
  /**
   * Adds a session, and ends the one it replaces (whoever's) in the same transaction.
   *
   * It begins with `lastSeenAt` and `providerConfirmedAt` at `createdAt` and `providerGeneration` 0. Of `userAgent`,
   * control characters and what is beyond 256 characters are dropped.
   *
   * @param handleHash SHA-256 of the cookie's handle, base64url: the handle itself is never stored.
   */
  createSession(session: NewSession, handleHash: string, replaces?: SessionId): Promise<void>;

  /** The live session with that handle; `undefined` if unknown, ended or past `endsAt`. */
  findSessionByHandle(handleHash: string, now: Seconds): Promise<Session | undefined>;

  /** The live session of that name; `undefined` if unknown, ended or past `endsAt`. */
  findSession(sid: SessionId, now: Seconds): Promise<Session | undefined>;

  /**
   * Notes that a session was renewed, by one atomic statement.
   *
   * @returns Whether the session is alive. `false`: nothing was written, and an answer that would renew it must not go out.
   */
  touchSession(sid: SessionId, now: Seconds): Promise<boolean>;

  /**
   * Puts the outcome of a provider refresh in place, if no other process was faster.
   *
   * @param expectedGeneration `providerGeneration` of the session as it was read before the refresh.
   * @param next Without `sealedProviderTokens` the session keeps the one it has. `confirmedAt` is the present time.
   * @returns Whether this call's tokens are now the session's. `false` also for a session that has ended.
   */
  swapProviderTokens(
    sid: SessionId,
    expectedGeneration: number,
    next: { readonly sealedProviderTokens?: string; readonly confirmedAt: Seconds },
  ): Promise<boolean>;

  /**
   * Ends a session, tells the feed (until {@link newsOutlivesSession} after its end) and the audit trail
   * (`session.ended`), and notes for each client that was given tokens that it has to be told. Idempotent.
   *
   * @returns The session as it was, for revoking its provider tokens; `undefined` if it was not alive.
   */
  endSession(sid: SessionId, reason: EndReason, now: Seconds): Promise<Session | undefined>;

  /** Ends every live session of a person, except perhaps one. Returns them as they were. */
  endSessionsOf(userId: UserId, reason: EndReason, now: Seconds, except?: SessionId): Promise<readonly Session[]>;

  /** A person's live sessions, newest first. */
  sessionsOf(userId: UserId, now: Seconds): Promise<readonly Session[]>;

  /**
   * Claims a name once, for all processes, by one atomic statement.
   *
   * @returns `true` for the first caller, `false` for every other until `until` has passed.
   */
  claimOnce(name: string, now: Seconds, until: Seconds): Promise<boolean>;

  /** News since `cursor`; without one, everything that still matters (`until` in the future). */
  readFeed(now: Seconds, cursor?: string): Promise<FeedPage>;

  /**
   * Calls `wake` soon after news arrives, where the implementation can tell (LISTEN/NOTIFY); missed calls are allowed,
   * so the caller polls as well. Returns a function that stops it.
   */
  watchFeed(wake: () => void): Promise<() => Promise<void>>;

  /**
   * Removes what has expired, at most some thousands of rows of each kind a call; clients are told of a session that ran
   * out, too. Returns how many rows went.
   */
  sweep(now: Seconds): Promise<number>;

  /** Resolves if the store answers, throws otherwise. For readiness. */
  ping(): Promise<void>;
}
