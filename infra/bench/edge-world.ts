import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Seconds } from '../../shared/clock.ts';
import { writeDomainCookie } from '../../shared/cookies/domain-cookie.ts';
import { asSessionId, asUserId } from '../../shared/identity.ts';
import { generateSigningKey } from '../../shared/keys/keyring.ts';
import { publicJwks, readPrivateJwk, type SigningKey } from '../../shared/keys/signing.ts';
import { signToken } from '../../shared/tokens/signed.ts';
import { parseEdgeConfig } from '../cli/edge/config.ts';
import { generateEdgeKeyFile, readEdgeKeyFile } from '../cli/edge/key-file.ts';
import type { GatewayEdgeConfig, StandaloneEdgeConfig } from '../cli/edge/schema.ts';
import { fillBehindGateway, fillSlot, fillStandalone } from '../cli/edge/settings.ts';
import { buildEdgeFunctions } from '../release/edge-functions.ts';

/** A function as it is deployed. */
export type EdgeBundle = { readonly name: string; readonly file: string };

const repository = fileURLToPath(new URL('../..', import.meta.url));
const host = 'docs.acme.test';
const pool = { id: 'us-east-1_Bench0000', client: '1h57kf5cpq17m0eml12bench00' };
const poolIssuer = `https://cognito-idp.us-east-1.amazonaws.com/${pool.id}`;

/** Keys of both sides: RS256 for each, as Cognito and a gateway sign by default. */
export const benchKeys = (): { readonly gateway: SigningKey; readonly pool: SigningKey } => ({
  gateway: readPrivateJwk(generateSigningKey('RS256')),
  pool: readPrivateJwk(generateSigningKey('RS256')),
});
type Keys = ReturnType<typeof benchKeys>;

/** Our five functions with settings in them: those that a gateway makes unnecessary as a site of its own has them. */
export async function ourBundles(dir: string, keys: Keys, now: Seconds): Promise<EdgeBundle[]> {
  await buildEdgeFunctions(join(dir, 'prebuilt'));
  const rules = [
    { path: '/open/*', allow: 'public' },
    { path: '/admin/*', allow: 'role:admin' },
    { path: '/*', allow: 'signed-in' },
  ];
  const behind = parseEdgeConfig({
    shape: 'gateway',
    gateway: 'https://auth.acme.test',
    sites: [`https://${host}`],
    rules,
  });
  const alone = parseEdgeConfig({
    shape: 'standalone',
    site: `https://${host}`,
    keysFile: 'not read',
    provider: { kind: 'cognito', issuer: poolIssuer, clientId: pool.client },
    rules,
  });
  const url = 'https://auth.acme.test/.well-known/sso-jwks.json';
  const jwks = publicJwks([keys.gateway]);
  const own = readEdgeKeyFile(JSON.stringify(generateEdgeKeyFile()));
  const filled = [
    ...fillBehindGateway(behind as GatewayEdgeConfig, { jwks, from: { url, at: now } }),
    ...fillStandalone(alone as StandaloneEdgeConfig, own, 'a client secret'),
  ];
  const names = ['check-auth', 'http-headers', 'parse-auth', 'refresh-auth', 'sign-out'];
  return names.map((name) => {
    const one = filled.find(({ prebuilt }) => prebuilt === name);
    if (!one) throw new Error(`no function ${name}`);
    const file = join(dir, `${name}.mjs`);
    writeFileSync(file, fillSlot(readFileSync(join(dir, 'prebuilt', `${name}.js`), 'utf8'), one.settings));
    return { name: name.replace('-', '_'), file };
  });
}

