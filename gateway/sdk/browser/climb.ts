import { type Facts, type Findings, type FrameFinding, nextStep, type State } from './ladder.ts';

/** What each step of a climb does. None rejects. */
export type Rungs = {
  /** What stays the same while a climb goes on. */
  readonly page: Pick<Facts, 'server' | 'gateway' | 'fedcm'>;
  /** What it depends on, now. */
  bounceFacts(): Facts['bounce'];
  /** The app's own session. */
  own(): Promise<State>;
  /** Asks the frame, for a code where the app has a server side. */
  frame(): Promise<FrameFinding>;
  /** Asks FedCM, silently. @returns Whether there is a code. */
  fedcm(): Promise<boolean>;
  /** Redeems the code that the last of these gave, and answers with the app's own session after that. */
  redeem(): Promise<State>;
  /** Leaves the page for the gateway. */
  bounce(): void;
};

/** How a climb ended. */
export type Summit = {
  readonly state: State;
  /** The session began in this climb, so that the page was made for nobody. */
  readonly isNew: boolean;
  /** The app's own session, as it was found at first. */
  readonly own: State | undefined;
};

/**
 * Climbs until there is an answer, or nothing left to try.
 *
 * @param signal Aborted: no further step is taken, and what is under way counts for nothing.
 */
export async function climb(rungs: Rungs, signal: AbortSignal): Promise<Summit> {
  let found: Findings = {};
  let state: State = 'unknown';
  while (!signal.aborted) {
    const step = nextStep({ ...rungs.page, ...found, bounce: rungs.bounceFacts() });
    if (step === 'own') found = { ...found, own: await rungs.own() };
    else if (step === 'frame') found = { ...found, frame: await rungs.frame() };
    else if (step === 'fedcm') found = { ...found, silentFedcm: await rungs.fedcm() };
    else if (step === 'redeem') found = { ...found, redeemed: await rungs.redeem() };
    else {
      if (step === 'bounce') rungs.bounce();
      else state = step;
      break;
    }
  }
  return { state, isNew: found.redeemed === 'signed-in', own: found.own };
}
