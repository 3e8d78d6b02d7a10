import { mountButton } from './button.ts';
import { climb, type Rungs } from './climb.ts';
import { askFedcm, hasFedcm } from './fedcm.ts';
import { createFrameRung } from './frame-rung.ts';
import type { State } from './ladder.ts';
import { createNotice } from './notices.ts';
import { type SsoOptions, settle } from './options.ts';
import { type Challenge, createOwnServer, type OwnSession } from './own-server.ts';
import { goTo, here, isEmbedded, isStopover, isVisible, postForm, visible } from './page.ts';
import { watchPolicy } from './policy.ts';
import { createStanding } from './standing.ts';
import { createTab, marked, mayReload, unmarked } from './tab.ts';
import { startWatch } from './watch.ts';

export type { State } from './ladder.ts';
export type { Reaction, SsoOptions } from './options.ts';

/** Single sign-on for the pages of an app on a domain of its own. */
export type Sso = {
  /** What was found last. `unknown` before `check()`, and where nobody could tell: show a way to sign in. */
  readonly state: State;
  /**
   * Finds out whether somebody is signed in, and signs them in where that takes nobody's attention: by the app's own
   * session, the gateway's frame, FedCM, and last, once in a tab's life, a redirect through the gateway. Calls at the same
   * time share one answer. While the page is hidden it waits. From then on the session is watched.
   */
  check(): Promise<State>;
  /**
   * Lets the person sign in. Call it from a click: FedCM asks where the browser has it, the gateway's own page otherwise.
   * Who closes FedCM's dialog is left alone; their next click leads to the gateway's page.
   */
  signIn(): Promise<void>;
  /** Signs the person out everywhere. Leaves the page. */
  signOut(): void;
  /** Calls `fn` with each change of `state`. @returns Ends that. */
  onChange(fn: (state: State) => void): () => void;
  /**
   * Shows the gateway's button in `container`, by which a person lets this page know them where the browser hides cookies.
   *
   * @returns Takes it away.
   */
  button(container: HTMLElement): () => void;
  /** Ends all of it: no more questions, frames or events. */
  stop(): void;
};

/**
 * Makes the single sign-on of a page. Nothing is asked before `check()`.
 *
 * Nothing in it throws or rejects: what is set up wrongly stands in the console, once, with what to change.
 *
 * @example
 * const sso = createSso({ gateway: 'https://auth.acme.com', clientId: 'globex' });
 * await sso.check();
 */
