import { Buffer } from 'node:buffer';
import { hkdfSync } from 'node:crypto';
import type { Milliseconds, Seconds } from '../../../shared/clock.ts';
import { clearCookie, cookieNamesWith, cookieValues } from '../../../shared/cookies/cookie.ts';
import { type FailureCode, SsoError } from '../../../shared/errors.ts';
import type { SealingKeys } from '../../../shared/keys/keyring.ts';
import { type HeaderReader, isPrefetch } from '../../../shared/navigation.ts';
import { type JudgedUrl, judgeUrl } from '../../../shared/return-url.ts';
import { countBounce } from '../../http/bounces.ts';
import { createProvider, type Provider } from '../../provider/openid.ts';
import { redirect, refuse } from './answer.ts';
import type { EdgeDeps } from './deps.ts';
import { type CloudFrontRequest, type CloudFrontResponse, headerReader, type RequestHandler } from './event.ts';
import type { SiteSettings } from './settings.ts';
import { siteCookies } from './site-cookie.ts';

/** What the functions of a site that signs people in by itself have in common. */
export type Site = {
  readonly settings: SiteSettings;
  readonly provider: Provider;
  readonly sealing: SealingKeys;
  readonly clock: EdgeDeps['clock'];
  readonly log: EdgeDeps['log'];
  /** An address of the site, with parameters; undefined ones are left out. */
  url(path: `/${string}`, parameters?: Readonly<Record<string, string | undefined>>): string;
  /**
   * An address to return to: of this site alone, and none of these functions' own.
   *
   * @throws SsoError `return_url_refused`
   */
  judge(text: string): JudgedUrl;
};

/** One request at a site. */
export type SiteRequest = {
  readonly request: CloudFrontRequest;
  readonly header: HeaderReader;
  readonly parameters: URLSearchParams;
  readonly now: Seconds;
  /** Takes cookies along on the answer, if it is an error too. */
  keep(cookies: readonly string[]): void;
  /** Says where the way on from an error leads. */
  retryAt(href: string): void;
};

/** Under the 5 seconds of a viewer's function, so that an answer remains to be made. */
const patience: Milliseconds = 3500;

/** Puts a site together, with its handler: `answer` is what one function does for it. */
export function createSiteHandler(
  settings: SiteSettings,
  deps: EdgeDeps,
  answer: (asked: SiteRequest, site: Site) => Promise<CloudFrontResponse>,
): RequestHandler {
  const { host, origin } = new URL(settings.site);
  const { clock, log } = deps;
  // a sandbox serves one invocation at a time
  let invocation = new AbortController().signal;
  const patient: typeof fetch = (input, init) =>
    deps.fetch(input, {
      ...init,
      signal: init?.signal ? AbortSignal.any([init.signal, invocation]) : invocation,
    });
  const url: Site['url'] = (path, parameters = {}) => {
    const address = new URL(origin + path);
    for (const [name, value] of Object.entries(parameters))
      if (value !== undefined) address.searchParams.set(name, value);
    return address.href;
  };
  const own = new Set<string>(Object.values(settings.paths));
  const site: Site = {
    settings,
    provider: createProvider(settings.provider, url(settings.paths.callback), { clock, log, fetch: patient }),
    sealing: createSealing(settings.sealing),
    clock,
    log,
    url,
    judge(text) {
      const judged = judgeUrl(text, { gatewayOrigin: origin, cookieDomain: '', origins: [] });
      if (own.has(new URL(judged).pathname)) throw new SsoError('return_url_refused', 'one of our own addresses');
      return judged;
    },
  };

  return async (event) => {
    const { config, request } = event.Records[0].cf;
    const header = headerReader(request.headers);
    const kept: string[] = [];
    let retry: string | undefined;
    invocation = AbortSignal.timeout(deps.patience ?? patience);
    try {
      if ((header('host') ?? '').toLowerCase() !== host) throw new SsoError('wrong_host', 'not this site');
      if (isPrefetch(header)) throw new SsoError('prefetch_refused', 'prefetch of a sign-in address');
      return await answer(
        {
          request,
          header,
          parameters: new URLSearchParams(request.querystring),
          now: clock(),
          keep: (cookies) => void kept.push(...cookies),
          retryAt: (href) => {
            retry = href;
          },
        },
        site,
      );
    } catch (error) {
      const way = retry === undefined ? {} : { retry: { href: retry, label: 'Try again' } };
      return await refuse(error, { header, requestId: config.requestId, site: origin, cookies: kept, ...way }, log);
    }
  };
}

/** Removes what a browser has of a session here. */
export const clearSession = (cookies: string | undefined): string[] =>
  [siteCookies.statement, siteCookies.session]
    .filter((name) => cookieValues(cookies, name).length > 0)
    .map((name) => clearCookie(name));

/** Removes every cookie of these functions that a browser has. */
export const clearAll = (cookies: string | undefined): string[] => [
  ...clearSession(cookies),
  ...[...cookieNamesWith(cookies, siteCookies.loginPrefix), ...cookieNamesWith(cookies, siteCookies.bounces)]
    .filter((name) => /^[A-Za-z0-9_-]{1,64}$/.test(name))
    .slice(0, 32)
    .map((name) => clearCookie(name)),
];

/**
 * Sends a browser back to a page although the person did nothing, and counts it.
 *
 * @param cookies What was achieved. In a loop they are not sent: they did not help.
 * @throws SsoError `login_loop` for the fourth within a minute
 */
export async function returnAutomatically(
  returnTo: JudgedUrl,
  cookies: readonly string[],
  { header, now, keep, retryAt }: SiteRequest,
  site: Site,
): Promise<CloudFrontResponse> {
  const { origin } = new URL(site.settings.site);
  const bounce = await countBounce(origin, header('cookie'), siteCookies.bounces, site.sealing, now);
  if (!bounce.looping) return redirect(returnTo, { cookies: [...cookies, bounce.cookie] });
  keep([bounce.cookie]);
  retryAt(site.url(site.settings.paths.refresh, { return_to: returnTo, prompt: 'login' }));
  throw new SsoError('login_loop' satisfies FailureCode, 'four automatic returns within a minute');
}

/** The sealing keys of a site, derived for each purpose as a gateway's are. */
function createSealing(masters: SiteSettings['sealing']): SealingKeys {
  const byKid = new Map(masters.map(({ kid, k }) => [kid, Buffer.from(k, 'base64url')]));
  return {
    currentKid: masters[0]?.kid ?? '',
    key(kid, purpose) {
      const master = byKid.get(kid);
      return master && new Uint8Array(hkdfSync('sha256', master, '', `crossgate seal v1 ${purpose}`, 32));
    },
  };
}
