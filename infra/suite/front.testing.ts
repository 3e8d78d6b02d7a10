import type { RequestListener } from 'node:http';
import type { Clock } from '../../shared/clock.ts';
import type { LogLine } from './gateways.testing.ts';
import { guardedApp } from './guarded-app.testing.ts';

/** What stands between browsers on one side, apps and gateway on the other. */
export type Front = {
  /** Takes every request that is nobody else's. */
  readonly gateway: RequestListener;
  readonly app: RequestListener;
  /** Port on 127.0.0.1 where the gateway itself listens. Absent: nothing is in front of it. */
  readonly gatewayPort?: number;
  /**
   * How guarded apps come to know what was decided about a person or a session: with the next news, because each request is
   * asked about at the gateway; or with the next cookie, because nobody is asked and a cookie holds what it says until its end.
   */
  readonly appsGoBy: 'news' | 'cookie';
  /** Status for a `Host` that is nobody's. */
  readonly strangeHost: 421 | 403;
  /** Status for a request whose address or header is without end. */
  readonly tooLong: 431 | 413;
  /** Status for an address of nine kilobytes. Absent: the gateway gets to read it. */
  readonly longAddress?: 413;
  stop(): Promise<void>;
};

/** What a front is put together from. */
export type FrontWorld = {
  readonly at: Readonly<Record<'gateway' | 'notes' | 'photos', string>>;
  /** The gateways' configuration as a file has it. */
  readonly written: Readonly<Record<string, unknown>>;
  /** The first is asked unless `x-suite-process` says `second`. A restart replaces one in place. */
  readonly gateways: readonly RequestListener[];
  readonly now: Clock;
  readonly log: LogLine[];
};

/** Called when the gateways already answer at their address. */
export type StartFront = (world: FrontWorld) => Promise<Front>;

/** The gateway as it listens; apps behind a reverse proxy that asks it about every request. */
export const startForwardAuth: StartFront = async ({ at, gateways }) => ({
  gateway: (request, response) =>
    gateways[request.headers['x-suite-process'] === 'second' ? 1 : 0]?.(request, response),
  app: guardedApp(at.gateway),
  appsGoBy: 'news',
  strangeHost: 421,
  tooLong: 431,
  stop: async () => {},
});
