import { createUserPool } from '../local/user-pool/user-pool.ts';
import { type Answer, ask } from '../suite/exchange.ts';

/** Where the app of every peer is, as its people see it. */
export const appOrigin = 'https://app.acme.test';
/** Where they sign in. */
const providerOrigin = 'https://provider.acme.test';

/** The app, as the provider knows it. */
export const client = { id: 'app', secret: 'of the app, for the bench alone', callback: `${appOrigin}/callback` };
/** What the app asks for. */
export const scope = 'openid email profile';
/** Who signs in. */
export const person = {
  sub: 'a0a0a0a0-0000-4000-8000-000000000000',
  username: 'ann',
  email: 'ann@acme.test',
  name: 'Ann Almond',
  password: 'correct horse battery staple',
};

/**
 * The stand-in for a user pool, in this process: whatever `fetch` asks of its origin, it answers. So libraries that speak to
 * a provider by TLS alone need no certificate.
 *
 * @returns Its issuer.
 */
export async function startProvider(): Promise<{ readonly issuer: string; signIn: (port: number) => Promise<string> }> {
  const pool = await createUserPool({
    origin: providerOrigin,
    clients: [
      { id: client.id, secret: client.secret, callbacks: [client.callback], logouts: [], scopes: scope.split(' ') },
    ],
    seed: [person],
  });
  const elsewhere = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    return request.url.startsWith(providerOrigin) ? await pool.fetch(request) : await elsewhere(request);
  };
  return { issuer: pool.issuer, signIn: (port) => signIn(port, pool.fetch) };
}

/** Asks the app on this port as its proxy would. */
export const askApp = (
  port: number,
  path: string,
  cookie = '',
  more: Parameters<typeof ask>[1] = {},
): Promise<Answer> =>
  ask(`http://127.0.0.1:${port}${path}`, {
    ...more,
    headers: {
      host: new URL(appOrigin).host,
      'x-forwarded-proto': 'https',
      'x-forwarded-host': new URL(appOrigin).host,
      ...(cookie && { cookie }),
      ...more.headers,
    },
  });

/**
 * Signs a person in by the app's `/login`, as a browser would.
 *
 * @returns The app's cookies then, as a `Cookie` header.
 */
async function signIn(port: number, provider: (request: Request) => Promise<Response>): Promise<string> {
  const jars = new Map([appOrigin, providerOrigin].map((origin) => [origin, new Map<string, string>()]));
  let url = new URL('/login', appOrigin);
  let form: URLSearchParams | undefined;
  for (let hop = 0; hop < 12; hop++) {
    const jar = jars.get(url.origin);
    if (!jar) throw new Error(`the sign-in leads to ${url.origin}`);
    const cookie = headerOf(jar);
    const answer = url.origin === appOrigin ? await fromApp(port, url, cookie) : await fromProvider(url, cookie, form);
    keep(answer.cookies, jar);
    form = undefined;
    if (answer.location !== null) url = new URL(answer.location, url);
    else if (url.origin === appOrigin) return headerOf(jar);
    else [url, form] = filledIn(answer.body, url);
  }
  throw new Error('the sign-in runs in circles');

  async function fromProvider(at: URL, cookie: string, fields: URLSearchParams | undefined): Promise<Hop> {
    const headers = { origin: at.origin, ...(cookie && { cookie }) };
    const response = await provider(new Request(at, fields ? { method: 'POST', body: fields, headers } : { headers }));
    const { headers: got } = response;
    return { location: got.get('location'), cookies: got.getSetCookie(), body: await response.text() };
  }
}

type Hop = { readonly location: string | null; readonly cookies: readonly string[]; readonly body: string };

async function fromApp(port: number, { pathname, search }: URL, cookie: string): Promise<Hop> {
  const { headers, cookies, body, status } = await askApp(port, pathname + search, cookie);
  if (status >= 400) throw new Error(`the app answered ${status} at ${pathname}`);
  return { location: headers.get('location'), cookies, body };
}

/** The form of a page with our person's name and password, and where it goes. */
function filledIn(page: string, at: URL): [URL, URLSearchParams] {
  const [, attributes = '', inside = ''] = /<form ([^>]*)>([\s\S]*?)<\/form>/.exec(page) ?? [];
  const attribute = (tag: string, name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1];
  const fields = new URLSearchParams();
  for (const [tag] of inside.matchAll(/<input [^>]*>/g))
    fields.set(attribute(tag, 'name') ?? '', unescaped(attribute(tag, 'value') ?? ''));
  if (!fields.has('password')) throw new Error(`no form to sign in at ${at.pathname}`);
  fields.set('username', person.email);
  fields.set('password', person.password);
  return [new URL(unescaped(attribute(attributes, 'action') ?? at.href), at), fields];
}

const unescaped = (text: string): string =>
  text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');

/** Takes `Set-Cookie` lines in: values by name, whatever else they say. */
export function keep(lines: readonly string[], jar: Map<string, string>): void {
  for (const line of lines) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    const isGone = value === '' || /; *max-age=0(;|$)/i.test(line) || /; *expires=thu, 01 jan 1970/i.test(line);
    if (isGone) jar.delete(name);
    else jar.set(name, value);
  }
}

/** The `Cookie` header for what was kept. */
export const headerOf = (jar: ReadonlyMap<string, string>): string =>
  [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
