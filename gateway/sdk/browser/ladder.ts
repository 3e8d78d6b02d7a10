/** What somebody is here. `unknown`: nobody could tell, which is no sign-out. */
export type State = 'signed-in' | 'signed-out' | 'unknown';

/**
 * What the check frame came to.
 *
 * - `code`: signed in, with a code to redeem.
 * - `signed-in`: signed in, but the frame saw no cookie that is good for a code.
 * - `unknown`: the browser hides the gateway's cookies from it, or it could not be shown, or was too slow.
 * - `refused`: the gateway will not answer this page. No other rung would be answered either.
 * - `unreachable`: the gateway is down, or too busy. Sending somebody there would show them an error.
 */
export type FrameFinding = 'code' | 'signed-in' | 'signed-out' | 'unknown' | 'refused' | 'unreachable';

/** What a bounce through the gateway depends on. */
export type BounceFacts = {
  /** The app wants it, and the page is not where the last one ended. */
  readonly wanted: boolean;
  /** The page stands in a frame itself: what the gateway shows can't be framed. */
  readonly embedded: boolean;
  readonly visible: boolean;
  /**
   * What the tab remembers of an earlier one. `null`: there was none. `undefined`: it has no memory, so nothing could stop a
   * loop.
   */
  readonly earlier: string | null | undefined;
};

/** All that a climb knows so far. */
export type Facts = {
  /** The app has a server side of ours on this origin. Without it the frame tells a state, and nothing else is possible. */
  readonly server: boolean;
  /** The gateway's address is one that this page can use. */
  readonly gateway: boolean;
  /** The browser has FedCM, and somebody has come in by it here before. */
  readonly fedcm: boolean;
  readonly bounce: BounceFacts;
} & Findings;

/** What its steps have found. Absent: not asked yet. */
export type Findings = {
  /** The app's own session. */
  readonly own?: State;
  readonly frame?: FrameFinding;
  /** Whether FedCM gave a code. */
  readonly silentFedcm?: boolean;
  /** The app's own session after a code had been redeemed. */
  readonly redeemed?: State;
};

/** The next thing to do; or the end, which is a state. */
export type Step = 'own' | 'frame' | 'fedcm' | 'redeem' | 'bounce' | State;

/**
 * Decides the next step of a climb. Every step adds a fact and is never taken twice, so every climb ends.
 *
 * Nobody is signed out here because something failed: `signed-out` is said only where the gateway said it.
 */
export function nextStep(facts: Facts): Step {
  const { server, own, frame, silentFedcm, redeemed } = facts;
  if (!server) return facts.gateway && !frame ? 'frame' : stateOf(frame);
  if (!own) return 'own';
  if (own !== 'signed-out') return own;
  // a second code would meet what the first one met
  if (redeemed) return redeemed === 'signed-in' ? redeemed : 'unknown';
  if (frame === 'code' || silentFedcm) return 'redeem';
  if (frame === 'signed-out') return frame;
  if (facts.gateway) {
    if (!frame) return 'frame';
    if (frame === 'refused' || frame === 'unreachable') return 'unknown';
    if (facts.fedcm && silentFedcm === undefined) return 'fedcm';
  }
  return mayBounce(facts.bounce) ? 'bounce' : 'unknown';
}

function stateOf(frame: FrameFinding | undefined): State {
  if (frame === 'code') return 'signed-in';
  return frame === 'signed-in' || frame === 'signed-out' ? frame : 'unknown';
}

const mayBounce = ({ wanted, embedded, visible, earlier }: BounceFacts): boolean =>
  wanted && !embedded && visible && earlier === null;
