import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock, Seconds } from '../../shared/clock.ts';
import { type Arrival, createJourneys, type Place, type Visit } from './journal-journeys.ts';
import { safeText, safeValue } from './journal-redaction.ts';

export type { Arrival, Visit } from './journal-journeys.ts';

/**
 * `request`: an answer; `redirect`: one that sends the browser elsewhere; `cookie`: one that an answer sets or clears;
 * `token`: tokens that the user pool made; `trigger`: a Lambda function ran; `row`: a row was read or written; `pool`:
 * something else at the user pool; `queue`: a message was sent or taken; `edge`: a function of CloudFront ran.
 */
export type StepKind = 'request' | 'redirect' | 'cookie' | 'token' | 'trigger' | 'row' | 'pool' | 'queue' | 'edge';

/** Something that happened. */
export type Step = {
  /** Rises in the order in which steps became known. For `steps(since)`. */
  readonly id: number;
  /** Rises in the order in which steps began: a request stands before what it caused, though it ends after. */
  readonly order: number;
  /** Steps of one journey belong together: from a click to the page that it led to. */
  readonly journey: number;
  readonly at: Seconds;
  readonly kind: StepKind;
  /** Where it happened: a host without its port, or `user-pool`, `lambda`, `postgres`, `queue`. */
  readonly host: string;
  /** One plain line. */
  readonly summary: string;
  readonly details: Readonly<Record<string, unknown>>;
};

/** A step as its source tells it. `at` and the journey are found out where they are missing. */
export type NewStep = Pick<Step, 'kind' | 'host' | 'summary'> & {
  readonly at?: Seconds;
  readonly details?: Readonly<Record<string, unknown>>;
  /** What it consisted of or brought about; noted right after it. */
  readonly parts?: readonly NewStep[];
  /**
   * Asked again and again by a page that is left open. Folded into the last one alike, as `times` of it, while nothing else
   * happens in its journey.
   */
  readonly isPoll?: boolean;
};

/** What just happened in the local world. In memory, of a bounded size, and without secrets: they are taken out on the way in. */
export type Journal = {
  /** Notes a step. Without a visit it belongs to the request that is being handled here and now. */
  record(step: NewStep, visit?: Visit): Step;
  /** In the order of their ids. @param since Only those with a higher id. */
  steps(since?: number): readonly Step[];
  /** The highest id so far; rises by `clear()` too, so that a page that shows an older one knows to look again. */
  readonly cursor: number;
  clear(): void;
  /** A request comes in: finds the journey that it belongs to. Call `leave` of the visit when it was answered. */
  arrive(arrival: Arrival): Visit;
  /** Runs a request's handler so that whatever is recorded meanwhile counts as its. */
  during<T>(visit: Visit, handler: () => T): T;
  /** Adds to the details of the request that is being handled here and now; of no request, to nothing. */
  note(details: Step['details']): void;
  /** Notes a step of the request that is being handled here and now; of no request, nothing. */
  recordWithin(step: NewStep): void;
};

/**
 * Makes an empty journal.
 *
 * @param options.size Most steps that are kept; the oldest go first. Default: 500.
 */
export function createJournal({ clock, size = 500 }: { readonly clock: Clock; readonly size?: number }): Journal {
  const journeys = createJourneys(clock);
  const current = new AsyncLocalStorage<Visit>();
  const notes = new WeakMap<Place, Step['details']>();
  /** Polls among the steps, with how one tells those that are alike. */
  const polls = new WeakMap<Step, string>();
  let steps: Step[] = [];
  let cursor = 0;

  /** Takes the poll alike out, for a newer one to stand in its place. */
  function takeAlike(journey: number, likeness: string): Step | undefined {
    for (const step of steps.toReversed()) {
      if (step.journey !== journey) continue;
      const other = polls.get(step);
      if (other === undefined) return undefined;
      if (other !== likeness) continue;
      steps = steps.filter((one) => one !== step);
      return step;
    }
    return undefined;
  }

  function record(step: NewStep, place: Place): Step {
    const { kind, host, summary, at = clock(), parts = [], isPoll = false } = step;
    cursor += 1;
    const details = safeValue({ ...step.details, ...notes.get(place) }) as Step['details'];
    const told = { kind, host: safeText(host), summary: safeText(summary) };
    // one that changes something is news
    const likeness = isPoll && parts.length === 0 ? JSON.stringify({ ...told, ...details, durationMs: 0 }) : undefined;
    const alike = likeness === undefined ? undefined : takeAlike(place.journey, likeness);
    const noted: Step = {
      id: cursor,
      order: alike?.order ?? place.order,
      journey: place.journey,
      at,
      ...told,
      details: alike ? { ...details, times: Number(alike.details.times ?? 1) + 1 } : details,
    };
    steps.push(noted);
    if (likeness !== undefined) polls.set(noted, likeness);
    if (steps.length > size) steps = steps.slice(-size);
    for (const part of parts) record({ at, ...part }, journeys.placeFor(place));
    return noted;
  }

  return {
    record: (step, visit) => record(step, visit ?? journeys.placeFor(current.getStore())),
    steps: (since = 0) => steps.filter((step) => step.id > since),
    get cursor() {
      return cursor;
    },
    clear() {
      steps = [];
      cursor += 1;
    },
    arrive: (arrival) => journeys.arrive(arrival),
    during: (visit, handler) => current.run(visit, handler),
    note(details) {
      const visit = current.getStore();
      if (visit) notes.set(visit, { ...notes.get(visit), ...details });
    },
    recordWithin(step) {
      const visit = current.getStore();
      // not `record` with the visit itself: what was noted of the request is not this step's, nor is its place
      if (visit) record(step, journeys.placeFor(visit));
    },
  };
}
