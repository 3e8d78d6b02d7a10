import type { JsonWebKey } from 'node:crypto';
import type { Seconds } from '../../../shared/clock.ts';
import type { Config, ProviderConfig, RuleConfig } from '../../../shared/config.ts';
import type { Jwks } from '../../../shared/keys/signing.ts';
import type { TokenType } from '../../../shared/tokens/signed.ts';

/** Public keys that a function was built with. */
export type BakedKeys = {
  readonly jwks: Jwks;
  /** Where newer ones are; absent: only in a newer build. */
  readonly from?: {
    readonly url: string;
    /** When `jwks` was fetched there. */
    readonly at: Seconds;
  };
};

/** All that check_auth knows. Nothing of it is secret. */
export type CheckAuthSettings = {
  /** Origins that this distribution answers for. */
  readonly sites: readonly string[];
  /** In order: the first that matches decides, and no match is a refusal. */
  readonly rules: readonly RuleConfig[];
  readonly headers: Config['check']['headers'];
  /** Addresses that take `return_to`. */
  readonly login: string;
  readonly refresh: string;
  readonly renewWithin: Seconds;
  readonly cookie: {
    readonly name: string;
    readonly typ: TokenType;
    readonly issuer: string;
    readonly audience: string;
  };
  readonly keys: BakedKeys;
  /** Paths that belong to the other functions, and come here only where a behaviour is missing. */
  readonly elsewhere: readonly string[];
};

/** Headers for the paths of one pattern. */
export type HeaderRule = {
  /** Exact path, or a prefix ending in `/*`. */
  readonly path: string;
  /** By name as it is to be written; `null`: no such header. */
  readonly set: Readonly<Record<string, string | null>>;
  /** Also where the origin has set them itself. */
  readonly override: boolean;
};

/** All that http_headers knows: of each header the first rule that names it decides. */
export type HttpHeadersSettings = { readonly headers: readonly HeaderRule[] };

/** A site that signs people in by itself, as all of its functions know it. */
export type SiteSettings = {
  /** Origin. */
  readonly site: string;
  readonly paths: Readonly<Record<'callback' | 'refresh' | 'signOut' | 'signedOut', `/${string}`>>;
  readonly provider: ProviderConfig & {
    /** Claim of the ID token whose texts are the person's roles; absent: nobody has any, unless our trigger runs there. */
    readonly rolesClaim?: string;
  };
  readonly session: {
    /** Longest life of a session, however often renewed. */
    readonly lifetime: Seconds;
    readonly cookieLifetime: Seconds;
    readonly outageLifetime: Seconds;
    readonly outageLimit: Seconds;
  };
  /** Secret: 256-bit masters in base64url; the first seals. */
  readonly sealing: readonly { readonly kid: string; readonly k: string }[];
};

/** For parse_auth and refresh_auth, who alone sign. */
export type SigningSettings = SiteSettings & {
  /** Secret: signs the site's statements. */
  readonly signing: JsonWebKey;
  /** Its public half, and those of the keys before and after it. */
  readonly jwks: Jwks;
};

/** For sign_out of a site behind a gateway. */
export type GatewaySignOutSettings = {
  readonly sites: readonly string[];
  /** The gateway's `/logout`. */
  readonly logout: string;
};
