import { decodeJwt } from 'jose';
import type { Browser, Page } from './browser.ts';
import type { EdgeSite, Seen } from './edge-site.testing.ts';

/** What the origin said that it saw. */
export const seen = (page: Pick<Page, 'body'>): Seen => JSON.parse(page.body) as Seen;

/** Claims of the site’s cookie, as anybody could read them; `undefined`: none. */
export const statement = (browser: Browser, site: EdgeSite) => {
  const token = browser.jar.value('__Host-site', site.at);
  return token === undefined ? undefined : decodeJwt(token);
};

/** Names of the cookies that the site would get. */
export const names = (browser: Browser, site: EdgeSite) =>
  browser.jar
    .sent(new URL(site.at))
    .map(({ name }) => name)
    .sort();

/** An answer of the provider to a request that a tab was about to send there. */
export function answerTo({ next }: Page, parameters: Record<string, string>, { at, provider }: EdgeSite): string {
  const state = new URL(next ?? '').searchParams.get('state') ?? '';
  const iss = String(provider.config.issuer);
  return `${at}/callback/acme?${new URLSearchParams({ ...parameters, state, iss })}`;
}

/** The tab shows the origin's answer. */
export const isIn = (page: Page, site: EdgeSite) =>
  page.status === 200 && page.url.startsWith(site.at) && page.body.startsWith('{');