export function createSso(options: SsoOptions): Sso {
  const warn = createNotice();
  const settings = settle(options, location, warn);
  const { gateway, base } = settings;
  const tab = createTab(settings.clientId);
  const server = base === undefined ? undefined : createOwnServer(base, settings, warn);
  const frame = createFrameRung(settings, warn);
  const stop = new AbortController();
  const { signal: stopped } = stop;

  let monitor: string | undefined;
  let session: string | undefined;
  /** The app's own session is not the one that was heard of before. */
  let isAnother = false;
  let looks = 0;
  let lookNow: (() => void) | undefined;
  let climbing: { readonly result: Promise<State>; readonly cancel: AbortController } | undefined;
  let isSigningIn = false;
  let isFedcmDeclined = false;
  let isAsked = false;

  const bare = unmarked(location.search);
  const cameBack = bare !== undefined;
  if (cameBack) history.replaceState(history.state, '', location.pathname + bare + location.hash);

  const standing = createStanding((to) => {
    const reaction = to === 'signed-in' ? settings.onSignedIn : settings.onSignedOut;
    if (typeof reaction === 'function') reaction();
    else if (reaction !== 'report') {
      if (mayReload(tab, to, performance.timeOrigin + performance.now())) location.reload();
      else warn(`not reloaded again: ${to}`);
    }
  });
  const become = (state: State, isNew = false) => {
    if (stopped.aborted) return;
    standing.become(state, isNew);
    // without a server side there is no session that ends, but a state that changes either way
    if (standing.settled === 'signed-in' || (!server && standing.settled))
      lookNow ??= startWatch(settings.poll, look, stopped);
  };

  const heard = ({ state, ...more }: OwnSession = { state: 'unknown' }): State => {
    monitor = more.monitor ?? monitor;
    isAnother = !!session && !!more.session && session !== more.session;
    session = more.session ?? session;
    return state;
  };
  const own = async (): Promise<State> => heard(await server?.session());
  const redeem = async (code: string | undefined, challenge: Challenge | undefined): Promise<State> =>
    heard(await server?.redeem(code, challenge));

  /**
   * Is it still so? The frame knows first, and the app's own session hears of it on its own way. Where nothing is known, the
   * app's own session goes first.
   */
  async function look(): Promise<void> {
    let found = '';
    isAnother = false;
    looks += 1;
    const mine = looks;
    if (gateway && (!server || standing.state === 'signed-in')) {
      const ticket = monitor;
      monitor = undefined;
      found = (await frame.ask(ticket)).finding;
    }
    if (server && found !== 'signed-in') found = found === 'signed-out' && (await server.end()) ? found : await own();
    // a look that began later knows better
    if (mine === looks && (found === 'signed-in' || found === 'signed-out')) become(found, isAnother);
  }

  const rungs = (signal: AbortSignal, challenge?: Challenge, code?: string): Rungs => ({
    // nobody comes in silently who never did it with a dialog, and browsers take seconds to say so
    page: { server: !!server, gateway: !!gateway, fedcm: hasFedcm() && !!tab('fedcm') },
    bounceFacts: () => ({
      wanted: settings.bounce !== 'never' && !cameBack && !isStopover(location, base),
      embedded: isEmbedded(),
      visible: isVisible(),
      earlier: tab('bounced'),
    }),
    own,
    async frame() {
      await visible(signal);
      challenge = signal.aborted ? undefined : await server?.challenge();
      // a server side that gives no challenge could not redeem a code either
      if (server && !challenge) return 'refused';
      const answer = await frame.ask(challenge);
      code = answer.code;
      return answer.finding;
    },
    async fedcm() {
      challenge = await server?.challenge();
      if (!challenge || signal.aborted) return false;
      const limit = AbortSignal.any([signal, AbortSignal.timeout(settings.fedcmTimeout)]);
      code = (await askFedcm({ gateway, challenge, signal: limit, isSilent: true })).code;
      return !!code;
    },
    redeem: () => redeem(code, challenge),
    bounce() {
      const to = here(location, marked(location.search));
      if (to && tab('bounced', '1')) location.replace(loginAt(to, '&silent=1'));
    },
  });

  function check(): Promise<State> {
    isAsked = true;
    // a person's own click goes first
    if (isSigningIn || stopped.aborted) return Promise.resolve(standing.state);
    if (climbing) return climbing.result;
    const cancel = new AbortController();
    const { signal } = cancel;
    const result = climb(rungs(signal), signal).then((summit) => {
      if (signal.aborted) return standing.state;
      climbing = undefined;
      // the app's own session is gone for certain, even if nobody knows of the gateway's
      const isLost = standing.settled === 'signed-in' && summit.own === 'signed-out' && summit.state === 'unknown';
      become(isLost ? 'signed-out' : summit.state, summit.isNew);
      if (standing.state === 'signed-in') lookNow?.();
      return standing.state;
    });
    climbing = { result, cancel };
    return result;
  }
  const stopClimbing = () => {
    climbing?.cancel.abort();
    climbing = undefined;
  };

  const loginAt = (returnTo: string | undefined, more = ''): string =>
    `${base ?? gateway}/login?${returnTo ? `return_to=${encodeURIComponent(returnTo)}` : ''}${more}`;
  const goToLogin = () => goTo(loginAt(server ? here(location, location.search) : location.href));

  async function signInWith(code: string | undefined, challenge: Challenge | undefined): Promise<boolean> {
    const state = await redeem(code, challenge);
    if (state === 'signed-in') become(state, true);
    return state === 'signed-in';
  }

  /** @returns Whether nothing is left to do. */
  async function signInByFedcm(): Promise<boolean> {
    if (!gateway || !hasFedcm() || isFedcmDeclined) return false;
    const challenge = await server?.challenge();
    if (!challenge || !navigator.userActivation.isActive) return false;
    const { code, isDismissed } = await askFedcm({ gateway, challenge, signal: stopped, isSilent: false });
    isFedcmDeclined = isDismissed;
    if (code) tab('fedcm', '1');
    return code ? await signInWith(code, challenge) : isDismissed;
  }

  // the page comes out of the browser's memory as it was left: nothing that it shows is known to be so any more
  addEventListener(
    'pageshow',
    ({ persisted }) => {
      if (!persisted || !isAsked) return;
      if (!standing.settled) return void check();
      become('unknown');
      void look();
    },
    { signal: stopped },
  );
  watchPolicy({ gateway: settings.origin, server: location.origin + base }, warn, stopped, frame.block);

  return {
    get state() {
      return standing.state;
    },
    check,
    async signIn() {
      stopClimbing();
      // a second click means that the first one seems to lead nowhere
      const isSecond = isSigningIn;
      isSigningIn = true;
      const isDone = !isSecond && (await signInByFedcm());
      isSigningIn = false;
      if (!isDone) goToLogin();
    },
    signOut() {
      if (server) postForm(`${base}/logout`);
      else goTo(`${gateway}/logout?return_to=${encodeURIComponent(location.href)}`);
    },
    onChange: standing.onChange,
    button(container) {
      if (!gateway || stopped.aborted) return () => {};
      const unmount = mountButton(container, settings, server, async ({ reply, challenge, isClicked }) => {
        const { state, code } = reply;
        if (code ? await signInWith(code, challenge) : !server && state === 'signed-in') become('signed-in');
        else if (isClicked) goToLogin();
      });
      stopped.addEventListener('abort', unmount);
      return unmount;
    },
    stop() {
      stop.abort();
      stopClimbing();
      frame.close();
    },
  };
}
