import { createHash, randomBytes } from 'node:crypto';
import type { Browser } from './browser.ts';
import type { Answer } from './exchange.ts';
import { people } from './people.testing.ts';
import type { Party } from './relying-parties.testing.ts';
import type { Subject } from './subject.testing.ts';

/** What a browser sends along of its own when a page asks by FedCM, which no page can. */
export const webidentity = {
  'sec-fetch-dest': 'webidentity',
  'sec-fetch-mode': 'cors',
  'sec-fetch-site': 'cross-site',
};

/** Cookies as a browser sends them with a request of another site. */
export function cookiesAcrossSites(browser: Browser, { at }: Subject): Record<string, string> {
  const cookie = browser.jar.header(new URL(at.gateway), { sameSite: false, topLevelGet: false });
  return cookie === undefined ? {} : { cookie };
}

/** What a page passes through the browser to `/fedcm/assertion`, with the verifier that its server keeps. */
export type FedcmParams = { readonly params: Readonly<Record<string, unknown>>; readonly verifier: string };

/** @param changes Laid over the parameters; `undefined` removes one. */
export function fedcmParams(party: Party, changes: Readonly<Record<string, unknown>> = {}): FedcmParams {
  const fresh = () => randomBytes(32).toString('base64url');
  const verifier = fresh();
  const code_challenge = createHash('sha256').update(verifier).digest('base64url');
  return { params: { nonce: fresh(), code_challenge, redirect_uri: party.redirectUri, ...changes }, verifier };
}

/** One request to `/fedcm/assertion` as a browser makes it for a page of that party. */
export function assert(
  { ask }: Subject,
  party: Party,
  request: {
    readonly accountId: string;
    readonly params?: unknown;
    readonly fields?: Readonly<Record<string, string>>;
    readonly headers?: Readonly<Record<string, string | undefined>>;
  },
): Promise<Answer> {
  const { accountId, params, fields = {}, headers = {} } = request;
  const sent = {
    origin: party.origin,
    'content-type': 'application/x-www-form-urlencoded',
    ...webidentity,
    ...headers,
  };
  const body = new URLSearchParams({
    client_id: party.id,
    account_id: accountId,
    disclosure_text_shown: 'false',
    is_auto_selected: 'true',
    mode: 'passive',
    ...(params === undefined ? {} : { params: typeof params === 'string' ? params : JSON.stringify(params) }),
    ...fields,
  });
  return ask('/fedcm/assertion', {
    method: 'POST',
    headers: Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== undefined)),
    body: body.toString(),
  });
}

/** A browser of Ann, and how it asks for a code for one of the apps. */
export async function annAt(subject: Subject, party: Party) {
  const { browser } = await subject.signedIn(people.ann);
  const request = { accountId: subject.uid(people.ann), headers: cookiesAcrossSites(browser, subject) };
  const ask = (params: unknown, more: object = {}) => assert(subject, party, { ...request, params, ...more });
  return { browser, request, ask };
}

/** `GET /fedcm/accounts` as a browser makes it. @param headers Laid over its own; `undefined` removes one. */
export function accounts(
  subject: Subject,
  browser: Browser,
  headers: Readonly<Record<string, string | undefined>> = {},
): Promise<Answer> {
  const sent = { ...webidentity, 'sec-fetch-mode': 'no-cors', ...cookiesAcrossSites(browser, subject), ...headers };
  return subject.ask('/fedcm/accounts', {
    headers: Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== undefined)),
  });
}

/** Signs a browser's person out, as the button does. */
export async function signOut(browser: Browser, { at, ask }: Subject): Promise<Answer> {
  const headers = { cookie: browser.jar.header(new URL(at.gateway)) ?? '', origin: at.gateway };
  return await ask('/logout', { method: 'POST', headers });
}

/** The code of a FedCM error object. */
export const errorOf = (body: string): unknown => JSON.parse(body).error.code;

/** Whose pages may read an answer. */
export const corsOf = (headers: Headers): string | null => headers.get('access-control-allow-origin');
