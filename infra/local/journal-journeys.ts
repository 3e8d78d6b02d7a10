import type { Clock, Seconds } from '../../shared/clock.ts';

/** A request that comes in. */
export type Arrival = {
  /** Host that is asked, without its port. */
  readonly host: string;
  /** Path and query as received. */
  readonly target: string;
  readonly method: string;
  /**
   * A person's browser going to a page, a page's own request, a frame that a page opens, the browser itself on behalf of a
   * page, or another server of this world.
   */
  readonly by: 'navigation' | 'page' | 'frame' | 'fedcm' | 'server';
  /** Host of the page that it comes from, as far as the browser tells. */
  readonly from?: string | undefined;
  /** Does it come from a page of the same host? */
  readonly sameOrigin: boolean;
  /** A page that is left open asks it again and again. */
  readonly isPoll?: boolean;
};

/** Where a step stands. */
export type Place = { readonly journey: number; readonly order: number };

/** A request that is being answered. */
export type Visit = Place & {
  readonly host: string;
  /** Host whose request caused this one; `undefined`: a browser sent it, or nobody knows. */
  readonly causedBy: string | undefined;
  /** It was answered. @param location Where the answer sends a browser. */
  leave(location?: string): void;
};

/** Sorts requests into journeys. */
export type Journeys = {
  arrive(arrival: Arrival): Visit;
  /** The next place in the same journey as that one, or as whichever request is under way, or as the last one. */
  placeFor(after: Place | undefined): Place;
};

type Journey = {
  readonly id: number;
  readonly startedAt: string;
  /** Began by going to a page; a form that was sent has done what it was for. */
  readonly isWayToPage: boolean;
  /** Where it stands still. */
  restsAt: string | undefined;
  lastAt: Seconds;
};

/** A redirect that no browser followed by now is not followed any more. */
const followedWithin: Seconds = 30;
/** A sign-in that was left standing for longer has been given up. */
const resumedWithin: Seconds = 15 * 60;
/** What a page does later than that is no part of its opening. */
const pagesSettleWithin: Seconds = 3;
const mostRemembered = 200;

/**
 * Sorts requests into journeys: what a redirect leads to belongs to where it came from; a sign-in page on the way belongs
 * to the way; what servers ask each other belongs to the request that they are just answering. Meant for one person at a
 * time: with several, what servers ask may be put down to the wrong one.
 */
export function createJourneys(clock: Clock): Journeys {
  const journeys: Journey[] = [];
  const redirects: { readonly to: string; readonly journey: Journey; readonly at: Seconds }[] = [];
  const underWay = new Set<Visit>();
  /** By the host of a frame: whose page it stood in last. */
  const around = new Map<string, string>();
  let orders = 0;
  let ids = 0;

  const remember = <T>(list: T[], one: T) => {
    list.push(one);
    if (list.length > mostRemembered) list.shift();
  };
  const latest = () => journeys.at(-1);
  const newest = () => [...underWay].at(-1);

  function begin({ host, method, by }: Pick<Arrival, 'host' | 'method' | 'by'>): Journey {
    ids += 1;
    const isWayToPage = by === 'navigation' && method === 'GET';
    const journey: Journey = { id: ids, startedAt: host, isWayToPage, restsAt: undefined, lastAt: clock() };
    remember(journeys, journey);
    return journey;
  }

  function followed({ host, target }: Arrival): Journey | undefined {
    const now = clock();
    const found = redirects.findLastIndex(({ to, at }) => to === host + target && now - at <= followedWithin);
    return found < 0 ? undefined : redirects.splice(found, 1)[0]?.journey;
  }

  function resumed({ host, sameOrigin }: Arrival): Journey | undefined {
    if (!sameOrigin) return undefined;
    const journey = journeys.findLast(({ restsAt }) => restsAt === host);
    const isOnTheWay = journey?.isWayToPage && journey.startedAt !== host && clock() - journey.lastAt <= resumedWithin;
    return isOnTheWay ? journey : undefined;
  }

  function journeyOf(arrival: Arrival): Journey {
    if (arrival.by === 'server') {
      const id = newest()?.journey;
      return journeys.find((journey) => journey.id === id) ?? latest() ?? begin(arrival);
    }
    const frame = frameAround(arrival);
    const goesOn = frame === undefined ? (followed(arrival) ?? resumed(arrival)) : undefined;
    if (goesOn) return goesOn;
    if (arrival.by === 'navigation') return begin(arrival);
    const page = frame ?? arrival.from ?? arrival.host;
    const there = journeys.findLast(({ restsAt }) => restsAt === page);
    return (there && isOver(there, arrival) ? beginAt(page, arrival) : there) ?? latest() ?? begin(arrival);
  }

  /** Has so much happened since on other pages that what this one does now is something new? */
  const isOver = (journey: Journey, { isPoll }: Arrival): boolean =>
    !isPoll && journey !== latest() && clock() - journey.lastAt > pagesSettleWithin;

  function beginAt(page: string, arrival: Arrival): Journey {
    const journey = begin(arrival);
    journey.restsAt = page;
    return journey;
  }

  /** Host of the page around the frame that asks; FedCM is asked by the page that has a frame as well. */
  function frameAround({ host, target, by, from }: Arrival): string | undefined {
    if (by === 'frame' && from !== undefined) around.set(host, from);
    return by === 'frame' || by === 'fedcm' || target.startsWith('/frame/') ? around.get(host) : undefined;
  }

  return {
    arrive(arrival) {
      const causedBy = arrival.by === 'server' ? newest()?.host : undefined;
      const journey = journeyOf(arrival);
      if (!arrival.isPoll) journey.lastAt = clock();
      orders += 1;
      const visit: Visit = {
        journey: journey.id,
        order: orders,
        host: arrival.host,
        causedBy,
        leave(location) {
          underWay.delete(visit);
          if (arrival.by !== 'navigation') return;
          const to = location === undefined ? undefined : key(location);
          if (to === undefined) journey.restsAt = arrival.host;
          else remember(redirects, { to, journey, at: clock() });
        },
      };
      underWay.add(visit);
      return visit;
    },
    placeFor(after) {
      orders += 1;
      const id = after?.journey ?? newest()?.journey ?? latest()?.id;
      return { journey: id ?? begin({ host: '', method: '', by: 'server' }).id, order: orders };
    },
  };
}

/** What a request for that address will look like. */
function key(location: string): string | undefined {
  if (!URL.canParse(location)) return undefined;
  const { hostname, pathname, search } = new URL(location);
  return hostname + pathname + search;
}
