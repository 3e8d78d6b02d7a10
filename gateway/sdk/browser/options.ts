import type { Notice } from './notices.ts';

type Milliseconds = number;

/** What is done when somebody is signed in or out while the page stands there. */
export type Reaction = 'reload' | 'report' | (() => void);

/** What an app tells the script. */
export type SsoOptions = {
  /** Public URL of the gateway, path included. */
  readonly gateway: string;
  /** `id` of the app in the gateway's configuration. */
  readonly clientId: string;
  /**
   * Path of this origin at which `handOff()` is mounted. Default: `/sso`. `false`: there is no server side, so nobody is
   * signed in here; the script only tells who is signed in at the gateway.
   */
  readonly base?: string | false;
  /** Seconds between two looks at whether the session goes on, while the page is visible; at least 5. Default: 30. */
  readonly poll?: number;
  /** How long the frame may take. Default: 2,000. */
  readonly frameTimeout?: Milliseconds;
  /** How long FedCM may take to sign somebody in silently: Chromium shows for three seconds that it does. Default: 5,000. */
  readonly fedcmTimeout?: Milliseconds;
  /**
   * Whether `check()` may leave the page for the gateway, which comes straight back. `once` in a tab's life, and the last
   * thing that is tried. Default: `once`.
   */
  readonly bounce?: 'once' | 'never';
  /** A session began. Default: `reload`, for the page was made for nobody. `report`: only `onChange` hears of it. */
  readonly onSignedIn?: Reaction;
  /** The session that the page was made for is over. Default: `reload`. `report`: only `onChange` hears of it. */
  readonly onSignedOut?: Reaction;
};

/** Options as the script goes by them. */
export type Settings = Pick<SsoOptions, 'clientId' | 'bounce' | 'onSignedIn' | 'onSignedOut'> & {
  /** Empty: there is no address that this page could use, and it was said why. */
  readonly gateway: string;
  /** The gateway's. */
  readonly origin: string;
  readonly base: string | undefined;
  readonly poll: Milliseconds;
  readonly frameTimeout: Milliseconds;
  readonly fedcmTimeout: Milliseconds;
};

/**
 * Reads the options. A mistake is said and costs what rests on it: a page that is up must not go down by its sign-in.
 *
 * @param page Address of the page.
 */
export function settle(options: SsoOptions, page: Pick<URL, 'protocol'>, warn: Notice): Settings {
  const { base = '/sso', poll = 30, frameTimeout = 2000, fedcmTimeout = 5000 } = options;
  return {
    ...options,
    ...readGateway(options.gateway, page, warn),
    base: base === false ? undefined : base.replace(/\/+$/, ''),
    poll: Math.max(5, poll) * 1000,
    frameTimeout,
    fedcmTimeout,
  };
}

function readGateway(
  text: string,
  { protocol }: Pick<URL, 'protocol'>,
  warn: Notice,
): Pick<Settings, 'gateway' | 'origin'> {
  const { origin = '', pathname = '' } = URL.canParse(text) ? new URL(text) : {};
  if (!origin.startsWith('http')) warn(`gateway must be a whole address, not "${text}"`);
  else if (!origin.startsWith(`${protocol}//`)) warn(`serve this page and ${origin} by https`);
  else return { gateway: origin + pathname.replace(/\/+$/, ''), origin };
  return { gateway: '', origin: '' };
}
