import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ProviderConfig } from '../../shared/config.ts';
import { createProviderTokens, issuersOf } from './provider-token.ts';

const now = 1_800_000_000;
const sub = 'f1f4c0de-0000-4000-8000-000000000001';
const times = { iat: now - 5, exp: now + 300 };
const base = {
  ...{ id: 'acme', clientId: 'crossgate', scopes: ['openid'], triggers: false, trustedEmailDomains: [] },
  ...{ issuerAliases: [], audiences: [] },
};

const keycloak: ProviderConfig = { ...base, kind: 'keycloak', issuer: 'https://id.acme.test/realms/acme' };
const cognito: ProviderConfig = {
  ...base,
  kind: 'cognito',
  issuer: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI',
  issuerAliases: ['https://issuer-cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI'],
};
const generic: ProviderConfig = {
  ...base,
  kind: 'openid',
  issuer: 'https://accounts.acme.test',
  audiences: ['https://api.acme.test'],
};

/** Shaped as Keycloak 26 makes them: no client in an access token's `aud`, roles by realm and client. */
const keycloakAccess = {
  ...times,
  ...{
    iss: keycloak.issuer,
    sub,
    typ: 'Bearer',
    azp: 'crossgate',
    aud: 'account',
    jti: 'onrtac:1',
    sid: 'a',
    acr: '1',
  },
  realm_access: { roles: ['offline_access', 'default-roles-acme', 'admin'] },
  resource_access: { account: { roles: ['manage-account'] } },
  ...{ scope: 'openid email profile', email_verified: true, preferred_username: 'ann' },
};
const keycloakId = {
  ...times,
  iss: keycloak.issuer,
  sub,
  typ: 'ID',
  azp: 'crossgate',
  aud: 'crossgate',
  nonce: 'n',
  sid: 'a',
};
const cognitoAccess = {
  ...times,
  ...{ iss: cognito.issuer, sub, client_id: 'crossgate', token_use: 'access', scope: 'openid email', origin_jti: 'o' },
};
const cognitoId = { ...times, iss: cognito.issuer, sub, aud: 'crossgate', token_use: 'id', 'cognito:username': 'ann' };
const genericId = { ...times, iss: generic.issuer, sub, aud: 'crossgate', nonce: 'n' };
const genericAccess = { ...times, iss: generic.issuer, sub, aud: 'https://api.acme.test', scope: 'openid' };

let keys: { privateKey: CryptoKey; jwks: object };
let strangers: CryptoKey;
let served: object;
let asked: string[];

