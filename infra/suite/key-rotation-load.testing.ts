import { setTimeout as wait } from 'node:timers/promises';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { type AutoLogin, createAutoLogin } from '../../gateway/sdk/core.ts';
import type { Seconds } from '../../shared/clock.ts';
import type { SigningUse } from '../../shared/keys/keyring.ts';
import { createRandom } from '../chaos/random.ts';
import { type Browser, createBrowser, type Tab } from './browser.ts';
import { type Answer, type Ask, ask } from './exchange.ts';
import { codeByFrame, type Frame, frameOf, signOut } from './frames.testing.ts';
import { type Greeting, proxyAddress } from './guarded-app.testing.ts';
import { cookiesFor, isSignedIn, seen } from './hand-off-sdk.testing.ts';
import { joseVerifier, stubbornVerifier, type Verifier } from './key-verifiers.testing.ts';
import { people, type SuitePerson } from './people.testing.ts';
import { answerOf, authorizeRequest, handOff, redeem } from './relying-parties.testing.ts';
import type { Subject } from './subject.testing.ts';

/** People, apps and proxies that never pause. Every request goes to either process by chance. */
export type Load = {
  /** Everybody does everything once, all at the same time. */
  round(): Promise<void>;
  /** Rounds for so long; the clock moves on between them. */
  live(seconds: Seconds, step: Seconds): Promise<void>;
  /** What was refused to somebody who had a right to it, in words. */
  readonly refused: string[];
  /** How often each thing was done. */
  readonly done: ReadonlyMap<string, number>;
  /** The kids of what was verified. Emptied by whoever wants to know of a while. */
  readonly kids: Readonly<Record<SigningUse, Set<string>>>;
  /** Those who stay: signed in from the first round on. */
  readonly browsers: readonly Browser[];
  /** The filter of an app below the parent domain, with the keys as it has them. */
  readonly filter: AutoLogin;
  /** Software of others that has been there all the time. */
  readonly verifiers: Readonly<Record<SigningUse, readonly Verifier[]>>;
};

/** Somebody who stays, with one browser. */
type Steady = {
  readonly person: SuitePerson;
  readonly browser: Browser;
  readonly tab: Tab;
  /** When the session is over by itself; until then nobody may be sent to sign in. */
  endsAt: Seconds;
  frame: Frame | undefined;
};

const jwksPaths = { domainCookie: 'sso-jwks', openid: 'jwks', identity: 'identity-jwks' } as const;

/**
 * @param keeps For how long the least attentive verifier keeps published keys.
 * @param seed Of what is left to chance.
 */
