import type { Step } from '../journal.ts';

/** What a request of the hand-off to a domain of its own means. `undefined`: it is none. */
export function handOffAtApp(app: string, { details }: Step): string | undefined {
  const { method, path, status, location } = details;
  const query = queryOf(details);
  switch (`${method} ${path}`) {
    case 'GET /sso/login':
      return query.silent === '1'
        ? `Nothing in the page could tell, so it goes to the gateway and comes straight back. Once in a tab, and without a word.`
        : `Somebody wants to sign in. ${app} notes what it was about to do and sends the browser to the gateway.`;
    case 'GET /sso/callback':
      if (query.error !== undefined)
        return `Nobody is signed in at the gateway. ${app} shows the page as it was, and asks no more.`;
      return isGood(status)
        ? `The browser brings the one-time code. ${app}’s own server redeems it and starts a session of its own.`
        : `The browser comes back from the gateway, but ${app} can’t accept what it brings.`;
    case 'POST /sso/challenge':
      return `The page asks its own server for a riddle to ask the gateway with. Only who knows the answer can redeem the code that comes, and the server keeps it.`;
    case 'POST /sso/callback':
      return isGood(status)
        ? `The page hands the one-time code to its own server, which redeems it and starts a session. Nobody left the page.`
        : `${app}’s server does not accept that code.`;
    case 'GET /sso/session':
      return `The page asks its own server whether it knows who is there.`;
    case 'POST /sso/end':
      return `The page has heard of a sign-out, and its server ends its own session.`;
    case 'POST /sso/logout':
      return `${app} ends its own session and sends the browser to the gateway, to sign out everywhere.`;
    case 'GET /sso/logout':
      return `${app} sends the browser to the gateway, which asks first: a mere link must sign nobody out.`;
  }
  if (typeof location === 'string' && /\/authorize\?/.test(location))
    return `This page needs somebody, and ${app} has no session of this browser. It gets no cookie of the gateway’s domain either, so it sends the browser there.`;
  if (method === 'GET' && status === 200)
    return `${app} shows the page. Who is there it knows by its own session, if by anything: the cookie that Acme’s apps share never comes here.`;
  return undefined;
}

/** @param from Who asked, by its name. */
export function handOffAtGateway(from: string, { details }: Step): string | undefined {
  const { path, answer, status } = details;
  const query = queryOf(details);
  switch (path) {
    case '/frame':
      return query.button === undefined
        ? `The page opens a hidden frame of the gateway. In there the gateway may find its own cookies; the page can’t look inside.`
        : `The page shows the gateway’s own button, in a frame. A click lets the frame see the gateway’s cookies where the browser hides them.`;
    case '/frame/check':
    case '/frame/session-state':
      return frameCheck(details);
    case '/frame/watch':
      return answer === 'signed-in'
        ? `The frame hands over a ticket that came with the sign-in, and gets a cookie to watch by. So it will notice the end of this session even where the browser hides every other cookie.`
        : `The frame hands over the ticket of a sign-in that it wants to watch. Nothing comes of it.`;
    case '/.well-known/web-identity':
      return `FedCM: the browser makes sure that this company names the gateway as its place to sign in.`;
    case '/fedcm/config.json':
      return `FedCM: the browser reads how the gateway wants to be asked.`;
    case '/fedcm/accounts':
      return isGood(status)
        ? `FedCM: the browser asks who is signed in, and doesn’t say for which app. It shows the answer to the person alone.`
        : `FedCM: the browser asks who is signed in. Nobody is.`;
    case '/fedcm/client-metadata':
      return `FedCM: the browser asks whether there is something to show people about the app.`;
    case '/fedcm/assertion':
      return details.codeGiven
        ? `FedCM: the browser asks on behalf of the app. The gateway gives it a one-time code, which the page gets from the browser.`
        : `FedCM: the browser asks on behalf of the app, and the gateway refuses.`;
    case '/fedcm/login':
      return `FedCM: the browser believed that somebody was signed in, and opens the sign-in.`;
    case '/fedcm/signed-in':
      return `FedCM: signed in. The browser closes this window and goes on.`;
    case '/authorize':
      return authorize(details, query.prompt === 'none');
    case '/end-session':
      return isGood(status)
        ? `An app wants to sign out everywhere. The gateway ends the session, tells every app that took part, and leads on to the user pool.`
        : `An app wants to sign out, but the gateway can’t accept how it asks.`;
    case '/token':
      return isGood(status)
        ? `Behind the scenes: ${from}’s server redeems the code, with a secret of its own and the answer to the riddle. It gets a signed token that says who came, and no more than it may know.`
        : `Behind the scenes: ${from}’s server tries to redeem a code, and the gateway refuses.`;
    case '/userinfo':
      return `Behind the scenes: ${from}’s server asks who it is that came.`;
  }
  return undefined;
}

