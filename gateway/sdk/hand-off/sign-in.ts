import { createHash, randomBytes } from 'node:crypto';
import type { Seconds } from '../../../shared/clock.ts';
import { type Answer, redirect, withCookies } from '../answer.ts';
import { type AppSession, personOf } from './app-session.ts';
import { type Attempt, type Attempts, createAttempts } from './attempts.ts';
import type { Endings } from './endings.ts';
import type { GatewayTokens } from './gateway-tokens.ts';
import { readIdToken } from './id-token.ts';
import type { HandOffSettings } from './options.ts';
import type { Sealing } from './sealing.ts';
import { requestTokens } from './token-request.ts';

/** What a page asks its frame or FedCM for a code with. It gives nobody the code's worth: the verifier stays here. */
export type Challenge = {
  readonly client_id: string;
  readonly redirect_uri: string;
  readonly code_challenge: string;
  readonly nonce: string;
  readonly scope: string;
};

/** How one app's people sign in. */
export type SignIn = {
  /** Attempts by redirect, found by `state`. */
  readonly redirects: Attempts;
  /** Attempts by a page's script, found by `nonce`. */
  readonly challenges: Attempts;
  /**
   * 302 to the gateway's `/authorize`.
   *
   * @param returnTo Address of this app, judged.
   * @param silent Nobody is to be asked anything.
   */
  begin(returnTo: string, silent: boolean, cookieHeader: string | undefined, now: Seconds): Answer;
  /** Begins an attempt for a page. */
  challenge(
    cookieHeader: string | undefined,
    now: Seconds,
  ): { readonly challenge: Challenge; readonly cookies: readonly string[] };
  /**
   * Redeems a code, and says who came. What a browser sends again within half a minute has the same outcome.
   *
   * @returns `undefined`: the gateway's session has ended meanwhile, and nothing of it comes to life again.
   * @throws SsoError as `requestTokens` and `readIdToken` do, and `store_unavailable`; and whatever `onSignIn` throws.
   */
  finish(attempt: Attempt, code: string): Promise<AppSession | undefined>;
};

/** As long as the gateway gives a person to sign in: who takes their time there must not be refused here. */
const redirectLifetime: Seconds = 15 * 60;
const challengeLifetime: Seconds = 10 * 60;
/** As long as a code lives: later the gateway would not take it. */
const repeats: Seconds = 30;

/**
 * The gateway's addresses are built from its URL, not discovered: it is Crossgate and has them nowhere else, so there is
 * nothing to wait for, to remember, or to be misled by. Its issuer is that URL.
 */
export function createSignIn(
  settings: HandOffSettings,
  sealingFor: (purpose: string) => Sealing,
  tokens: GatewayTokens,
  endings: Endings,
): SignIn {
  const { clientId, clock, cookieName, gateway, onSignIn, scope, sessionLifetime, url, base } = settings;
  const redirectUri = `${url}${base}/callback`;
  // two apps on one host have different cookie names, and so don't clear each other's attempts away
  const stem = cookieName.replace(/_session$/, '');
  const redirects = createAttempts(sealingFor('redirect'), {
    prefix: `${stem}_handoff_`,
    lifetime: redirectLifetime,
    most: 5,
  });
  const challenges = createAttempts(sealingFor('challenge'), {
    prefix: `${stem}_challenge_`,
    lifetime: challengeLifetime,
    most: 3,
  });

  const parameters = ({ nonce, verifier }: Attempt): Challenge => ({
    client_id: clientId,
    redirect_uri: redirectUri,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    nonce,
    scope,
  });

  const recent = new Map<string, { readonly session: Promise<AppSession | undefined>; readonly until: Seconds }>();

  async function redeem({ nonce, verifier }: Attempt, code: string): Promise<AppSession | undefined> {
    const { accessToken, idToken } = await requestTokens({ code, verifier, redirectUri }, settings);
    const claims = await readIdToken(idToken, { nonce, accessToken }, tokens, settings);
    const endsAt = Math.min(clock() + sessionLifetime, claims.session_expiry);
    const session: AppSession = { id: random(16), claims, idToken, endsAt };
    if (await endings.isEnded(session)) return undefined;
    await onSignIn?.(personOf(session));
    return session;
  }

  return {
    redirects,
    challenges,
    begin(returnTo, silent, cookieHeader, now) {
      const attempt: Attempt = { key: random(16), nonce: random(16), verifier: random(32), returnTo, silent };
      const query = new URLSearchParams({
        ...parameters(attempt),
        code_challenge_method: 'S256',
        response_type: 'code',
        state: attempt.key,
        ...(silent && { prompt: 'none' }),
      });
      return withCookies(redirect(`${gateway}/authorize?${query}`), redirects.start(attempt, cookieHeader, now));
    },
    challenge(cookieHeader, now) {
      const nonce = random(16);
      const attempt: Attempt = { key: nonce, nonce, verifier: random(32), returnTo: '', silent: true };
      return { challenge: parameters(attempt), cookies: challenges.start(attempt, cookieHeader, now) };
    },
    async finish(attempt, code) {
      const now = clock();
      for (const [name, { until }] of recent) {
        if (until > now) break;
        recent.delete(name);
      }
      // by the verifier too: whoever shares an outcome has the attempt
      const name = `${attempt.verifier} ${code}`;
      const known = recent.get(name);
      if (known) return await known.session;
      const session = redeem(attempt, code);
      recent.set(name, { session, until: now + repeats });
      try {
        return await session;
      } catch (error) {
        recent.delete(name);
        throw error;
      }
    },
  };
}

const random = (bytes: number): string => randomBytes(bytes).toString('base64url');
