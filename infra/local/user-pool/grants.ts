import { createHash, randomUUID } from 'node:crypto';
import type { Clock, Seconds } from '../../../shared/clock.ts';
import type { Authorization } from './authorization.ts';
import type { Storage } from './persistence.ts';
import type { UserPoolClient } from './settings.ts';
import type { TokenChanges } from './token-changes.ts';
import { randomToken } from './tokens.ts';

/** What an authorization code stands for. */
export type CodeGrant = {
  readonly authorization: Authorization;
  readonly sub: string;
  readonly authTime: Seconds;
  /** What the trigger asked for when the person signed in. */
  readonly changes: TokenChanges;
};

/** One sign-in and all tokens that come from it. */
export type RefreshFamily = {
  readonly originJti: string;
  readonly sub: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly authTime: Seconds;
  readonly resource?: string;
  readonly expiresAt: Seconds;
  revoked: boolean;
  /** SHA-256 of each token; `retiredAt` once another has taken its place. */
  tokens: { readonly hash: string; retiredAt?: Seconds }[];
};

/** Authorization codes and refresh tokens. */
export type Grants = {
  issueCode(grant: CodeGrant): string;
  /** What the code stands for, once; nothing for one that is unknown, used or over five minutes old. */
  takeCode(code: string): CodeGrant | undefined;
  start(family: Omit<RefreshFamily, 'originJti' | 'expiresAt' | 'revoked' | 'tokens'>): {
    family: RefreshFamily;
    refreshToken: string;
  };
  /** The family that a refresh token of this client can renew. A string says why there is none. */
  find(refreshToken: string, client: UserPoolClient): RefreshFamily | string;
  /** Retires the token and gives the next one; nothing where the client's tokens don't rotate. */
  rotate(family: RefreshFamily, refreshToken: string, client: UserPoolClient): string | undefined;
  /** Ends the family of a refresh token of this client, if there is one. */
  revoke(refreshToken: string, client: UserPoolClient): RefreshFamily | undefined;
  revokeAllOf(sub: string): void;
  isRevoked(originJti: string): boolean;
};

const codeLifetime: Seconds = 300;
const refreshLifetime: Seconds = 30 * 24 * 3600;

/** Codes live in memory, refresh tokens in the storage. */
export function createGrants({ state, save }: Storage, clock: Clock): Grants {
  const codes = new Map<string, CodeGrant & { expiresAt: Seconds }>();
  const familyOf = (token: string) => {
    const hash = hashOf(token);
    return state.families.find((family) => family.tokens.some((known) => known.hash === hash));
  };
  const ownFamilyOf = (token: string, client: UserPoolClient) => {
    const family = familyOf(token);
    return family?.clientId === client.id ? family : undefined;
  };
  return {
    issueCode(grant) {
      const code = randomUUID();
      for (const [known, { expiresAt }] of codes) if (expiresAt <= clock()) codes.delete(known);
      codes.set(code, { ...grant, expiresAt: clock() + codeLifetime });
      return code;
    },
    takeCode(code) {
      const grant = codes.get(code);
      codes.delete(code);
      return grant !== undefined && grant.expiresAt > clock() ? grant : undefined;
    },
    start(from) {
      const refreshToken = randomToken();
      const expiresAt = clock() + refreshLifetime;
      const tokens = [{ hash: hashOf(refreshToken) }];
      const family: RefreshFamily = { ...from, originJti: randomUUID(), expiresAt, revoked: false, tokens };
      // Revoked families stay until their access tokens have expired by themselves, which is well before this.
      state.families = [...state.families.filter((known) => known.expiresAt > clock()), family];
      save();
      return { family, refreshToken };
    },
    find(refreshToken, client) {
      const family = ownFamilyOf(refreshToken, client);
      if (family === undefined || family.expiresAt <= clock()) return 'Invalid Refresh Token';
      if (family.revoked) return 'Refresh Token has been revoked';
      const retiredAt = family.tokens.find((known) => known.hash === hashOf(refreshToken))?.retiredAt;
      const grace = client.rotation?.graceSeconds ?? 0;
      if (retiredAt !== undefined && clock() >= retiredAt + grace) return 'Refresh Token has been rotated';
      return family;
    },
    rotate(family, refreshToken, client) {
      if (client.rotation === undefined) return undefined;
      const next = randomToken();
      const used = family.tokens.find((known) => known.hash === hashOf(refreshToken));
      if (used !== undefined) used.retiredAt ??= clock();
      family.tokens.push({ hash: hashOf(next) });
      save();
      return next;
    },
    revoke(refreshToken, client) {
      const family = ownFamilyOf(refreshToken, client);
      if (family !== undefined) family.revoked = true;
      save();
      return family;
    },
    revokeAllOf(sub) {
      for (const family of state.families) if (family.sub === sub) family.revoked = true;
      save();
    },
    isRevoked: (originJti) => state.families.find((family) => family.originJti === originJti)?.revoked ?? true,
  };
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
