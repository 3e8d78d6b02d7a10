import { decodeJwt } from 'jose';
import { expect } from 'vitest';
import type { Browser, Hop } from './browser.ts';
import type { Answer } from './exchange.ts';
import { proxyAddress } from './guarded-app.testing.ts';
import type { Subject } from './subject.testing.ts';

/** Claims of a domain cookie, as any app could read them. */
export type SeenCookie = {
  readonly sub: string;
  readonly sid: string;
  readonly iat: number;
  readonly exp: number;
  readonly auth_time: number;
};

/** The domain cookie that a browser would send to an address; `undefined`: none. */
export function domainCookieOf(browser: Browser, url: string): SeenCookie | undefined {
  const token = browser.jar.value('__Secure-sso', url);
  return token === undefined ? undefined : decodeJwt(token);
}

/** What `/session` says to a page of the gateway in that browser; `undefined`: nobody is signed in. */
export async function sessionOf(browser: Browser, { at, ask }: Subject): Promise<unknown> {
  const cookie = browser.jar.header(new URL(at.gateway));
  const answer = await ask('/session', cookie === undefined ? {} : { headers: { cookie } });
  return answer.status === 200 ? JSON.parse(answer.body) : undefined;
}

/** Names of the cookies that an answer sets to something, as opposed to removing them. */
export const cookiesSet = ({ cookies }: Pick<Hop, 'cookies'>): string[] =>
  cookies.filter((line) => !/; Max-Age=0(;|$)/.test(line)).map((line) => line.slice(0, line.indexOf('=')));

/** What the gateway says to a reverse proxy that asks about a page load of that browser. */
export async function askedAbout(browser: Browser, url: string, { askDirectly, at }: Subject): Promise<Answer> {
  const { host, pathname } = new URL(url);
  const headers = {
    cookie: browser.jar.header(new URL(url)) ?? '',
    accept: 'text/html',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
    'x-forwarded-method': 'GET',
    'x-forwarded-proto': new URL(at.gateway).protocol.slice(0, -1),
    'x-forwarded-host': host,
    'x-forwarded-uri': pathname,
  };
  return await askDirectly('/check', { headers, from: proxyAddress });
}

/**
 * Lets the time pass until guarded apps know what was decided. Where they go by news that is now. Where they go by the cookie
 * alone, what it says `still` holds: for page loads that are let through until they are sent to renew it, for everything else
 * (what a page fetches, what is refused) until its end.
 */
export async function untilAppsKnow(
  { at, config, front, now, pass }: Subject,
  browser: Browser,
  still: () => Promise<void>,
  until: 'renewal' | 'end' = 'renewal',
): Promise<void> {
  if (front.appsGoBy === 'news') return;
  await still();
  const { exp = 0 } = domainCookieOf(browser, at.notes) ?? {};
  const last = until === 'renewal' ? exp - config.cookie.renewWithin : exp;
  // more than the half minute that clocks may differ by
  await pass(last - 30 - now());
  await still();
  await pass(90);
}

/** Ends every outage, and waits until the gateways have noticed. */
export async function allIsWell({ ask, hear, setAvailable, tap }: Subject): Promise<void> {
  tap.fail();
  setAvailable('store', true);
  setAvailable('directory', true);
  const heard = () =>
    hear().then(
      () => true,
      () => false,
    );
  await expect.poll(heard, { timeout: 10_000 }).toBe(true);
  await expect.poll(async () => (await ask('/readyz')).body, { timeout: 10_000 }).not.toMatch(/store|users/);
}
