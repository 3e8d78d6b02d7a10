import type { Seconds } from '../clock.ts';
import type { SessionId, UserId } from '../identity.ts';
import type { Session } from './store.ts';

/** A code as it is put away: what it may be redeemed for, and by whom. */
export type NewCode = {
  /** SHA-256 of the code, base64url: the code itself is never stored. */
  readonly hash: string;
  readonly clientId: string;
  /** Where the code went, letter by letter. */
  readonly redirectUri: string;
  /** Origin that it went to. */
  readonly origin: string;
  /** The session that it stands for. */
  readonly sid: SessionId;
  /** PKCE `code_challenge`, S256 (RFC 7636 §4.2). */
  readonly challenge: string;
  /** Absent: the app sent none. */
  readonly nonce?: string;
  /** Granted scopes, separated by spaces. */
  readonly scope: string;
  readonly expiresAt: Seconds;
};

/** Somebody's attempt to redeem a code. Who the client is has been shown already. */
export type Redemption = Pick<NewCode, 'hash' | 'clientId' | 'redirectUri' | 'challenge'> & {
  /** `Origin` of the request. Absent: no page sent it. */
  readonly origin?: string;
  /** SHA-256 of the access token that will be given, base64url. */
  readonly accessHash: string;
  readonly accessUntil: Seconds;
};

export type RedemptionOutcome =
  /** The first try, and all of it fits. From now on the session's end is told to the client. */
  | { readonly kind: 'redeemed'; readonly session: Session; readonly scope: string; readonly nonce?: string }
  /** A second try in which all fits, of a code that was redeemed: what the first was given counts no longer. */
  | { readonly kind: 'reused' }
  /** Unknown, expired, of a dead session, or something doesn't fit. It can't be redeemed any more. */
  | { readonly kind: 'refused' };

/** What an access token stands for. */
export type Grant = {
  readonly clientId: string;
  readonly scope: string;
  readonly session: Session;
  readonly expiresAt: Seconds;
};

/** That a client has to be told of a session's end. */
export type LogoutNotice = {
  readonly sid: SessionId;
  readonly clientId: string;
  readonly userId: UserId;
  readonly endedAt: Seconds;
  /** Which try this is, from 1. */
  readonly attempt: number;
};

/** What came of a try to tell a client. `says` is for the operator: a status or a kind of error, never an answer's text. */
export type LogoutResult =
  | { readonly kind: 'delivered' }
  /** The client has no address for it, or is not registered any more. Final. */
  | { readonly kind: 'nowhere' }
  | { readonly kind: 'failed'; readonly says: string; readonly retryAt: Seconds };

/** Whether a client has heard of a session's end. */
export type LogoutRecord = Omit<LogoutNotice, 'attempt'> & {
  readonly attempts: number;
  /** `pending` until it is delivered or leads nowhere; what stays pending until its time is over was given up. */
  readonly state: 'pending' | 'delivered' | 'nowhere';
  /** When it was settled. Absent while it is pending. */
  readonly settledAt?: Seconds;
  /** What the last try that failed came to. */
  readonly says?: string;
};

/** Seconds for which a client that can't be reached is tried again, and for which the record is kept. */
export const logoutKept: Seconds = 3 * 86_400;

/** Seconds for which the row of a code outlives the code and the tokens it gave, so that a repeat is noticed. */
export const codeOutlives: Seconds = 60;

/** Codes of the hand-off, the access tokens they give, and the news of a session's end for each client. */
export interface HandOffStore {
  /** Puts a code away. */
  createCode(code: NewCode): Promise<void>;

  /**
   * Redeems a code, by one atomic statement: of many tries at once the first uses the code up, whether it succeeds or not;
   * and in the same statement the session is seen to be alive and remembers the client, so that an end of the session
   * either comes first, and refuses, or comes after, and tells the client.
   */
  redeemCode(redemption: Redemption, now: Seconds): Promise<RedemptionOutcome>;

  /** What an access token stands for; `undefined`: unknown, expired, revoked, or its session has ended. */
  findGrant(accessHash: string, now: Seconds): Promise<Grant | undefined>;

  /**
   * Takes notices that are due, each for one caller alone. Whatever is neither settled nor put off by
   * {@link noteLogout} until `leaseUntil` is due again: its taker may have died.
   */
  takeLogouts(now: Seconds, leaseUntil: Seconds, limit: number): Promise<readonly LogoutNotice[]>;

  /** Writes down what came of a notice that was taken. One that was delivered stays so. */
  noteLogout(notice: Pick<LogoutNotice, 'sid' | 'clientId'>, result: LogoutResult, now: Seconds): Promise<void>;

  /** Which clients had to be told of a session's end, and whether they heard, in the order of their ids. */
  logoutsOf(sid: SessionId): Promise<readonly LogoutRecord[]>;
}
