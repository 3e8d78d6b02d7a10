import { createHash, generateKeyPairSync, type JsonWebKey, type KeyObject, randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { newClientSecret } from '../../shared/clients.ts';
import type { Page, Tab, Visit } from './browser.ts';
import type { Answer } from './exchange.ts';
import type { Subject } from './subject.testing.ts';

/** An app on a domain of its own. It has a server that answers, and no software of ours. */
export type Party = {
  readonly id: string;
  readonly origin: string;
  readonly redirectUri: string;
  readonly postLogoutUri: string;
  /** What it sends along with a code to show who it is, unless it signs. */
  readonly credentials: Readonly<Record<string, string>>;
};

export type RelyingParties = {
  /** Shows a secret. */
  readonly globex: Party & { readonly secret: string };
  /** A page without a server: PKCE alone. */
  readonly spa: Party;
  /** Signs assertions, and wants its tokens by ES256. */
  readonly signer: Party & { readonly privateKey: KeyObject; readonly publicJwk: JsonWebKey };
  /** Behind a web server whose module has one address for everything. Shows a secret. */
  readonly initech: Party & { readonly secret: string };
  /** Their entries in the gateway's configuration. */
  readonly clients: readonly Readonly<Record<string, unknown>>[];
  readonly listeners: ReadonlyMap<string, RequestListener>;
  /** What was posted to their back channels, in order. */
  readonly told: readonly Told[];
  /** How one of them answers there from now on; without `how`, as it should. */
  answerWith(id: string, how?: number | 'silence'): void;
  /** Puts software that nobody here wrote at one of them, in place of the server that only answers. */
  serve(id: string, listener: RequestListener): void;
};

/** A post to an app's back channel. */
export type Told = { readonly id: string; readonly contentType: string | undefined; readonly token: string };

let keys: ReturnType<typeof generateKeyPairSync> | undefined;

/** Makes all of them. */
export function createRelyingParties(port: number): RelyingParties {
  keys ??= generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { publicKey, privateKey } = keys as { publicKey: KeyObject; privateKey: KeyObject };
  const publicJwk = { ...publicKey.export({ format: 'jwk' }), kid: 'signer-1', alg: 'ES256', use: 'sig' };
  const secrets = { globex: newClientSecret(), initech: newClientSecret() };
  const party = (id: string, credentials: Record<string, string> = {}): Party => {
    const origin = `http://${id}.localhost:${port}`;
    const [redirectUri, postLogoutUri] = [`${origin}/callback`, `${origin}/bye`];
    return { id, origin, redirectUri, postLogoutUri, credentials: { client_id: id, ...credentials } };
  };
  const withSecret = (id: keyof typeof secrets) => {
    const { secret } = secrets[id];
    return { ...party(id, { client_secret: secret }), secret };
  };
  const [globex, initech] = [withSecret('globex'), withSecret('initech')];
  const spa = party('spa');
  const signer = { ...party('signer'), privateKey, publicJwk };
  const entry = (one: Party, more: object) => ({
    id: one.id,
    name: one.id,
    home: `${one.origin}/`,
    origins: [one.origin, one.origin.replace('//', '//www.')],
    redirectUris: [
      one.redirectUri,
      `${one.redirectUri}?from=gateway`,
      `${one.origin.replace('//', '//www.')}/callback`,
    ],
    postLogoutUris: [one.postLogoutUri, one.origin],
    backchannelLogoutUri: `${one.origin}/logged-out`,
    ...more,
  });
  const told: Told[] = [];
  const answers = new Map<string, number | 'silence'>();
  const software = new Map<string, RequestListener>();
  const listener =
    (id: string): RequestListener =>
    (request, response) => {
      const own = software.get(id);
      if (own) return own(request, response);
      if (request.url === '/logged-out') {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          const token = new URLSearchParams(Buffer.concat(chunks).toString()).get('logout_token') ?? '';
          told.push({ id, contentType: request.headers['content-type'], token });
          const how = answers.get(id) ?? 200;
          if (how !== 'silence') response.writeHead(how, { location: '/elsewhere' }).end();
        });
        return;
      }
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>An app elsewhere</h1>');
    };
  return {
    globex,
    spa,
    signer,
    initech,
    clients: [
      entry(globex, {
        secretHash: secrets.globex.secretHash,
        introspections: 100,
        claims: ['email', 'name', 'roles', 'permissions'],
      }),
      entry(spa, { public: true, claims: ['name'] }),
      entry(signer, { jwks: { keys: [publicJwk] }, tokenAlgorithm: 'ES256' }),
      entry(initech, {
        secretHash: secrets.initech.secretHash,
        backchannelLogoutUri: `${initech.redirectUri}?logout=backchannel`,
      }),
    ],
    listeners: new Map([globex, spa, signer, initech].map((one) => [`${one.id}.localhost`, listener(one.id)])),
    told,
    answerWith(id, how) {
      if (how === undefined) answers.delete(id);
      else answers.set(id, how);
    },
    serve: (id, own) => void software.set(id, own),
  };
}

/** One request to `/authorize`, with what the app remembers of it. */
export type AuthorizeRequest = {
  readonly url: string;
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
};

/** @param changes Laid over the parameters; `undefined` removes one. */
export function authorizeRequest(
  { at }: Subject,
  party: Party,
  changes: Readonly<Record<string, string | undefined>> = {},
): AuthorizeRequest {
  const fresh = () => randomBytes(32).toString('base64url');
  const [verifier, state, nonce] = [fresh(), fresh(), fresh()];
  const parameters: Record<string, string | undefined> = {
    client_id: party.id,
    redirect_uri: party.redirectUri,
    response_type: 'code',
    scope: 'openid email profile',
    state,
    nonce,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  };
  const url = new URL('/authorize', at.gateway);
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value);
  return { url: url.href, verifier, state, nonce };
}

/** What an app hears at its redirect URI. */
export type Heard = AuthorizeRequest & { readonly page: Page; readonly answer: URLSearchParams };

/** Sends a tab through `/authorize`, and stops where the app would take over. */
export async function handOff(
  subject: Subject,
  party: Party,
  tab: Tab,
  changes?: Readonly<Record<string, string | undefined>>,
  visit: Visit = {},
): Promise<Heard> {
  const request = authorizeRequest(subject, party, changes);
  const page = await tab.goto(request.url, { stopAt: party.origin, ...visit });
  return { ...request, page, answer: answerOf(page) };
}

/** The parameters behind the address that a tab stopped at; none if it didn't. */
export const answerOf = ({ next }: Page): URLSearchParams => new URL(next ?? 'none:').searchParams;

/** Posts to `/token` as the app's server does. `changes` as in {@link authorizeRequest}. */
export function redeem(
  { ask }: Subject,
  party: Party,
  heard: Pick<Heard, 'answer' | 'verifier'>,
  changes: Readonly<Record<string, string | undefined>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const parameters: Record<string, string | undefined> = {
    grant_type: 'authorization_code',
    code: heard.answer.get('code') ?? '',
    redirect_uri: party.redirectUri,
    code_verifier: heard.verifier,
    ...party.credentials,
    ...changes,
  };
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) form.set(name, value);
  return ask('/token', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: form.toString(),
  });
}
