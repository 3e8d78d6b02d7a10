import type { Seconds } from '../../shared/clock.ts';
import { writeCrossSiteSession } from '../../shared/cookies/cross-site-session.ts';
import { writeDomainCookie } from '../../shared/cookies/domain-cookie.ts';
import {
  type CarriedSession,
  hashHandle,
  newHandle,
  newSessionId,
  writeHostSession,
} from '../../shared/cookies/host-session.ts';
import { SsoError } from '../../shared/errors.ts';
import type { UserId } from '../../shared/identity.ts';
import { readPersonClaims } from '../../shared/permissions/claims.ts';
import type { Session } from '../../shared/store/store.ts';
import type { HealOutcome, Person } from '../../shared/users/directory.ts';
import type { ProviderAnswer } from '../provider/openid.ts';
import { hasStore, type Parts } from './parts.ts';
import { sealProviderTokens } from './provider-tokens.ts';

/** What a cookie says of a person. Roles and permissions that are absent are not known here, and looked up where asked for. */
export type CookiePerson = {
  readonly uid: UserId;
  readonly email?: string;
  readonly name?: string;
  readonly roles?: readonly string[];
  readonly permissions?: readonly string[];
  readonly permissionVersion: number;
};

/**
 * Who a provider's answer means. With our trigger at the provider its checked ID token says, and the directory only what
 * was left out there for its size; without it the directory does, which makes a row where there is none.
 *
 * @throws SsoError `account_unknown`, `account_disabled`, `account_conflict`, `directory_unavailable`
 */
export async function resolvePerson(
  answer: ProviderAnswer,
  parts: Pick<Parts, 'providers' | 'users'>,
): Promise<CookiePerson> {
  const { identity, claims = {} } = answer;
  const provider = parts.providers.get(identity.provider);
  const email = typeof claims.email === 'string' ? claims.email : undefined;
  const name = typeof claims.name === 'string' ? claims.name : undefined;
  if (provider?.config.triggers) {
    const person = readPersonClaims(claims);
    // never looked up instead: a token made without the database grants nothing
    if (!person) throw new SsoError('account_unknown', `the token of ${identity.provider} carries no uid`);
    // at Cognito people write any address there, and apps may go by it: until it is verified, what the row says counts
    const unverified = claims.email_verified === false || claims.email_verified === 'false';
    // left out of the token for its size: the cookie has a budget of its own, and apps go by it
    const whole = person.permissions && !unverified ? undefined : await lookUp(person.uid, parts);
    const theirs = unverified ? whole?.email : email;
    return {
      uid: person.uid,
      ...(whole
        ? { roles: whole.roles, permissions: whole.permissions, permissionVersion: whole.permissionVersion }
        : {
            ...(person.roles ? { roles: person.roles } : {}),
            ...(person.permissions ? { permissions: person.permissions } : {}),
            permissionVersion: person.perm_v,
          }),
      ...(theirs === undefined ? {} : { email: theirs }),
      ...(name === undefined ? {} : { name }),
    };
  }
  const emailVerified = claims.email_verified === true || claims.email_verified === 'true';
  const outcome = await parts.users.heal(identity, {
    emailVerified,
    ...(email === undefined ? {} : { email }),
    ...(name === undefined ? {} : { name }),
  });
  return personOf(outcome);
}

async function lookUp(uid: UserId, parts: Pick<Parts, 'users'>): Promise<Person> {
  const person = await parts.users.findById(uid);
  if (person?.state === 'active') return person;
  throw new SsoError(person ? 'account_disabled' : 'account_unknown', `the person is ${person?.state ?? 'gone'}`);
}

function personOf(outcome: HealOutcome): CookiePerson {
  if (outcome.kind === 'refused') {
    throw new SsoError(
      outcome.why === 'row_incomplete' ? 'account_unknown' : 'account_conflict',
      `no row: ${outcome.why}`,
    );
  }
  const { person } = outcome;
  if (person.state !== 'active') throw new SsoError('account_disabled', `the person is ${person.state}`);
  return { ...person, uid: person.id };
}

/**
 * Starts a session for somebody who has just signed in, and ends the one that this browser had before.
 *
 * @param request.replaces The live session that this browser has until now.
 * @returns `Set-Cookie` values.
 * @throws SsoError `store_unavailable`: nobody is signed in then.
 */
export async function startSession(
  answer: ProviderAnswer,
  person: CookiePerson,
  request: { readonly userAgent: string | undefined; readonly replaces: Session | undefined },
  parts: Parts,
): Promise<string[]> {
  const now = parts.clock();
  const { config, keyring, names } = parts;
  const sid = newSessionId();
  const handle = newHandle();
  const endsAt: Seconds = now + config.session.lifetime;
  // not said is not now: nobody may have been asked
  const authTime = Math.min(answer.authTime ?? 0, now);
  const provider = parts.providers.get(answer.identity.provider);
  const { identity, refreshToken } = answer;
  const idToken = provider?.config.kind === 'openid' ? answer.idToken : undefined;
  const carried: CarriedSession = {
    identity,
    createdAt: now,
    providerConfirmedAt: now,
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(idToken === undefined ? {} : { idToken }),
  };
  const host = { handle, sid, uid: person.uid, authTime, endsAt, ...(hasStore(parts) ? {} : { carried }) };
  const cookies = [
    await writeHostSession(host, names.host, keyring.sealing, now),
    writeDomainCookie(
      config,
      keyring.domainCookie,
      { ...person, sid, authTime, iat: now, exp: Math.min(now + config.cookie.lifetime, endsAt) },
      endsAt,
    ),
  ];
  if (hasStore(parts)) {
    const sealed = await sealProviderTokens({ refreshToken, idToken }, keyring.sealing, now, endsAt);
    cookies.push(await writeCrossSiteSession({ sid }, names.crossSite, keyring.sealing, now, endsAt));
    await parts.store.createSession(
      {
        sid,
        userId: person.uid,
        identity,
        authTime,
        createdAt: now,
        endsAt,
        ...(request.userAgent === undefined ? {} : { userAgent: request.userAgent.slice(0, 256) }),
        ...(sealed === undefined ? {} : { sealedProviderTokens: sealed }),
      },
      hashHandle(handle),
      request.replaces?.sid,
    );
  }
  if (request.replaces) {
    parts.feed.apply({ kind: 'session-ended', sid: request.replaces.sid, until: request.replaces.endsAt });
    parts.logouts.wake();
  }
  parts.log.info('signed in', { uid: person.uid, sid, provider: identity.provider });
  return cookies;
}
