import type { Browser, Page, Tab } from './browser.ts';
import { type Answer, ask } from './exchange.ts';
import type { AppPage, HandOffApp } from './hand-off-apps.testing.ts';
import { people, type SuitePerson } from './people.testing.ts';
import type { Subject } from './subject.testing.ts';

/** What an app's page says. */
export const seen = ({ body }: Pick<Page, 'body'>): AppPage => JSON.parse(body) as AppPage;

/** Names of an app's cookies for signing in, as a browser has them. */
export const attemptsIn = (browser: Browser, app: HandOffApp): string[] =>
  browser.jar
    .sent(new URL(app.url))
    .map(({ name }) => name)
    .filter((name) => /_(handoff|challenge)_/.test(name));

/** The `Cookie` header that an app gets from a browser. */
export const cookiesFor = (browser: Browser, app: HandOffApp): string => browser.jar.header(new URL(app.url)) ?? '';

/** Do these cookies open a page of the app that is not for everybody? */
export const isSignedIn = async (cookie: string, app: HandOffApp): Promise<boolean> =>
  (await ask(`${app.url}/x`, { headers: { cookie, accept: 'text/html' } })).status === 200;

/** Somebody who is signed in at the gateway, and at an app. */
export async function signedInAt(
  subject: Subject,
  app: HandOffApp,
  person: SuitePerson = people.ann,
  browser?: Browser,
): Promise<{ browser: Browser; tab: Tab; page: Page }> {
  const one = await subject.signedIn(person, browser);
  return { ...one, page: await one.tab.goto(`${app.url}/sso/login`) };
}

/**
 * Posts to one of the filter's endpoints as a script of the app's page does.
 *
 * @param body JSON; a text goes as it stands.
 */
export async function postTo(
  app: HandOffApp,
  path: string,
  browser: Browser,
  body?: unknown,
  more: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const cookie = cookiesFor(browser, app);
  const answer = await ask(`${app.url}${path}`, {
    method: 'POST',
    headers: {
      origin: app.origin,
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': 'empty',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(cookie === '' ? {} : { cookie }),
      ...more,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  for (const line of answer.cookies) browser.jar.keep(line, new URL(app.url));
  return answer;
}

/** What `/sso/challenge` gives a page. */
export type Challenge = Readonly<Record<'client_id' | 'redirect_uri' | 'code_challenge' | 'nonce' | 'scope', string>>;

export const challengeOf = async (
  app: HandOffApp,
  browser: Browser,
  more?: Readonly<Record<string, string>>,
): Promise<Challenge> => JSON.parse((await postTo(app, '/sso/challenge', browser, undefined, more)).body) as Challenge;

/** A code for a page's challenge, as its frame would get it. */
export async function codeFor(subject: Subject, tab: Tab, challenge: Challenge): Promise<string> {
  const query = new URLSearchParams({
    ...challenge,
    response_type: 'code',
    code_challenge_method: 'S256',
    prompt: 'none',
  });
  const { origin } = new URL(challenge.redirect_uri);
  const { next } = await tab.goto(`${subject.at.gateway}/authorize?${query}`, { stopAt: origin });
  return new URL(next ?? 'none:').searchParams.get('code') ?? 'no code';
}
