import { createHash, randomBytes } from 'node:crypto';
import { decodeJwt } from 'jose';
import type { Browser } from './browser.ts';
import type { Answer } from './exchange.ts';
import { handOff, type Party, redeem } from './relying-parties.testing.ts';
import type { Subject } from './subject.testing.ts';

/** What a frame of the gateway hears, and what came with it. */
export type Heard = Answer & { readonly says: Readonly<Record<string, string>> };

/** A frame of the gateway in a page of an app. It runs no scripts: a test sends what the frame's script would. */
export type Frame = {
  /** Posts a question; `changes` are laid over it, `undefined` removes a field. */
  ask(path: Path, changes?: Fields, headers?: Fields): Promise<Heard>;
  /** Cookies of this frame on this site alone: what `Partitioned` sets. By name. */
  readonly partition: Map<string, string>;
};

type Path = 'check' | 'watch' | 'session-state';
type Fields = Readonly<Record<string, unknown>>;

/** Headers of a post that our own frame sends. */
export const ownFrame = (gateway: string) => ({
  'content-type': 'application/json',
  origin: gateway,
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
});

/** Cookies that a frame on another site sends where the browser blocks nothing. */
export const thirdParty = (browser: Browser, gateway: string): string | undefined =>
  browser.jar.header(new URL(gateway), { sameSite: false, topLevelGet: false });

/**
 * Puts a frame into a page of an app.
 *
 * @param options.blocked The browser shows it no third-party cookies.
 * @param options.origin Of the page; by default the app's first.
 */
export function frameOf(
  { at, ask }: Pick<Subject, 'at' | 'ask'>,
  browser: Browser,
  party: Party,
  { blocked = false, origin = party.origin } = {},
): Frame {
  const partition = new Map<string, string>();
  return {
    partition,
    async ask(path, changes = {}, headers = {}) {
      const question: Record<string, unknown> = { client_id: party.id, parent_origin: origin };
      if (path !== 'watch') question.has_access = !blocked;
      if (path === 'check') Object.assign(question, { want: 'state', nonce: newNonce() });
      const kept = [...partition].map(([name, value]) => `${name}=${value}`);
      const cookie = [blocked ? undefined : thirdParty(browser, at.gateway), ...kept].filter(Boolean).join('; ');
      const answer = await ask(`/frame/${path}`, {
        method: 'POST',
        headers: sent({ ...ownFrame(at.gateway), ...(cookie !== '' && { cookie }), ...headers }),
        body: JSON.stringify({ ...question, ...changes }),
      });
      for (const line of answer.cookies) {
        const [, name, value, age] = /^([^=]+)=([^;]*);.*?Max-Age=(\d+).*; Partitioned$/.exec(line) ?? [];
        if (name === undefined || value === undefined) throw new Error(`a frame got a cookie for every site: ${line}`);
        if (age === '0') partition.delete(name);
        else partition.set(name, value);
      }
      return { ...answer, says: JSON.parse(answer.body) };
    },
  };
}

const sent = (headers: Fields): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, `${value}`]])),
  );

export const newNonce = (): string => randomBytes(16).toString('base64url');

/** What an app's page adds to a check for a code, and what its server keeps. */
export function codeWanted(party: Party) {
  const verifier = randomBytes(32).toString('base64url');
  const nonce = newNonce();
  const fields = {
    want: 'code',
    nonce,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    redirect_uri: party.redirectUri,
  };
  return { verifier, nonce, fields };
}

/** Gets a code by the frame. The answer fits `redeem`. */
export async function codeByFrame(frame: Frame, party: Party, changes: Fields = {}) {
  const wanted = codeWanted(party);
  const heard = await frame.ask('check', { ...wanted.fields, ...changes });
  return { ...wanted, heard, answer: new URLSearchParams({ code: heard.says.code ?? '' }) };
}

/** Hands a browser off to an app by `/authorize`, and reads the ID token that the app gets. */
export async function idTokenFor(subject: Subject, party: Party, browser: Browser) {
  const heard = await handOff(subject, party, browser.tab());
  const body = JSON.parse((await redeem(subject, party, heard)).body);
  const claims = decodeJwt(body.id_token);
  return { claims, ticket: String(claims.sso_monitor), sessionState: heard.answer.get('session_state') ?? '' };
}

/** Signs a browser out, here and at the provider. */
export async function signOut({ at, provider }: Subject, browser: Browser): Promise<void> {
  const tab = browser.tab();
  await tab.goto(`${at.gateway}/logout`);
  await tab.submit();
  await provider.finishSignOut(tab);
}
