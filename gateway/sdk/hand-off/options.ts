import { type Clock, type Seconds, systemClock } from '../../../shared/clock.ts';
import { SsoError } from '../../../shared/errors.ts';
import { type Jwk, readPrivateJwk, type SigningKey } from '../../../shared/keys/signing.ts';
import { demandOfBoth, matches, normal, readBases, readSecret, shortestSecret } from '../option-checks.ts';
import type { Person } from '../person.ts';
import { createMemoryLogoutStore, type LogoutStore } from './logout-store.ts';

/** What an app on a domain of its own tells the filter. */
export type HandOffOptions = {
  /** Public URL of the gateway, path included: `publicUrl` of its configuration, and the issuer of its tokens. */
  readonly gateway: string;
  /**
   * Public base URL of this app. A path in it stands before every path that the app sees: leave it out where the proxy in
   * front doesn't take it off.
   */
  readonly url: string;
  /** `id` of the app in the gateway's configuration, which has `url` and `/sso/callback` among the `redirectUris`. */
  readonly clientId: string;
  /** What `crossgate clients secret` made for the app. Without it and `privateKey` the app has to be `public` there. */
  readonly clientSecret?: string;
  /** In place of a client secret: a private JWK with `kid` and `alg`, whose public half the gateway knows. */
  readonly privateKey?: Jwk;
  /** The app's own secret, at least 32 bytes, shared with nobody. Changing it signs everybody out here, and in again. */
  readonly secret: string | Uint8Array;
  /** Default: `openid email profile`. `roles` and `permissions` add to a cookie of at most 4,000 bytes. */
  readonly scope?: string;
  /** Path, as the app sees it, below which the filter answers itself. Default: `/sso`. */
  readonly base?: string;
  /**
   * Remembers which sessions have ended. Default: the memory of this process, with a warning: a restart forgets it, and a
   * second process knows nothing of it.
   */
  readonly logoutStore?: LogoutStore;
  /** Most seconds that a local session lives; the gateway's session may end it sooner. Default: 12 hours. */
  readonly sessionLifetime?: Seconds;
  /**
   * Where a sign-out that began here ends, as a path of this app; `url` and it are among the `postLogoutUris`. Default: a
   * page of the gateway.
   */
  readonly postLogoutPath?: string;
  /** Name of the local session's cookie. Default: `__Host-app_session`. */
  readonly cookieName?: string;
  /** Every page works signed out: nobody is bounced, the person is absent. Default: no page does. */
  readonly optional?: boolean;
  /** Paths that work signed out, as the app sees them: exact, or `/x/*` for `/x` and all below. As for `autoLogin`. */
  readonly publicPaths?: readonly string[];
  /** Awaited when a local session starts. If it throws, none starts and the error is the app's to answer. */
  readonly onSignIn?: (person: Person) => void | Promise<void>;
  /** Told each time that the gateway or the logout store could not be asked. For the app's log; `cause` says why. */
  readonly onUnavailable?: (error: SsoError) => void;
  /** Told at the start what is fit for a trial only. Default: `console.warn`. */
  readonly onWarning?: (warning: string) => void;
  /** Default: the machine's own clock. */
  readonly clock?: Clock;
  /** Fetches the gateway's keys and tokens. Default: the global one. */
  readonly fetch?: typeof fetch;
};

/** Options that were checked, with every default filled in. */
export type HandOffSettings = {
  readonly gateway: string;
  readonly url: string;
  readonly clientId: string;
  readonly authentication:
    | { readonly kind: 'secret'; readonly secret: string }
    | { readonly kind: 'key'; readonly key: SigningKey }
    | { readonly kind: 'none' };
  readonly secret: Uint8Array;
  readonly scope: string;
  readonly base: string;
  readonly logoutStore: LogoutStore;
  readonly sessionLifetime: Seconds;
  readonly postLogoutUri: string | undefined;
  readonly cookieName: string;
  readonly optional: boolean;
  readonly publicPaths: readonly string[];
  readonly onSignIn: HandOffOptions['onSignIn'] | undefined;
  readonly onUnavailable: HandOffOptions['onUnavailable'] | undefined;
  readonly clock: Clock;
  readonly fetch: typeof fetch;
};

const longestLifetime: Seconds = 30 * 86_400;
const forTrials =
  'crossgate: handOff has no logoutStore. Sign-outs are remembered in the memory of this process alone, so a restart or a second process would miss them.';

