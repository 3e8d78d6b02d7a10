import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { RequestListener } from 'node:http';

/** How the next sign-ins at the rogue provider go wrong. Everything absent is as it should be. */
export type Mischief = {
  /** Laid over the ID token's claims; `undefined` removes one. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly signedBy?: 'another key' | 'nobody' | 'the client secret';
  /** Laid over what `/token` says. */
  readonly tokens?: Readonly<Record<string, unknown>>;
  /** Laid over the callback's parameters. */
  readonly callback?: Readonly<Record<string, string | undefined>>;
  /** What the refresh says instead. */
  readonly refreshed?: Readonly<Record<string, unknown>>;
};

/** An OpenID provider that does what it should, or what a test says. */
export type RogueProvider = {
  readonly origin: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly host: string;
  readonly listener: RequestListener;
  /** Until it is called again. */
  misbehave(mischief?: Mischief): void;
};

/** Id of the rogue provider in the gateway's configuration. */
export const rogueId = 'rogue';

const keys = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
let known: { own: ReturnType<typeof keys>; other: ReturnType<typeof keys> } | undefined;

/** Starts one. It asks nobody for a password: whoever comes is `rogue-person`. */
export function createRogueProvider(port: number): RogueProvider {
  const host = 'rogue.localhost';
  const origin = `http://${host}:${port}`;
  const clientSecret = 'shared with the rogue provider';
  known ??= { own: keys(), other: keys() };
  const { own, other } = known;
  const nonces = new Map<string, string | null>();
  let mischief: Mischief = {};

  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const rsa = (input: string, key: KeyObject) => sign('sha256', Buffer.from(input), key).toString('base64url');

  const idToken = (claims: Readonly<Record<string, unknown>>): string => {
    const { signedBy, header = {} } = mischief;
    const alg = signedBy === 'nobody' ? 'none' : signedBy === 'the client secret' ? 'HS256' : 'RS256';
    const input = `${encode({ alg, kid: 'rogue', ...header })}.${encode(claims)}`;
    if (signedBy === 'nobody') return `${input}.`;
    if (signedBy === 'the client secret')
      return `${input}.${createHmac('sha256', clientSecret).update(input).digest('base64url')}`;
    return `${input}.${rsa(input, signedBy === 'another key' ? other.privateKey : own.privateKey)}`;
  };

  const tokens = (nonce: string | null, refreshing: boolean) => {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: origin,
      aud: 'gateway',
      sub: 'rogue-person',
      iat: now,
      exp: now + 300,
      auth_time: now,
      email: 'rogue@rogue.test',
      email_verified: true,
      name: 'Rogue',
      ...(nonce === null || refreshing ? {} : { nonce }),
      ...mischief.claims,
    };
    const answer = { access_token: 'a', token_type: 'Bearer', expires_in: 300, refresh_token: 'r' };
    return { ...answer, id_token: idToken(claims), ...(refreshing ? mischief.refreshed : mischief.tokens) };
  };

  const listener: RequestListener = (request, response) => {
    const url = new URL(request.url ?? '/', origin);
    const json = (body: object, status = 200) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (url.pathname === '/.well-known/openid-configuration') {
      return json({
        issuer: origin,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
        jwks_uri: `${origin}/jwks`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      });
    }
    if (url.pathname === '/jwks') {
      return json({ keys: [{ ...own.publicKey.export({ format: 'jwk' }), kid: 'rogue', alg: 'RS256', use: 'sig' }] });
    }
    if (url.pathname === '/authorize') {
      const code = `code-${nonces.size}`;
      nonces.set(code, url.searchParams.get('nonce'));
      const back = new URL(url.searchParams.get('redirect_uri') ?? origin);
      const parameters = { code, state: url.searchParams.get('state') ?? '', ...mischief.callback };
      for (const [name, value] of Object.entries(parameters))
        if (value !== undefined) back.searchParams.set(name, value);
      return void response.writeHead(302, { location: back.href }).end();
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      json(tokens(nonces.get(form.get('code') ?? '') ?? null, form.get('grant_type') === 'refresh_token'));
    });
  };

  return {
    origin,
    host,
    listener,
    config: { id: rogueId, issuer: origin, clientId: 'gateway', clientSecret },
    misbehave(next = {}) {
      mischief = next;
    },
  };
}