/** cognito-at-edge as somebody would deploy it, with the pool's keys in its cache already. */
export async function peerBundle(dir: string, keys: Keys): Promise<EdgeBundle> {
  const file = join(dir, 'cognito-at-edge.mjs');
  const settings = {
    region: 'us-east-1',
    userPoolId: pool.id,
    userPoolAppId: pool.client,
    userPoolDomain: 'sign-in.acme.test',
  };
  const contents = `import { Authenticator } from 'cognito-at-edge';
const authenticator = new Authenticator(${JSON.stringify(settings)});
authenticator._jwtVerifier.cacheJwks(${JSON.stringify(publicJwks([keys.pool]))});
export const handler = (event) => authenticator.handle(event);`;
  await build({
    stdin: { contents, resolveDir: repository },
    outfile: file,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    minify: true,
    logLevel: 'silent',
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
  return { name: 'cognito-at-edge', file };
}

/** A function that hands on what it gets, request or answer: the least that any could do. */
export function passThrough(dir: string): string {
  const file = join(dir, 'pass-through.mjs');
  const contents = 'export const handler = async ({ Records: [{ cf }] }) => cf.response ?? cf.request;';
  writeFileSync(file, contents);
  return file;
}

/** The `Cookie` header of a signed-in person at our functions, beside two of the site's own. */
export function ourCookies(i: number, keys: Keys, now: Seconds): string {
  const settings = {
    publicUrl: 'https://auth.acme.test',
    environment: '',
    cookie: { domain: 'acme.test', claims: ['email', 'name', 'roles', 'permissions'] },
  } as unknown as Parameters<typeof writeDomainCookie>[0];
  const person = {
    uid: asUserId(String(10_000 + i)),
    sid: asSessionId(`sid-${'x'.repeat(18)}-${i}`),
    authTime: now,
    iat: now,
    exp: now + 7200,
    email: `person-${i}@acme.test`,
    name: `Person Number ${i}`,
    roles: ['editor', 'viewer'],
    permissions: ['notes:read', 'notes:write', 'photos:read', 'documents:read'],
    permissionVersion: 3,
  };
  const [pair] = writeDomainCookie(settings, { current: keys.gateway }, person, now + 7200).split(';');
  return `_ga=GA1.1.1203984712.1790000000; ${pair}; theme=dark`;
}

/** The same at cognito-at-edge: the cookies that it sets, with an ID token as Cognito makes them. */
export function peerCookies(keys: Keys, now: Seconds): string {
  const common = {
    iss: poolIssuer,
    sub: 'aaaaaaaa-0000-4000-8000-000000000000',
    iat: now,
    exp: now + 3600,
    auth_time: now,
  };
  const id = signToken({ current: keys.pool }, 'JWT', {
    ...common,
    aud: pool.client,
    token_use: 'id',
    email: 'person-0@acme.test',
    email_verified: true,
    'cognito:username': 'person-0',
    'cognito:groups': ['editor', 'viewer'],
  });
  const base = `CognitoIdentityServiceProvider.${pool.client}`;
  const user = `${base}.person-0`;
  return [
    '_ga=GA1.1.1203984712.1790000000',
    `${user}.accessToken=${id}`,
    `${user}.idToken=${id}`,
    `${user}.refreshToken=${'r'.repeat(1100)}`,
    `${user}.tokenScopesString=phone%20email%20profile%20openid%20aws.cognito.signin.user.admin`,
    `${base}.LastAuthUser=person-0`,
    'theme=dark',
  ].join('; ');
}

/** A page load by somebody with these cookies, as CloudFront sends it. */
export function pageLoad(cookie: string): object {
  const at = join(repository, 'gateway/runtimes/lambda-edge/events');
  const event = JSON.parse(readFileSync(join(at, 'viewer-request.json'), 'utf8')) as {
    Records: [{ cf: { request: { uri: string; querystring: string; headers: Record<string, object[]> } } }];
  };
  const { request } = event.Records[0].cf;
  request.uri = '/documents/2026/plan';
  request.querystring = 'tab=notes&page=2';
  request.headers.host = [{ key: 'Host', value: host }];
  request.headers.cookie = [{ key: 'Cookie', value: cookie }];
  return event;
}

/** An answer of the origin on its way back. */
export const anAnswer = (): object =>
  JSON.parse(
    readFileSync(join(repository, 'gateway/runtimes/lambda-edge/events/viewer-response.json'), 'utf8'),
  ) as object;