/** Names of all options, so that a misspelt one is a mistake and not a default. */
const known: Readonly<Record<keyof HandOffOptions, true>> = {
  gateway: true,
  url: true,
  clientId: true,
  clientSecret: true,
  privateKey: true,
  secret: true,
  scope: true,
  base: true,
  logoutStore: true,
  sessionLifetime: true,
  postLogoutPath: true,
  cookieName: true,
  optional: true,
  publicPaths: true,
  onSignIn: true,
  onUnavailable: true,
  onWarning: true,
  clock: true,
  fetch: true,
};

/**
 * Checks the options of an app.
 *
 * @throws SsoError `config_invalid` whose message lists every mistake at once and quotes no secret.
 */
export function checkHandOffOptions(options: HandOffOptions): HandOffSettings {
  const mistakes: string[] = [];
  const demand = (holds: boolean, mistake: string) => {
    if (!holds) mistakes.push(mistake);
  };
  for (const name of Object.keys(options)) demand(Object.hasOwn(known, name), `${name} is not an option`);
  const { gateway, app } = readBases(options, mistakes);
  demandOfBoth(options, demand);

  const { clientId, scope = 'openid email profile', base = '/sso', sessionLifetime = 12 * 3600 } = options;
  demand(matches(clientId, /^[\x21-\x7e]{1,128}$/), 'clientId must be the id of the app at the gateway');
  const authentication = readAuthentication(options, demand);
  const secret = readSecret(options.secret);
  demand(secret.length >= shortestSecret, `secret must be at least ${shortestSecret} bytes`);
  demand(
    options.clientSecret === undefined || options.clientSecret !== options.secret,
    'secret must be another than clientSecret, which the gateway knows',
  );
  demand(
    matches(scope, /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/) && scope.split(' ').includes('openid'),
    'scope must be words with openid among them',
  );
  demand(matches(base, /^(\/[A-Za-z0-9_-]+)+$/), 'base must be a path of letters, digits, _ and -, such as /sso');
  demand(
    Number.isSafeInteger(sessionLifetime) && sessionLifetime >= 60 && sessionLifetime <= longestLifetime,
    'sessionLifetime must be whole seconds, from a minute to 30 days',
  );
  const { postLogoutPath, logoutStore, clock = systemClock, onSignIn, onUnavailable, optional = false } = options;
  demand(
    postLogoutPath === undefined || matches(postLogoutPath, /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/),
    'postLogoutPath must be a path of this app',
  );
  demand(logoutStore === undefined || isLogoutStore(logoutStore), 'logoutStore must have end, isEnded and claimOnce');
  for (const name of ['clock', 'fetch', 'onSignIn', 'onUnavailable', 'onWarning'] as const)
    demand(options[name] === undefined || typeof options[name] === 'function', `${name} must be a function`);

  if (mistakes.length > 0) throw new SsoError('config_invalid', `options of handOff: ${mistakes.join('; ')}`);
  // biome-ignore lint/suspicious/noConsole: whoever runs the app has to read it, and has set up nothing else to hear it by
  const { onWarning = (warning: string) => console.warn(warning) } = options;
  if (!logoutStore) onWarning(forTrials);
  const url = normal(app);
  return {
    gateway: normal(gateway),
    url,
    clientId,
    authentication,
    secret,
    scope,
    base,
    logoutStore: logoutStore ?? createMemoryLogoutStore(clock),
    sessionLifetime,
    postLogoutUri: postLogoutPath === undefined ? undefined : url + postLogoutPath,
    cookieName: options.cookieName ?? '__Host-app_session',
    optional,
    publicPaths: [...(options.publicPaths ?? [])],
    onSignIn,
    onUnavailable,
    clock,
    // called through a variable of the module's own, as Workers demand; looked up late, so that tools may replace it
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
  };
}

function readAuthentication(
  { clientSecret, privateKey }: HandOffOptions,
  demand: (holds: boolean, mistake: string) => void,
): HandOffSettings['authentication'] {
  demand(clientSecret === undefined || privateKey === undefined, 'clientSecret and privateKey are one too many');
  if (privateKey !== undefined) {
    try {
      return { kind: 'key', key: readPrivateJwk(privateKey) };
    } catch (error) {
      demand(false, `privateKey: ${error instanceof Error ? error.message : 'is no JWK'}`);
    }
  } else if (clientSecret !== undefined) {
    // an environment variable that isn't there must not make a public client of this one
    demand(matches(clientSecret, /^[\x20-\x7e]+$/), 'clientSecret must be a text that is not empty');
    return { kind: 'secret', secret: clientSecret };
  }
  return { kind: 'none' };
}

function isLogoutStore(store: unknown): boolean {
  const methods = ['end', 'isEnded', 'claimOnce'] as const;
  return (
    typeof store === 'object' &&
    store !== null &&
    methods.every((name) => typeof (store as Partial<LogoutStore>)[name] === 'function')
  );
}
