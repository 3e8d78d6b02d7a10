import { decodeJwt } from 'jose';
import { expect } from 'vitest';
import type { Browser, Hop } from './browser.ts';
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