beforeAll(async () => {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  keys = { privateKey, jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', use: 'sig', alg: 'RS256' }] } };
  strangers = (await generateKeyPair('RS256')).privateKey;
  served = keys.jwks;
});

const sign = (claims: object, header: object = {}, key = keys.privateKey) =>
  new SignJWT(claims as JWTPayload).setProtectedHeader({ alg: 'RS256', kid: 'k', typ: 'JWT', ...header }).sign(key);

function reader(config: ProviderConfig) {
  asked = [];
  return createProviderTokens(config, async () => `${config.issuer}/jwks`, {
    clock: () => now,
    fetch: async (url) => {
      asked.push(String(url));
      return Response.json(served);
    },
  });
}

describe("a provider's token counts", () => {
  it.each<[string, ProviderConfig, object, object, 'id' | 'access']>([
    ["Keycloak's access token, whose audience is another", keycloak, keycloakAccess, {}, 'access'],
    ["Keycloak's access token without any audience", keycloak, { ...keycloakAccess, aud: undefined }, {}, 'access'],
    ["Keycloak's ID token", keycloak, keycloakId, {}, 'id'],
    ["Cognito's access token, which has no audience", cognito, cognitoAccess, { typ: undefined }, 'access'],
    ["Cognito's ID token", cognito, cognitoId, { typ: undefined }, 'id'],
    ["one of Cognito's other issuer", cognito, { ...cognitoId, iss: cognito.issuerAliases[0] }, {}, 'id'],
    ['an ID token of any provider', generic, genericId, {}, 'id'],
    ['an access token for a named audience', generic, genericAccess, { typ: 'at+jwt' }, 'access'],
    ['the same with the whole media type', generic, genericAccess, { typ: 'application/at+jwt' }, 'access'],
    ['one of several audiences', generic, { ...genericAccess, aud: ['x', 'crossgate'] }, { typ: 'at+jwt' }, 'access'],
    ['one that expired within the leeway', generic, { ...genericId, exp: now - 29 }, {}, 'id'],
  ])('%s', async (_, config, claims, header, kind) => {
    const read = await reader(config).read(await sign(claims, header), now);
    expect(read).toMatchObject({ kind, subject: sub });
    expect(issuersOf(config)).toContain(read?.issuer);
    expect(asked).toEqual([`${config.issuer}/jwks`]);
  });
});

describe("a provider's token is nobody's", () => {
  const of = (claims: object, changes: object) => ({ ...claims, ...changes });
  it.each<[string, ProviderConfig, object, object?]>([
    ['for another client at Keycloak', keycloak, of(keycloakAccess, { azp: 'other', aud: 'crossgate' })],
    ["Keycloak's refresh token", keycloak, of(keycloakAccess, { typ: 'Refresh' })],
    ["Keycloak's logout token", keycloak, of(keycloakId, { typ: 'Logout', events: {} })],
    ['without a kind at Keycloak', keycloak, of(keycloakAccess, { typ: undefined })],
    ['for another client at Cognito', cognito, of(cognitoAccess, { client_id: 'other' })],
    ["an ID token of Cognito's for another client", cognito, of(cognitoId, { aud: 'other' })],
    ['of another use at Cognito', cognito, of(cognitoAccess, { token_use: 'refresh' })],
    ['of another pool', cognito, of(cognitoId, { iss: cognito.issuer.replace('AbC', 'XyZ') })],
    ['for another API', generic, of(genericAccess, { aud: 'https://other.test' }), { typ: 'at+jwt' }],
    [
      'with an ID token for two and authorised for another',
      generic,
      of(genericId, { aud: ['crossgate', 'x'], azp: 'x' }),
    ],
    ['a logout token', generic, of(genericId, { events: {} }), { typ: 'logout+jwt' }],
    ['a logout token that hides its type', generic, of(genericId, { events: {} })],
    ['expired', generic, of(genericId, { exp: now - 31 })],
    ['from the future', generic, of(genericId, { iat: now + 31 })],
    ['that never ends', generic, of(genericId, { exp: undefined })],
    ['without a beginning', generic, of(genericId, { iat: undefined })],
    ['of nobody', generic, of(genericId, { sub: '' })],
    ['that names its own key', generic, genericId, { kid: 'other', jku: 'https://evil.test/jwks' }],
    ['with a critical header that nobody knows', generic, genericId, { crit: ['x'], x: 1 }],
  ])('%s', async (_, config, claims, header = {}) => {
    const token = await sign(claims, header).catch(() => `${btoa(JSON.stringify(header))}.${btoa('{}')}.AA`);
    expect(await reader(config).read(token, now)).toBeUndefined();
    expect(new Set(asked)).toEqual(new Set(asked.map(() => `${config.issuer}/jwks`)));
  });

  it('signed by a stranger', async () => {
    expect(await reader(generic).read(await sign(genericId, {}, strangers), now)).toBeUndefined();
  });

  it('signed with the public key as a shared secret', async () => {
    const token = await new SignJWT(genericId as JWTPayload)
      .setProtectedHeader({ alg: 'HS256', kid: 'k' })
      .sign(new TextEncoder().encode(JSON.stringify(keys.jwks)));
    expect(await reader(generic).read(token, now)).toBeUndefined();
  });

  it('that is none at all', async () => expect(await reader(generic).read('a.b.c', now)).toBeUndefined());
});

it('where to look for the client is configuration, in the open', async () => {
  const token = await sign({ ...keycloakAccess, aud: ['account', 'crossgate'], azp: 'another' });
  expect(await reader(keycloak).read(token, now)).toBeUndefined();
  expect(await reader({ ...keycloak, accessTokenAudience: 'aud' }).read(token, now)).toMatchObject({ kind: 'access' });
});

it('unknown keys are asked for once, not for each token', async () => {
  const tokens = reader(generic);
  for (let i = 0; i < 20; i++) await tokens.read(await sign(genericId, { kid: `made-up-${i}` }), now);
  expect(asked.length).toBeLessThanOrEqual(2);
});