function frameCheck({ answer, codeGiven, sentAlong, reason, seesCookies, wants }: Step['details']): string {
  const isCookieSent = Array.isArray(sentAlong) && sentAlong.some((name) => String(name).endsWith('_xs'));
  switch (answer) {
    case 'signed-in':
      if (codeGiven)
        return `The gateway recognises its cookie in the frame: somebody is signed in. It gives a one-time code, good for this app alone, which the frame passes to the page.`;
      if (isCookieSent) return `The frame asks whether that is still so. Still signed in.`;
      return wants === 'code'
        ? `The frame has nothing but the cookie that it watches by. Somebody is signed in, but that cookie is good for no code.`
        : `The frame asks whether that is still so. Still signed in: it knows by the cookie that it watches by.`;
    case 'signed-out':
      return seesCookies
        ? `The frame asks. Nobody is signed in, and that is certain: the browser shows the gateway its cookies here.`
        : `The frame asks, by the cookie that it watches by. That session has ended: signed out.`;
    case 'unknown':
      return `The browser hides the gateway’s cookies in a frame on another domain. So the gateway can’t tell, and says no more than that; the page tries the next way.`;
    case 'unchanged':
      return `The frame asks whether the session is still the same. It is.`;
    case 'changed':
      return `The frame asks whether the session is still the same. It isn’t.`;
    default:
      return `The frame asks and gets no answer${typeof reason === 'string' ? ` (${reason})` : ''}.`;
  }
}

function authorize({ location, status }: Step['details'], isSilent: boolean): string | undefined {
  const to = typeof location === 'string' && URL.canParse(location) ? new URL(location) : undefined;
  if (to?.searchParams.has('error')) {
    return isSilent
      ? 'Is anybody signed in? The gateway doesn’t know this browser. It was not to ask, so back it goes.'
      : 'The gateway can’t do what the app asks, and says so to the app.';
  }
  if (to?.searchParams.has('code')) {
    return isSilent
      ? 'Is anybody signed in? The gateway knows this browser and sends it straight back with a one-time code.'
      : 'The gateway knows this browser. It sends it back to the app with a one-time code: no password needed.';
  }
  if (to)
    return 'An app on another domain asks. The gateway doesn’t know this browser yet, so it has to sign in first.';
  return isGood(status) ? undefined : 'The gateway can’t accept what the app asks.';
}

/** A cookie of the hand-off. `undefined`: it is none. */
export function handOffCookie(name: string, isCleared: boolean, app: string): string | undefined {
  if (/^__Host-sso\w*_xs$/.test(name)) {
    return isCleared
      ? 'The gateway’s cookie for frames and FedCM is taken back too.'
      : 'A second cookie of the gateway, which its frames on other domains and FedCM may see, where the browser allows it. It names the session, sealed; no app ever gets it.';
  }
  if (/^__Host-sso\w*_mon$/.test(name)) {
    return isCleared
      ? 'There is nothing to watch any more.'
      : 'The frame’s cookie to watch by, which the browser keeps apart for this one app’s pages. All it can tell is that this session has ended.';
  }
  if (/_handoff_/.test(name)) {
    return isCleared
      ? 'This sign-in attempt is over, and its note is thrown away.'
      : `A sealed note of ${app} about this one sign-in attempt, with the answer to its riddle.`;
  }
  if (/_challenge_/.test(name)) {
    return isCleared
      ? 'That riddle is solved or stale, and its answer is thrown away.'
      : `The answer to the riddle, sealed by ${app}’s server. The browser carries it and can’t read it.`;
  }
  if (name === '__Host-app_session') {
    return isCleared
      ? `${app} forgets its own session.`
      : `${app}’s own session, sealed. It ends with the gateway’s at the latest, and each request asks ${app}’s own list of sign-outs.`;
  }
  if (name === 'globex_way') return `For show only: ${app} notes how somebody got in.`;
  return undefined;
}

/** What a journey at an app on a domain of its own was about. `undefined`: nothing of the kind. */
export function handOffTitle(app: string, steps: readonly Step[]): string | undefined {
  const [first] = steps;
  const { method, path } = first?.details ?? {};
  const given = steps.find(({ details }) => details.codeGiven)?.details.path;
  const way = given === undefined ? undefined : String(given).startsWith('/fedcm/') ? 'FedCM' : 'the frame';
  if (path === '/sso/login' && queryOf(first?.details ?? {}).silent === '1')
    return `${app} asks in passing: is anybody signed in?${way ? ` Later ${way} knows` : ''}`;
  if (path === '/sso/logout' && method === 'POST') return 'Signing out everywhere';
  if (path === '/orders' && method === 'POST') return 'Ordering something';
  if (/^\/orders\/.*\/cancel$/.test(String(path))) return 'Cancelling an order';
  if (path === '/bye' && queryOf(first?.details ?? {}).elsewhere !== undefined)
    return `${app} noticed a sign-out elsewhere`;
  if (!way) return undefined;
  const doing = isLeftOpen(path) ? `Signing in at ${app}` : `Opening ${app}`;
  return `${doing}, without leaving it: ${way} knows who it is`;
}

/** Was this asked by a page that was left open? Then its journey's beginning is not known any more. */
export const isLeftOpen = (path: unknown): boolean => /^\/(frame\/|sso\/(session|challenge|end)$)/.test(String(path));

const isGood = (status: unknown): boolean => Number(status) < 400;

const queryOf = ({ query }: Step['details']): Readonly<Record<string, unknown>> =>
  typeof query === 'object' && query !== null ? (query as Readonly<Record<string, unknown>>) : {};
