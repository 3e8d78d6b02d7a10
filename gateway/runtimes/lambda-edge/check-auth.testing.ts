import type { Seconds } from '../../../shared/clock.ts';
import type { DomainCookie } from '../../../shared/cookies/domain-cookie.ts';
import { asSessionId, asUserId } from '../../../shared/identity.ts';
import { generateSigningKey } from '../../../shared/keys/keyring.ts';
import { publicJwks, readPrivateJwk } from '../../../shared/keys/signing.ts';
import { ann, keyring, start } from '../../check/check.testing.ts';
import type { Log } from '../../deps.ts';
import type { CheckAuthSettings } from './settings.ts';
import { siteCookieFacts, writeSiteCookie } from './site-cookie.ts';

/** Lines of a log, as text. */
export type Lines = string[];

/** A log that keeps its lines. */
export function keepingLog(lines: Lines): Log {
  const keep = (level: string) => (event: string, fields?: object, error?: unknown) =>
    void lines.push(`${level} ${event} ${JSON.stringify(fields ?? {})} ${error instanceof Error ? error.message : ''}`);
  return { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
}

const rules = [
  { host: 'docs.acme.test', path: '/open/*', allow: 'public' },
  { host: 'docs.acme.test', path: '/admin/*', allow: 'role:admin' },
  { host: 'docs.acme.test', path: '/reports/*', allow: 'permission:reports:read' },
  { host: 'docs.acme.test', path: '/write', methods: ['POST'], allow: 'role:admin' },
  { host: 'docs.acme.test', path: '/*', allow: 'signed-in' },
  { host: 'media.acme.test', path: '/only/*', allow: 'signed-in' },
];

export const site = 'https://docs.acme.test';
/** Key of a standalone site. */
export const siteKey = readPrivateJwk(generateSigningKey('ES256'));

/** Behind the gateway of `check.testing.ts`, whose keys it fetched when every test begins. */
export const behindGateway: CheckAuthSettings = {
  sites: [site, 'https://media.acme.test'],
  rules,
  headers: 'remote',
  login: 'https://auth.acme.test/login',
  refresh: 'https://auth.acme.test/refresh',
  renewWithin: 600,
  cookie: { name: '__Secure-sso', typ: 'sso+jwt', issuer: 'https://auth.acme.test', audience: 'acme.test' },
  keys: {
    jwks: keyring.domainCookie.jwks,
    from: { url: 'https://auth.acme.test/.well-known/sso-jwks.json', at: start },
  },
  elsewhere: ['/_sso/sign-out'],
};

/** One site that signs people in by itself. */
export const standalone: CheckAuthSettings = {
  ...behindGateway,
  sites: [site],
  login: `${site}/_sso/refresh`,
  refresh: `${site}/_sso/refresh`,
  cookie: siteCookieFacts(site),
  keys: { jwks: publicJwks([siteKey]) },
  elsewhere: ['/_sso/callback', '/_sso/refresh', '/_sso/sign-out', '/_sso/signed-out'],
};

/** `name=value` of Ann's statement at a site, with changes. */
export function siteCookie(
  changes: Partial<DomainCookie> = {},
  at = site,
  key = siteKey,
  endsAt: Seconds = start + 43_200,
) {
  return writeSiteCookie({ site: at }, key, { ...ann, ...changes }, endsAt).split(';')[0] ?? '';
}

/** Somebody else than Ann. */
export const bob = { uid: asUserId('43'), sid: asSessionId('session-2'), email: 'bob@acme.test', name: 'Bob' };
