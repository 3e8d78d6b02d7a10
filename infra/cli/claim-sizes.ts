import { Buffer } from 'node:buffer';
import type { Config } from '../../shared/config.ts';
import { browserCookieLimit, longestCookie } from '../../shared/cookies/cookie.ts';
import { writeDomainCookie } from '../../shared/cookies/domain-cookie.ts';
import { asSessionId } from '../../shared/identity.ts';
import { createKeyring, generateKeyFile } from '../../shared/keys/keyring.ts';
import { apiGatewayHeaderLimit, claimsOf, type FittedClaims, fitClaims } from '../../shared/permissions/claims.ts';
import type { Person } from '../../shared/users/directory.ts';

/** Bytes of something, and how many it may have. */
export type Measured = { readonly bytes: number; readonly of: number };

/** What a person's tokens and cookie would carry, and how much of their limits that takes. */
export type ClaimSizes = {
  /** What the trigger adds to a token, by version of its event. V3 is V2. */
  readonly tokens: Readonly<Record<'V1' | 'V2', FittedClaims & Measured>>;
  /** `Set-Cookie` of the domain cookie against what we issue; `browser` is what browsers take. */
  readonly cookie: Measured & { readonly browser: number; readonly leftOut: readonly string[] };
  /** Request line and header values of a request that carries both, estimated, against API Gateway's limit. */
  readonly headers: Measured;
};

/** Bytes that a Cognito access token has by itself: what is in it varies with the number of scopes and groups. */
const bareAccessToken = 1100;
/** Bytes of request line and headers that a browser sends with a request to an API, less `Authorization` and `Cookie`. */
const otherHeaders = 1000;

/**
 * Makes the measure for a configuration. It signs with a key that is made here and forgotten: only lengths count.
 */
export function claimMeasure(config: Config): (person: Person) => ClaimSizes {
  const keyring = createKeyring(JSON.stringify(generateKeyFile(config.cookie.algorithm)));
  const now = 1_800_000_000;
  return (person) => {
    const all = claimsOf(person);
    const token = (form: 'lists' | 'strings') => {
      const fitted = fitClaims(all, config.triggers.claimBudget, form);
      return { ...fitted, bytes: fitted.size, of: config.triggers.claimBudget };
    };
    const tokens = { V1: token('strings'), V2: token('lists') };
    const setCookie = writeDomainCookie(
      config,
      keyring.domainCookie,
      {
        ...person,
        uid: person.id,
        // as long as every session's
        sid: asSessionId('s'.repeat(22)),
        authTime: now,
        iat: now,
        exp: now + config.cookie.lifetime,
      },
      now + config.session.lifetime,
    );
    const pair = setCookie.split(';', 1)[0] ?? '';
    const carried = JSON.parse(Buffer.from(pair.split('.')[1] ?? '', 'base64url').toString()) as object;
    const leftOut = config.cookie.claims.filter(
      (claim) => person[claim] !== undefined && !Object.hasOwn(carried, claim),
    );
    return {
      tokens,
      cookie: { bytes: Buffer.byteLength(setCookie), of: longestCookie, browser: browserCookieLimit, leftOut },
      headers: {
        bytes: otherHeaders + 'Bearer '.length + bareAccessToken + tokens.V2.bytes + Buffer.byteLength(pair),
        of: apiGatewayHeaderLimit,
      },
    };
  };
}