export function createLoad(subject: Subject, keeps: Seconds, seed = 1): Load {
  const { at, config, now, parties, provider, uid } = subject;
  const { below } = createRandom(seed);
  const either = () => (below(2) === 0 ? 'first' : 'second');
  const newBrowser = () =>
    createBrowser(now, {
      get 'x-suite-process'() {
        return either();
      },
    });
  const askEither = (path: string, { headers, ...more }: Ask = {}): Promise<Answer> =>
    ask(new URL(path, at.gateway), { ...more, headers: { 'x-suite-process': either(), ...headers } });
  const mixed: Subject = { ...subject, ask: askEither };
  const fetchEither = async (url: unknown, init?: RequestInit) => {
    const headers = new Headers(init?.headers);
    headers.set('x-suite-process', either());
    return await fetch(String(url), { ...init, headers });
  };

  const refused: string[] = [];
  const done = new Map<string, number>();
  const kids: Load['kids'] = { domainCookie: new Set(), openid: new Set(), identity: new Set() };
  const verifiersOf = (use: SigningUse): readonly Verifier[] => {
    const url = new URL(`/.well-known/${jwksPaths[use]}.json`, at.gateway);
    const source = { url, issuer: at.gateway, clock: now, fetch: fetchEither };
    return [joseVerifier(source), stubbornVerifier(source, keeps)];
  };
  const verifiers = {
    domainCookie: verifiersOf('domainCookie'),
    openid: verifiersOf('openid'),
    identity: verifiersOf('identity'),
  };
  const filter = createAutoLogin({
    gateway: at.gateway,
    url: at.notes,
    secret: 'the secret of the notes, which nobody else has',
    clock: now,
    fetch: fetchEither,
  });

  const attempt = async (what: string, act: () => Promise<void>): Promise<void> => {
    try {
      await act();
      done.set(what, (done.get(what) ?? 0) + 1);
    } catch (error) {
      refused.push(`${what}: ${(error as Error).message}`);
    }
  };
  const demand = (holds: boolean, what: string): void => {
    if (!holds) throw new Error(what);
  };
  const verified = async (use: SigningUse, token: string, typ: string, audience: string): Promise<void> => {
    const { kid } = decodeProtectedHeader(token);
    for (const { name, verify } of verifiers[use]) {
      await verify(token, { typ, audience }).catch((error: Error) => {
        throw new Error(`${name} refuses what ${kid} signed: ${error.message}`);
      });
    }
    kids[use].add(String(kid));
  };

  const steady = [people.ann, people.bob, people.cyd].map((person): Steady => {
    const browser = newBrowser();
    return { person, browser, tab: browser.tab(), endsAt: 0, frame: undefined };
  });

  /** A page of the notes; by way of the sign-in where the session's own time is over. */
  const visit = async (one: Steady): Promise<void> => {
    const { browser, person, tab } = one;
    const isOver = one.endsAt <= now();
    let page = await tab.goto(`${at.notes}/`);
    const signsIn = page.hops.some(({ url }) => new URL(url).pathname.startsWith('/callback/'));
    if (page.url.startsWith(provider.origin)) page = await provider.signIn(tab, person);
    const shown = `${page.status} at ${page.url}`;
    demand(page.status === 200 && (JSON.parse(page.body) as Greeting).user === uid(person), shown);
    if (signsIn || isOver) one.frame = undefined;
    demand(isOver || !page.hops.some(({ url }) => /\/(login|callback)\b/.test(url)), 'was sent to sign in');
    const session = await askEither('/session', { headers: { cookie: browser.jar.header(new URL(at.gateway)) } });
    demand(session.status === 200, `/session says ${session.status}`);
    one.endsAt = JSON.parse(session.body).ends_at;
  };

  const renewByFetch = async ({ tab }: Steady): Promise<void> => {
    const answer = await tab.load('fetch', `${at.gateway}/session`, { method: 'POST' });
    demand(answer.status === 200, `${answer.status}`);
  };

  const askFilter = async ({ browser, person }: Steady): Promise<void> => {
    const cookie = browser.jar.header(new URL(at.notes));
    const decision = await filter.decide({
      method: 'GET',
      target: '/',
      header: (name) => (name === 'cookie' ? cookie : undefined),
      body: async () => ({ kind: 'text', text: '' }),
    });
    demand(decision.kind === 'signed-in' && decision.person.id === uid(person), decision.kind);
    await verified('domainCookie', browser.jar.value('__Secure-sso', at.notes) ?? '', 'sso+jwt', config.cookie.domain);
  };

  const askUpstream = async ({ browser }: Steady): Promise<void> => {
    const { hostname: host } = new URL(at.photos);
    const answer = await askEither('/check', {
      from: proxyAddress,
      headers: {
        cookie: browser.jar.header(new URL(at.photos)),
        'x-forwarded-method': 'POST',
        'x-forwarded-proto': 'http',
        'x-forwarded-host': new URL(at.photos).host,
        'x-forwarded-uri': '/album',
      },
    });
    demand(answer.status === 204, `${answer.status}`);
    await verified('identity', answer.headers.get('identity-token') ?? '', 'identity+jwt', host);
  };

  const beHandedOver = async (one: Steady): Promise<void> => {
    const { globex } = parties;
    const heard = await handOff(mixed, globex, one.browser.tab());
    const answer = await redeem(mixed, globex, heard);
    demand(answer.status === 200, `/token: ${answer.status} ${answer.body}`);
    const { id_token, access_token } = JSON.parse(answer.body);
    await verified('openid', id_token, 'JWT', globex.id);
    const userinfo = await askEither('/userinfo', { headers: { authorization: `Bearer ${access_token}` } });
    demand(userinfo.status === 200, `/userinfo: ${userinfo.status}`);
    if (!one.frame) {
      one.frame = frameOf(mixed, one.browser, globex, { blocked: true });
      const watch = await one.frame.ask('watch', { ticket: decodeJwt(id_token).sso_monitor });
      demand(watch.says.state === 'signed-in', `/frame/watch: ${watch.body}`);
    }
    const state = await one.frame.ask('check');
    demand(state.says.state === 'signed-in', `/frame/check: ${state.body}`);
    const byFrame = await codeByFrame(frameOf(mixed, one.browser, globex), globex);
    demand((await redeem(mixed, globex, byFrame)).status === 200, `code by frame: ${byFrame.heard.body}`);
  };

  /** Comes from an app, is signed in for it, signs in at one with our filter, and signs out of everything. */
  const comeAndGo = async (): Promise<void> => {
    const { globex } = parties;
    const app = below(2) === 0 ? subject.apps.umbrella : subject.apps.hooli;
    const browser = newBrowser();
    const tab = browser.tab();
    const request = authorizeRequest(mixed, globex);
    await tab.goto(request.url);
    const page = await provider.signIn(tab, people.dan, { stopAt: globex.origin });
    const answer = await redeem(mixed, globex, { ...request, answer: answerOf(page) });
    demand(answer.status === 200, `/token: ${answer.status}, after ${page.status} at ${page.url}`);
    const { sid } = decodeJwt(JSON.parse(answer.body).id_token);
    const shown = await tab.goto(`${app.url}/sso/login`);
    demand(shown.status === 200 && seen(shown).uid === uid(people.dan), `${app.id}: ${shown.status} at ${shown.url}`);
    const cookie = cookiesFor(browser, app);
    await signOut(mixed, browser);
    const told = () => parties.told.find(({ token }) => decodeJwt(token).sid === sid);
    for (let look = 0; look < 200 && (!told() || (await isSignedIn(cookie, app))); look++) await wait(10);
    await verified('openid', told()?.token ?? 'no.logout.token', 'logout+jwt', globex.id);
    demand(!(await isSignedIn(cookie, app)), `${app.id} did not believe that the session has ended`);
  };

  const round = async (): Promise<void> => {
    const stays = steady.map(async (one) => {
      await attempt('a page', () => visit(one));
      await Promise.all([
        attempt('renewal by fetch', () => renewByFetch(one)),
        attempt('an app with our filter', () => askFilter(one)),
        attempt('an upstream', () => askUpstream(one)),
        attempt('an app elsewhere', () => beHandedOver(one)),
      ]);
    });
    await Promise.all([...stays, attempt('in and out', comeAndGo)]);
  };

  return {
    round,
    async live(seconds, step) {
      for (let left = seconds; left > 0; left -= step) {
        await round();
        await subject.pass(Math.min(step, left));
      }
    },
    refused,
    done,
    kids,
    browsers: steady.map(({ browser }) => browser),
    filter,
    verifiers,
  };
}
