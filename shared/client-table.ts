import * as z from 'zod/mini';
import { isLoopback } from './loopback.ts';
import { longestUrl } from './return-url.ts';
import { filledList, flag, id, list, setting, text, whole } from './setting.ts';
import { upstream } from './upstream-table.ts';

/** What a client may be told of a person, beside who they are. */
export const clientClaims = ['email', 'name', 'roles', 'permissions'] as const;

/** Settings of one app. Nobody is asked for consent: the apps are the company's own. */
export const client = z.strictObject({
  id: setting(id(), 'Names the app; its OpenID `client_id`.'),
  name: setting(z.string().check(z.minLength(1), z.maxLength(60)), 'What people read.'),
  home: setting(z.url(), 'Where the app starts; the signed-in page links there.'),
  origins: setting(filledList(z.url()), 'Origins of the app.'),
  redirectUris: setting(
    z._default(list(z.url()), []),
    'Where a hand-off may end, letter by letter, each on one of the origins. Empty: the app takes no hand-off.',
  ),
  postLogoutUris: setting(
    z._default(list(z.url()), []),
    'Where a sign-out that the app begins may end, letter by letter, each on one of the origins.',
  ),
  backchannelLogoutUri: setting(
    z.optional(z.url()),
    'Where the app takes logout tokens, posted by the gateway. Unset: the app hears of no sign-out.',
  ),
  public: setting(flag(), 'Whether the app can keep no secret (a page without a server): PKCE alone shows who it is.'),
  secretHash: setting(
    z.optional(text(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/, 'what `crossgate clients secret` prints as secretHash')),
    "SHA-256 of the app's client secret, base64url, made by `crossgate clients secret`.",
  ),
  jwks: setting(
    z.optional(
      z.strictObject({
        keys: setting(
          filledList(z.record(z.string(), z.unknown())),
          'Public keys of the app, as JWKs with `kid`, for `private_key_jwt` in place of a secret.',
        ),
      }),
    ),
    'Public keys as a JWK Set.',
  ),
  jwksUri: setting(z.optional(z.url()), 'Where the app publishes such keys, in place of `jwks`.'),
  tokenAlgorithm: setting(
    z._default(z.enum(['RS256', 'ES256']), 'RS256'),
    'Signature of its ID and logout tokens; `keys.openid` has to hold a key for it.',
  ),
  introspections: setting(
    z._default(whole(0, 1_000_000), 0),
    'How often a minute its server may ask `/introspect` about a token, per process of the gateway. 0: never.',
  ),
  claims: setting(
    z._default(list(z.enum(clientClaims)), ['email', 'name']),
    'What the app may be told of a person if it asks by scope (`email`, `profile`, `roles`, `permissions`).',
  ),
  upstream: setting(
    z.optional(upstream),
    'Where the app runs, if the gateway stands in front of it. Unset: something else does.',
  ),
});

type Client = z.infer<typeof client>;
type Say = (where: string, says: string) => void;

/**
 * What no single setting of the apps can know.
 *
 * @param secure Says so where a URL is neither https nor, for a gateway on this machine, on this machine.
 */
export function findClientMistakes(clients: readonly Client[], secure: Say, say: Say): void {
  clients.forEach((one, i) => {
    const at = `clients.${i}`;
    secure(`${at}.home`, one.home);
    one.origins.forEach((origin, j) => {
      const where = `${at}.origins.${j}`;
      secure(where, origin);
      const exact = new URL(origin).origin;
      if (exact !== origin && exact !== 'null') say(where, `must be an origin, such as ${exact}`);
      const owner = clients.find((other) => other.origins.includes(origin));
      if (owner && owner !== one) say(where, `is also an origin of ${owner.id}`);
    });
    for (const name of ['redirectUris', 'postLogoutUris'] as const) {
      one[name].forEach((uri, j) => {
        findAddressMistakes(`${at}.${name}.${j}`, uri, secure, say);
        if (!one.origins.includes(new URL(uri).origin)) say(`${at}.${name}.${j}`, 'must be on one of its origins');
      });
    }
    if (one.backchannelLogoutUri !== undefined)
      findAddressMistakes(`${at}.backchannelLogoutUri`, one.backchannelLogoutUri, secure, say);
    if (one.jwksUri !== undefined) findAddressMistakes(`${at}.jwksUri`, one.jwksUri, secure, say);
    one.jwks?.keys.forEach((key, j) => {
      if (Object.hasOwn(key, 'd') || Object.hasOwn(key, 'k'))
        say(`${at}.jwks.keys.${j}`, 'holds a secret: only public keys belong');
      if (typeof key.kid !== 'string' || key.kid === '') say(`${at}.jwks.keys.${j}`, 'has no kid');
    });
    findAuthenticationMistakes(at, one, say);
  });
}

/**
 * It is compared letter by letter, so there is one way to write it. Only an origin has two, for some client libraries
 * always leave its slash out, and others never do.
 */
function findAddressMistakes(where: string, uri: string, secure: Say, say: Say): void {
  secure(where, uri);
  const { href, hash, username, password } = new URL(uri);
  if (hash !== '' || href.includes('#')) say(where, 'must have no fragment');
  else if (username !== '' || password !== '') say(where, 'must name no user');
  else if (href.length > longestUrl) say(where, `must have at most ${longestUrl} characters`);
  else if (href !== uri && href !== `${uri}/`) say(where, `must be written ${href}`);
}

function findAuthenticationMistakes(at: string, one: Client, say: Say): void {
  const ways = [
    ...(one.public ? ['public'] : []),
    ...(['secretHash', 'jwks', 'jwksUri'] as const).filter((way) => one[way] !== undefined),
  ];
  if (one.introspections > 0 && (one.public || ways.length === 0))
    say(`${at}.introspections`, 'needs an app with a secret or keys');
  if (one.redirectUris.length === 0) {
    const useless = [
      ...(one.introspections > 0 ? [] : ways),
      ...(one.postLogoutUris.length > 0 ? ['postLogoutUris'] : []),
      ...(one.backchannelLogoutUri === undefined ? [] : ['backchannelLogoutUri']),
    ];
    for (const name of useless) say(`${at}.${name}`, 'is of no use without redirectUris');
  } else if (ways.length === 0) {
    say(at, 'has redirectUris, so it needs secretHash, jwks, jwksUri, or public: true');
  } else if (ways.length > 1) {
    say(at, `shows who it is in one way only: choose among ${ways.join(', ')}`);
  }
}

/** Is plain http no risk here? Only between a gateway and an app on one machine. */
export function isSecure(url: string, gateway: URL): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname) && isLoopback(gateway.hostname));
}
