import { SsoError } from '../../../shared/errors.ts';
import { isNavigation, isPrefetch } from '../../../shared/navigation.ts';
import { type Answer, json, problem, refusal, withCookies } from '../answer.ts';
import { type Incoming, pathAndQuery } from '../incoming.ts';
import { callback, postedCallback } from './callback.ts';
import type { Parts } from './parts.ts';
import { senderOf } from './sender.ts';
import { sessionView } from './session-view.ts';
import { askToLogOut, backchannelLogout, end, logout } from './sign-out.ts';

type Endpoint = (incoming: Incoming, parts: Parts) => Answer | Promise<Answer>;
/** For pages of the app alone; `unknown`: for whoever doesn't say where the request came from. Other sites are refused. */
type Guarded = { readonly own: Endpoint; readonly unknown?: Endpoint };

/**
 * Finds what the filter answers itself.
 *
 * | below `base` | who may | what it does |
 * |---|---|---|
 * | `GET /login?return_to=&silent=1` | a navigation | 302 to the gateway |
 * | `GET /callback` | a navigation with a `state` of this browser | session, 303 back |
 * | `POST /challenge` | the app's own page | what to ask the frame or FedCM with |
 * | `POST /callback` | the app's own page, with an attempt of this browser | session, JSON |
 * | `GET /session` | the app's own page | JSON |
 * | `POST /end` | the app's own page | the session here ends |
 * | `POST /logout` | the app's own page | all sessions end |
 * | `POST /backchannel-logout` | the gateway | a session has ended |
 *
 * @returns `undefined`: the request is for the app.
 */
export function findEndpoint({ method, target, header }: Incoming, { origin, settings }: Parts): Endpoint | undefined {
  const { path } = pathAndQuery(target, origin);
  if (!path.startsWith(`${settings.base}/`)) return undefined;
  const name = path.slice(settings.base.length + 1);
  const methods = Object.hasOwn(endpoints, name) ? endpoints[name] : undefined;
  if (!methods) return undefined;
  // some runtimes hand on whatever stands there for a method, `constructor` too
  const found = Object.hasOwn(methods, method) ? methods[method as 'GET' | 'POST'] : undefined;
  if (!found) return notAllowed(Object.keys(methods));
  if (typeof found === 'function') return found;
  const sender = senderOf(header, origin);
  return (sender === 'foreign' ? undefined : found[sender]) ?? refused;
}

/** Runs an endpoint; what goes wrong is a page for a person, and problem details for a program. */
export async function runEndpoint(endpoint: Endpoint, incoming: Incoming, parts: Parts): Promise<Answer> {
  try {
    return await endpoint(incoming, parts);
  } catch (error) {
    // what only the app's people can mend is for the app's own log
    if (!(error instanceof SsoError) || error.code === 'internal') throw error;
    if (error.code === 'provider_unavailable') parts.settings.onUnavailable?.(error);
    return refusal(error.code, incoming);
  }
}

const endpoints: Readonly<Record<string, Partial<Record<'GET' | 'POST', Endpoint | Guarded>>>> = {
  login: { GET: login },
  callback: { GET: callback, POST: { own: postedCallback } },
  challenge: { POST: { own: challenge } },
  session: { GET: { own: session, unknown: session } },
  end: { POST: { own: end } },
  logout: { GET: { own: askToLogOut, unknown: askToLogOut }, POST: { own: logout, unknown: askToLogOut } },
  'backchannel-logout': { POST: backchannelLogout },
};

const refused: Endpoint = () => {
  throw new SsoError('cross_site_refused', 'not sent by a page of the app');
};

function login(incoming: Incoming, { origin, paths, settings, signIn }: Parts): Answer {
  if (isPrefetch(incoming.header)) throw new SsoError('prefetch_refused', 'prefetch of login');
  if (!isNavigation(incoming.method, incoming.header)) throw new SsoError('not_a_navigation', 'login');
  const query = new URLSearchParams(pathAndQuery(incoming.target, origin).query);
  const [path = paths.pathOf(''), another] = query.getAll('return_to');
  const returnTo = another === undefined ? paths.judge(path) : undefined;
  if (returnTo === undefined) throw new SsoError('return_url_refused', 'no path of this app');
  return signIn.begin(returnTo, query.get('silent') === '1', incoming.header('cookie'), settings.clock());
}

function challenge(incoming: Incoming, { settings, signIn }: Parts): Answer {
  const { challenge, cookies } = signIn.challenge(incoming.header('cookie'), settings.clock());
  return withCookies(json(challenge), cookies);
}

async function session(incoming: Incoming, { readSession, sessions, settings }: Parts): Promise<Answer> {
  const reading = await readSession(incoming.header('cookie'));
  if (reading.kind === 'unavailable') return problem('store_unavailable');
  const answer = json(sessionView(reading.kind === 'live' ? reading.session : undefined, settings));
  return withCookies(answer, reading.kind === 'none' && reading.drop ? [sessions.clear()] : []);
}

const notAllowed =
  (methods: readonly string[]): Endpoint =>
  () => {
    const answer = problem('method_not_allowed');
    return { ...answer, headers: [...answer.headers, ['Allow', methods.join(', ')]] };
  };
