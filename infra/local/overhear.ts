import { cookieNamesWith } from '../../shared/cookies/cookie.ts';
import type { Journal } from './journal.ts';

type Fetch<Env> = (request: Request, env?: Env) => Response | Promise<Response>;
type Json = Readonly<Record<string, unknown>>;

/** What is asked by frames and by FedCM, whose answers stand in a body and not in a redirect. */
const overheard = /^\/(frame\/(check|watch|session-state)|fedcm\/(accounts|assertion))$/;

/** Words of the protocol, so that whatever else stands in these places stays out. */
const word = /^[a-z_-]{1,40}$/;

/**
 * Wraps the gateway so that the journal learns what its frame and FedCM were told: who was found, why not, whether a code
 * was given, and by which of the gateway's cookies. Words and names only, never the code, a nonce or a cookie's value.
 */
export function overhear<Env>(fetch: Fetch<Env>, journal: Pick<Journal, 'note'>): Fetch<Env> {
  return async (request, env) => {
    const { pathname } = new URL(request.url);
    if (!overheard.test(pathname)) return await fetch(request, env);
    const asked = request.method === 'POST' ? objectOf(await request.clone().text()) : {};
    const response = await fetch(request, env);
    const told = objectOf(await response.clone().text());
    journal.note({
      ...words({ wants: asked.want, answer: told.state, reason: told.reason }),
      ...(typeof asked.has_access === 'boolean' && { seesCookies: asked.has_access }),
      ...(Array.isArray(told.accounts) && { accounts: told.accounts.length }),
      ...((typeof told.code === 'string' || typeof told.token === 'string') && { codeGiven: true }),
      sentAlong: cookieNamesWith(request.headers.get('cookie') ?? undefined, '__Host-sso').filter(
        (name) => !name.includes('_login_'),
      ),
    });
    return response;
  };
}

const words = (values: Json): Json =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => typeof value === 'string' && word.test(value)));

/** What is no JSON object has nothing to tell. */
function objectOf(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Json) : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
