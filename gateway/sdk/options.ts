import { type Clock, systemClock } from '../../shared/clock.ts';
import { SsoError } from '../../shared/errors.ts';
import type { SigningAlgorithm } from '../../shared/keys/signing.ts';
import { demandOfBoth, matches, normal, readBases, readSecret, shortestSecret } from './option-checks.ts';
import type { Person } from './person.ts';

/** What an app tells the filter. */
export type AutoLoginOptions = {
  /** Public URL of the gateway, path included: `publicUrl` of its configuration. */
  readonly gateway: string;
  /**
   * Public base URL of this app. Return addresses are built from it and the request's path and query. A path in it stands
   * before every path that the app sees: leave it out where the proxy in front doesn't take it off.
   */
  readonly url: string;
  /** The app's own secret, at least 32 bytes, shared with nobody. Changing it costs nobody their sign-in. */
  readonly secret: string | Uint8Array;
  /** Parent domain of the domain cookie. Default: the gateway's host less its first label. */
  readonly cookieDomain?: string;
  /** Suffix of the gateway's cookie names, as its configuration has it. Default: none. */
  readonly environment?: string;
  /** Name of the local session's cookie. Default: `__Host-app_session`. */
  readonly cookieName?: string;
  /** Signatures to accept. Default: RS256, ES256 and EdDSA; each key of the gateway has exactly one anyway. */
  readonly algorithms?: readonly SigningAlgorithm[];
  /** Default: the machine's own clock. */
  readonly clock?: Clock;
  /** Fetches the gateway's keys. Default: the global one. */
  readonly fetch?: typeof fetch;
  /** Every page works signed out: nobody is bounced, the person is absent. Default: no page does. */
  readonly optional?: boolean;
  /**
   * Paths that work signed out, as the app sees them: exact, or `/x/*` for `/x` and all below. Case-sensitive. A path that
   * different parsers could read differently (dot segments, empty segments, encoded slashes) is never public.
   */
  readonly publicPaths?: readonly string[];
  /**
   * Awaited when a local session starts: the first request after a sign-in, and again after an absence longer than the
   * domain cookie's token lives. Parallel first requests each call it, so let a repeat do no harm. If it throws, no session
   * starts and the error is the app's to answer.
   */
  readonly onSignIn?: (person: Person) => void | Promise<void>;
  /**
   * Told each time that a request could not be judged because the gateway's keys can't be had (the answer is 503, or
   * nobody on an optional page). For the app's log; `cause` says why.
   */
  readonly onUnavailable?: (error: SsoError) => void;
};

/** Options that were checked, with every default filled in. */
export type Settings = {
  readonly gateway: string;
  readonly url: string;
  readonly secret: Uint8Array;
  readonly cookieDomain: string;
  readonly environment: string;
  readonly cookieName: string;
  readonly algorithms: readonly SigningAlgorithm[];
  readonly clock: Clock;
  readonly fetch: typeof fetch;
  readonly optional: boolean;
  readonly publicPaths: readonly string[];
  readonly onSignIn: AutoLoginOptions['onSignIn'] | undefined;
  readonly onUnavailable: AutoLoginOptions['onUnavailable'] | undefined;
};

const everyAlgorithm: readonly SigningAlgorithm[] = ['RS256', 'ES256', 'EdDSA'];

/** Names of all options, so that a misspelt one is a mistake and not a default. */
const known: Readonly<Record<keyof AutoLoginOptions, true>> = {
  gateway: true,
  url: true,
  secret: true,
  cookieDomain: true,
  environment: true,
  cookieName: true,
  algorithms: true,
  clock: true,
  fetch: true,
  optional: true,
  publicPaths: true,
  onSignIn: true,
  onUnavailable: true,
};

/**
 * Checks the options of an app.
 *
 * @throws SsoError `config_invalid` whose message lists every mistake at once and quotes no secret.
 */
export function checkOptions(options: AutoLoginOptions): Settings {
  const mistakes: string[] = [];
  const demand = (holds: boolean, mistake: string) => {
    if (!holds) mistakes.push(mistake);
  };
  for (const name of Object.keys(options)) demand(Object.hasOwn(known, name), `${name} is not an option`);

  const { gateway, app } = readBases(options, mistakes);
  const cookieDomain = options.cookieDomain ?? gateway?.hostname.replace(/^[^.]+\./, '') ?? '';
  if (gateway) {
    const from = options.cookieDomain === undefined ? ` (${cookieDomain}, taken from the gateway's host)` : '';
    if (!isParentDomain(cookieDomain)) {
      mistakes.push(`cookieDomain${from} must be a domain below a top-level one, in lower case`);
    } else {
      demand(
        isBelow(gateway.hostname, cookieDomain),
        `cookieDomain${from} must be the gateway's host or a parent of it`,
      );
      demand(!app || isBelow(app.hostname, cookieDomain), `url must be on cookieDomain${from} or below it`);
    }
  }

  const secret = readSecret(options.secret);
  demand(secret.length >= shortestSecret, `secret must be at least ${shortestSecret} bytes`);
  const environment = options.environment ?? '';
  demand(matches(environment, /^[a-z0-9]{0,12}$/), 'environment must be at most 12 lower-case letters and digits');
  const cookieName = options.cookieName ?? '__Host-app_session';
  demandOfBoth(options, demand);

  const algorithms = options.algorithms ?? everyAlgorithm;
  demand(
    Array.isArray(algorithms) && algorithms.length > 0 && algorithms.every((one) => everyAlgorithm.includes(one)),
    'algorithms must be some of RS256, ES256 and EdDSA',
  );
  const publicPaths = options.publicPaths ?? [];
  for (const name of ['clock', 'fetch', 'onSignIn', 'onUnavailable'] as const)
    demand(options[name] === undefined || typeof options[name] === 'function', `${name} must be a function`);

  if (mistakes.length > 0) throw new SsoError('config_invalid', `options of autoLogin: ${mistakes.join('; ')}`);
  const { optional = false, clock = systemClock, onSignIn, onUnavailable } = options;
  // called through a variable of the module's own, as Workers demand; looked up late, so that tools may replace it
  const fetchKeys: typeof fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  return {
    gateway: normal(gateway),
    url: normal(app),
    secret,
    cookieDomain,
    environment,
    cookieName,
    algorithms: [...algorithms],
    clock,
    fetch: fetchKeys,
    optional,
    publicPaths: [...publicPaths],
    onSignIn,
    onUnavailable,
  };
}

const isParentDomain = (domain: unknown): boolean =>
  domain === 'localhost' || matches(domain, /^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.[a-z0-9-]*[a-z][a-z0-9-]*$/);

const isBelow = (host: string, domain: string): boolean => host === domain || host.endsWith(`.${domain}`);
