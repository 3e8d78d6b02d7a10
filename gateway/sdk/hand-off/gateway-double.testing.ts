import { createHash, randomBytes } from 'node:crypto';
import type { Seconds } from '../../../shared/clock.ts';
import { createKeyring, generateKeyFile, type Keyring } from '../../../shared/keys/keyring.ts';
import { signToken, type TokenClaims } from '../../../shared/tokens/signed.ts';
import { createHandOff, type HandOff } from './hand-off.ts';
import type { HandOffOptions } from './options.ts';

/** When every test begins. */
export const start: Seconds = 1_800_000_000;

/** A gateway that answers whatever a test wants; the real one is met in infra/suite. */
export type GatewayDouble = {
  now: Seconds;
  readonly keyring: Keyring;
  /** What `/token` answers to the form of a request. Replace it. */
  token: (form: URLSearchParams, request: RequestInit) => Response | Promise<Response>;
  /** Laid over the claims of the ID token that it gives by default; `undefined` removes one. */
  claims: Readonly<Record<string, unknown>>;
  /** Signs the ID token. Replace it. */
  sign: (claims: TokenClaims) => string;
  readonly asked: string[];
  options(more?: Partial<HandOffOptions>): HandOffOptions;
};

export const gateway = 'https://auth.acme.com';
export const app = 'https://www.globex.com';

let keyring: Keyring | undefined;

export function createGatewayDouble(): GatewayDouble {
  keyring ??= createKeyring(JSON.stringify(generateKeyFile()));
  const asked: string[] = [];
  const accessToken = randomBytes(16).toString('base64url');
  const double: GatewayDouble = {
    now: start,
    keyring,
    asked,
    claims: {},
    sign: (claims) => signToken(double.keyring.openid, 'JWT', claims),
    token: (form) => {
      const claims: Record<string, unknown> = {
        iss: gateway,
        aud: 'globex',
        sub: 'ann-id',
        iat: double.now,
        exp: double.now + 300,
        auth_time: double.now - 60,
        sid: 'sid-of-ann',
        session_expiry: start + 12 * 3600,
        sso_monitor: 'ticket',
        at_hash: createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url'),
        nonce: form.get('code'),
        email: 'ann@acme.test',
        name: 'Ann Ångström',
        ...double.claims,
      };
      for (const [name, value] of Object.entries(claims)) if (value === undefined) delete claims[name];
      const id_token = double.sign(claims as TokenClaims);
      return Response.json({ access_token: accessToken, token_type: 'Bearer', id_token });
    },
    options: (more = {}) => ({
      gateway,
      url: app,
      clientId: 'globex',
      clientSecret: 'what the gateway knows the hash of',
      secret: 'the secret of globex, which nobody else has',
      clock: () => double.now,
      onWarning: () => {},
      fetch: async (input, init = {}) => {
        const { pathname, origin } = new URL(String(input));
        if (origin !== gateway) throw new Error(`asked ${origin}`);
        asked.push(pathname);
        if (pathname === '/.well-known/jwks.json') return Response.json(double.keyring.openid.jwks);
        return await double.token(new URLSearchParams(String(init.body)), init);
      },
      ...more,
    }),
  };
  return double;
}

/** Headers of a page's own script. */
export const fromPage = {
  origin: app,
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
};
/** Headers of a browser that goes to a page. */
export const navigates = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

/** A request and its whole answer; `undefined`: the app would have carried on. */
export async function send(
  sso: HandOff,
  path: string,
  {
    method = 'GET',
    headers = navigates,
    body,
    cookies = [],
  }: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly cookies?: readonly string[];
  } = {},
): Promise<Response | undefined> {
  const all = { ...headers, cookie: cookies.join('; ') };
  const request = new Request(app + path, { method, headers: all, ...(body !== undefined && { body }) });
  const outcome = await sso.handle(request);
  return outcome.kind === 'respond' ? outcome.response : undefined;
}

/** `name=value` of every cookie that an answer sets to something. */
export const cookiesOf = (response: Response | undefined): string[] =>
  (response?.headers.getSetCookie() ?? [])
    .filter((line) => !line.includes('Max-Age=0;'))
    .map((line) => line.split(';')[0] ?? '');

/** Goes to a page and to the gateway, which gives a code at once: the nonce is the code, for the double to know it by. */
export async function comeBack(
  sso: HandOff,
  path = '/x',
  cookies: readonly string[] = [],
): Promise<Response | undefined> {
  const away = await send(sso, path, { cookies });
  const asked = new URL(away?.headers.get('location') ?? 'none:').searchParams;
  const query = new URLSearchParams({ code: asked.get('nonce') ?? '', state: asked.get('state') ?? '', iss: gateway });
  return await send(sso, `/sso/callback?${query}`, { cookies: [...cookies, ...cookiesOf(away)] });
}

/** A filter of its own for one test. */
export const handOffOf = (double: GatewayDouble, more?: Partial<HandOffOptions>): HandOff =>
  createHandOff(double.options(more));
