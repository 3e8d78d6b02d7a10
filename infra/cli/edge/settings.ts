import type { JsonWebKey } from 'node:crypto';
import type {
  BakedKeys,
  CheckAuthSettings,
  GatewaySignOutSettings,
  HttpHeadersSettings,
  SigningSettings,
  SiteSettings,
} from '../../../gateway/runtimes/lambda-edge/settings.ts';
import { siteCookieFacts } from '../../../gateway/runtimes/lambda-edge/site-cookie.ts';
import { ConfigError } from '../../../shared/config.ts';
import { cookieNames } from '../../../shared/cookies/cookie.ts';
import { cookieDomainOf } from './config.ts';
import type { readEdgeKeyFile } from './key-file.ts';
import type { EdgeConfig, GatewayEdgeConfig, StandaloneEdgeConfig } from './schema.ts';

/** What goes into the slot of one function, and where the function belongs. */
export type FilledFunction = {
  /** Of the zip file. */
  readonly name: string;
  /** Of the prebuilt function. */
  readonly prebuilt: string;
  readonly event: 'viewer-request' | 'viewer-response';
  /** Path patterns of the behaviours that it goes to. */
  readonly behaviours: readonly string[];
  readonly secrets: readonly string[];
  readonly settings: object;
};

/** Ours, after all that the configuration says: safe for nearly every site, and in no one's way who says otherwise. */
const defaultHeaders = {
  'Strict-Transport-Security': 'max-age=31536000',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'strict-origin-when-cross-origin',
  'X-Frame-Options': 'DENY',
  'Content-Security-Policy': "base-uri 'self'; frame-ancestors 'none'; object-src 'none'",
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'Cross-Origin-Opener-Policy': 'same-origin',
};

/** The functions behind a gateway. None holds a secret. */
export function fillBehindGateway(config: GatewayEdgeConfig, keys: BakedKeys): FilledFunction[] {
  const base = new URL(config.gateway).href.replace(/\/+$/, '');
  const { sites, paths } = config;
  const checkAuth: CheckAuthSettings = {
    ...decisions(config, sites),
    login: `${base}/login`,
    refresh: `${base}/refresh`,
    cookie: {
      name: cookieNames(config.environment).domain,
      typ: 'sso+jwt',
      issuer: base,
      audience: cookieDomainOf(config),
    },
    keys,
  };
  const signOut: GatewaySignOutSettings = { sites, logout: `${base}/logout` };
  return [
    {
      ...viewerRequest,
      name: 'sign-out',
      prebuilt: 'sign-out-at-gateway',
      behaviours: [paths.signOut],
      settings: signOut,
    },
    { ...viewerRequest, name: 'check-auth', prebuilt: 'check-auth', behaviours: ['*'], settings: checkAuth },
    httpHeaders(config),
  ];
}

/** The functions of a site that signs people in by itself. */
export function fillStandalone(
  config: StandaloneEdgeConfig,
  keys: ReturnType<typeof readEdgeKeyFile>,
  clientSecret: string | undefined,
): FilledFunction[] {
  const { site, session } = config;
  const { clientSecretFile: _, ...provider } = config.provider;
  const paths = config.paths as SiteSettings['paths'];
  const refresh = `${site}${paths.refresh}`;
  const checkAuth: CheckAuthSettings = {
    ...decisions(config, [site]),
    login: refresh,
    refresh,
    cookie: siteCookieFacts(site),
    keys: { jwks: keys.jwks },
  };
  const settings: SiteSettings = {
    site,
    paths,
    session,
    provider: {
      ...withoutAbsent(provider),
      trustedEmailDomains: [],
      ...(clientSecret === undefined ? {} : { clientSecret }),
    },
    sealing: keys.sealing,
  };
  const signing: SigningSettings = { ...settings, signing: keys.signing[0] as JsonWebKey, jwks: keys.jwks };
  const opens = ['sealing keys', ...(clientSecret === undefined ? [] : ['client secret'])];
  const secrets = ['signing key', ...opens];
  return [
    {
      ...viewerRequest,
      name: 'parse-auth',
      prebuilt: 'parse-auth',
      behaviours: [paths.callback],
      settings: signing,
      secrets,
    },
    {
      ...viewerRequest,
      name: 'refresh-auth',
      prebuilt: 'refresh-auth',
      behaviours: [paths.refresh],
      settings: signing,
      secrets,
    },
    {
      ...viewerRequest,
      name: 'sign-out',
      prebuilt: 'sign-out',
      behaviours: [paths.signOut, paths.signedOut],
      settings,
      secrets: opens,
    },
    { ...viewerRequest, name: 'check-auth', prebuilt: 'check-auth', behaviours: ['*'], settings: checkAuth },
    httpHeaders(config),
  ];
}

const viewerRequest = { event: 'viewer-request', secrets: [] } as const;

function decisions(config: EdgeConfig, sites: readonly string[]) {
  const hosts = sites.map((site) => new URL(site).hostname);
  return {
    sites,
    rules: config.rules.flatMap(({ host, ...rule }) =>
      (host === undefined ? hosts : [host]).map((one) => ({ ...rule, host: one })),
    ),
    headers: config.identityHeaders,
    renewWithin: config.renewWithin,
    elsewhere: Object.values(config.paths),
  };
}

function httpHeaders({ headers }: EdgeConfig): FilledFunction {
  const settings: HttpHeadersSettings = {
    headers: [...headers, { path: '/*', set: defaultHeaders, override: false }],
  };
  return {
    name: 'http-headers',
    prebuilt: 'http-headers',
    event: 'viewer-response',
    behaviours: ['*'],
    secrets: [],
    settings,
  };
}

/** zod writes what was not given as `undefined`, which JSON and exact types have no room for. */
function withoutAbsent<T extends object>(value: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>;
  };
}

/**
 * A prebuilt function with its settings in their place.
 *
 * @throws ConfigError where the function has not exactly one slot: it is of another version.
 */
export function fillSlot(prebuilt: string, settings: object): string {
  const parts = prebuilt.split(/["'`]@@CROSSGATE_EDGE_SETTINGS@@["'`]/);
  const [before, after, more] = parts;
  if (before === undefined || after === undefined || more !== undefined)
    throw new ConfigError([{ where: 'bundles', says: 'are not the prebuilt functions of this version' }]);
  // as text within text, so that no key of it can mean anything to JavaScript
  return before + JSON.stringify(JSON.stringify(settings)) + after;
}
