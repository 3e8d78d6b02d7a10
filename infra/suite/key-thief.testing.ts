import { randomUUID } from 'node:crypto';
import { decodeJwt } from 'jose';
import { clientSid } from '../../gateway/hand-off/id-token.ts';
import { readHostSession, writeHostSession } from '../../shared/cookies/host-session.ts';
import type { SessionId } from '../../shared/identity.ts';
import type { Keyring, SigningUse } from '../../shared/keys/keyring.ts';
import { signToken, type TokenClaims, type TokenType } from '../../shared/tokens/signed.ts';
import { ask } from './exchange.ts';
import { cookiesFor, isSignedIn, seen, signedInAt } from './hand-off-sdk.testing.ts';
import type { Load } from './key-rotation-load.testing.ts';
import { people } from './people.testing.ts';
import type { Subject } from './subject.testing.ts';

/** What can be made of a stolen key file, against somebody who is signed in. */
export const loot = [
  'a domain cookie at /check',
  'a domain cookie at an app with our filter',
  'a domain cookie elsewhere',
  'an identity at an upstream',
  'an ID token elsewhere',
  'an ID token that signs out',
  'a logout token at an app with our filter',
  'a session of the gateway',
] as const;

/**
 * Makes all of it as of now, and tries it.
 *
 * @param stolen What the thief has.
 * @param real What the gateways have, to read a victim's session by.
 * @returns What somebody believed.
 */
export async function useKeys(
  stolen: Keyring,
  real: Keyring,
  subject: Subject,
  load: Load,
): Promise<(typeof loot)[number][]> {
  const { apps, at, config, now } = subject;
  const { browser, tab } = await signedInAt(subject, apps.umbrella, people.eve);
  const domainCookie = decodeJwt(browser.jar.value('__Secure-sso', at.notes) ?? '') as TokenClaims;
  const { sub } = domainCookie;
  const sid = String(domainCookie.sid) as SessionId;
  const cookies = browser.jar.header(new URL(at.gateway));

  const signed = (use: SigningUse, typ: TokenType, aud: string, more: Readonly<Record<string, unknown>> = {}) =>
    signToken(stolen[use], typ, { sub, ...more, iss: at.gateway, aud, iat: now(), exp: now() + 300 });
  const cookie = signed('domainCookie', 'sso+jwt', config.cookie.domain, domainCookie);
  const believed = async (use: SigningUse, token: string, typ: string, audience: string) => {
    const tries = load.verifiers[use].map(({ verify }) => verify(token, { typ, audience }));
    return (await Promise.allSettled(tries)).some(({ status }) => status === 'fulfilled');
  };

  const attempts: Record<(typeof loot)[number], () => Promise<boolean>> = {
    'a domain cookie at /check': async () => {
      const headers = { cookie: `__Secure-sso=${cookie}` };
      const answers = await Promise.all(
        ['first', 'second'].map((process) =>
          subject.ask('/check', { headers: { ...headers, 'x-suite-process': process } }),
        ),
      );
      return answers.some(({ status }) => status === 204);
    },
    'a domain cookie at an app with our filter': () => isKnownTo(load.filter, cookie),
    'a domain cookie elsewhere': () => believed('domainCookie', cookie, 'sso+jwt', config.cookie.domain),
    'an identity at an upstream': () =>
      believed('identity', signed('identity', 'identity+jwt', 'photos'), 'identity+jwt', 'photos'),
    'an ID token elsewhere': () => believed('openid', signed('openid', 'JWT', 'globex'), 'JWT', 'globex'),
    'a logout token at an app with our filter': async () => {
      const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
      const told = { events, jti: randomUUID(), sid: seen(tab.page).sid };
      const token = signed('openid', 'logout+jwt', apps.umbrella.id, told);
      await ask(`${apps.umbrella.url}/sso/backchannel-logout`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ logout_token: token }).toString(),
      });
      return !(await isSignedIn(cookiesFor(browser, apps.umbrella), apps.umbrella));
    },
    'a session of the gateway': async () => {
      const session = await readHostSession(cookies, '__Host-sso', real.sealing, now());
      if (!session) throw new Error('the victim has no session');
      const [sealed = ''] = (await writeHostSession(session, '__Host-sso', stolen.sealing, now())).split(';');
      return (await subject.ask('/session', { headers: { cookie: sealed } })).status === 200;
    },
    'an ID token that signs out': async () => {
      const hint = signed('openid', 'JWT', 'globex', { sid: clientSid(sid, 'globex') });
      await tab.goto(`${at.gateway}/end-session?${new URLSearchParams({ id_token_hint: hint })}`);
      return (await subject.ask('/session', { headers: { cookie: cookies } })).status === 401;
    },
  };
  const worked = new Set<string>();
  // one after the other, for the last one ends the session; the others need it
  for (const [what, works] of Object.entries(attempts)) if (await works()) worked.add(what);
  return loot.filter((what) => worked.has(what));
}

/** Does an app with our filter know somebody by that domain cookie? */
export async function isKnownTo({ decide }: Load['filter'], domainCookie: string): Promise<boolean> {
  const { kind } = await decide({
    method: 'GET',
    target: '/',
    header: (name) => (name === 'cookie' ? `__Secure-sso=${domainCookie}` : undefined),
    body: async () => ({ kind: 'text', text: '' }),
  });
  return kind === 'signed-in';
}
