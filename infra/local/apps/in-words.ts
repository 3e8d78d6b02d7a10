import type { Step } from '../journal.ts';
import { type Actor, type Cast, names } from './cast.ts';
import { atDocs, atEdge, atWiki, guardedTitle } from './in-words-guarded.ts';
import { handOffAtApp, handOffAtGateway, handOffCookie, handOffTitle, isLeftOpen } from './in-words-hand-off.ts';

/** What a step means, for somebody who has never heard of OAuth. One or two sentences; plain text. */
export function inWords(step: Step, cast: Cast): string {
  switch (step.kind) {
    case 'request':
    case 'redirect':
      return request(step, cast);
    case 'cookie':
      return cookie(step, cast);
    case 'edge':
      return atEdge(step);
    case 'token':
      return step.details.event === 'refresh'
        ? 'The user pool makes new tokens, with the person’s claims as they are now.'
        : 'The user pool signs the tokens. What our trigger added stands among their claims.';
    case 'trigger':
      return trigger(step);
    case 'row':
      return row(step);
    case 'pool':
      return pool(step);
    case 'queue':
      return queueSays[String(step.details.event)] ?? step.summary;
  }
}

/** What a journey was about, by its first step and what it came across. */
export function journeyTitle(steps: readonly Step[], cast: Cast): string {
  const first = steps.find(({ kind }) => kind === 'request' || kind === 'redirect');
  if (!first) return 'Behind the scenes';
  const where = names[cast.actor(first.host)];
  const { method, path } = first.details;
  const special = cast.actor(first.host) === 'globex' ? handOffTitle(where, steps) : undefined;
  if (special !== undefined) return special;
  const guarded = guardedTitle(first, cast.actor(first.host), where);
  if (guarded !== undefined) return guarded;
  if (isLeftOpen(path)) return 'A page that was left open';
  if (path === '/logout' && method === 'POST') return 'Signing out everywhere';
  if (path === '/logout') return 'About to sign out';
  if (path === '/notes' && method === 'POST') return 'Writing a note';
  if (path === '/pictures' && method === 'POST') return 'Taking a picture';
  if (method === 'POST' && String(path).endsWith('/delete')) return `Deleting something in ${where}`;
  const typed = steps.some(({ kind, details }) => kind === 'pool' && details.event === 'sign-in');
  const asked = steps.some(({ host, details }) => cast.actor(host) === 'pool' && details.by === 'navigation');
  const passed = steps.some(({ host, details }) => cast.actor(host) === 'gateway' && details.by === 'navigation');
  const opening = `Opening ${where}`;
  if (typed) return `${opening}, with a password`;
  if (asked) return `${opening}: who are you?`;
  return passed && cast.actor(first.host) !== 'gateway' ? `${opening}, without a password` : opening;
}

function request(step: Step, cast: Cast): string {
  const { method, path, status, location, by } = step.details;
  const here = cast.actor(step.host);
  const where = names[here];
  const to = typeof location === 'string' && URL.canParse(location) ? new URL(location) : undefined;
  const target = to && cast.actor(to.hostname);
  const isBrowser = ['navigation', 'page', 'frame', 'fedcm'].includes(String(by));
  if (here === 'wiki') return atWiki(step, isBrowser, target);
  if (here === 'docs') return atDocs(step, target);
  const asker = isBrowser || by === 'server' ? 'The app' : names[cast.actor(String(by))];
  const handOff = here === 'gateway' ? handOffAtGateway(asker, step) : undefined;
  if (handOff !== undefined) return handOff;
  if (!isBrowser) return betweenServers(String(path), Number(status), here, cast.actor(String(by)));
  if (here === 'globex' && path !== '/bye') {
    const own = handOffAtApp(where, step);
    if (own !== undefined) return own;
  }
  if (cast.isApp(here) && path === '/bye') return `${where} says goodbye. This page needs no sign-in.`;
  if (cast.isApp(here)) return atApp(where, String(method), Number(status), target, to?.pathname);
  if (here === 'gateway') return atGateway(String(path), String(method), Number(status), target, to?.pathname);
  if (here === 'pool') return atPool(String(path), String(method), Number(status), target);
  return `The browser asks ${where}.`;
}

function atApp(
  app: string,
  method: string,
  status: number,
  target: Actor | undefined,
  path: string | undefined,
): string {
  if (target === 'gateway' && path === '/refresh') {
    return `The cookie’s half hour is over. ${app} sends the browser to the gateway for a new one.`;
  }
  if (target === 'gateway') return `${app} finds no sign-in cookie, so it sends the browser to the gateway.`;
  if (status === 303) return `${app} does as asked, for the person whom the cookie names, and shows the page again.`;
  if (status === 401) return `${app} tells a script that nobody is signed in.`;
  if (status === 403) return `${app} knows who it is, and says no.`;
  if (status >= 500) return `${app} can’t answer right now.`;
  if (method === 'GET' && status === 200) {
    return `${app} reads the signed cookie, checks the signature itself and shows the page. It asks nobody.`;
  }
  return `The browser asks ${app}.`;
}

function atGateway(
  path: string,
  method: string,
  status: number,
  target: Actor | undefined,
  to: string | undefined,
): string {
  const next = target && names[target];
  if (path === '/login' && target === 'pool') {
    return 'The gateway doesn’t know this browser either. It notes what it was about to do and sends the browser to the user pool.';
  }
  if (path === '/login' && target)
    return `The gateway knows this browser. It signs a fresh cookie and sends it back to ${next}: no password needed.`;
  if (path === '/refresh') {
    return target && to !== '/login'
      ? 'The gateway still knows this browser. It reads roles and permissions afresh, signs a new cookie and sends it back.'
      : 'The gateway doesn’t know this browser any more, so it has to sign in.';
  }
  if (path.startsWith('/callback/')) {
    return status < 400
      ? `The browser brings the one-time code. The gateway swaps it for tokens, starts a session and lets the browser go on to ${next && target !== 'gateway' ? next : 'the app'}.`
      : 'The browser comes back from the user pool, but the gateway can’t accept what it brings.';
  }
  if (path === '/logout' && method === 'POST') {
    return 'The gateway ends the session in the database, takes back its cookies, and leads on to sign out at the user pool too.';
  }
  if (path === '/logout') return 'The gateway asks whether to sign out. A mere link must not do it.';
  if (path === '/signed-out') return 'Back from the user pool: signed out everywhere.';
  if (path === '/' && target) return 'The gateway’s own page needs a sign-in too.';
  if (path === '/') return 'The gateway shows who is signed in, and the apps.';
  return 'The browser asks the gateway.';
}

function atPool(path: string, method: string, status: number, target: Actor | undefined): string {
  if (path === '/oauth2/authorize') {
    return target === 'gateway'
      ? 'The user pool remembers this browser and sends it straight back with a one-time code.'
      : 'The user pool takes the gateway’s request and shows its sign-in page.';
  }
  if (path === '/login' && method === 'POST') {
    return target === 'gateway'
      ? 'The password is right. The user pool sends the browser back to the gateway with a one-time code.'
      : status < 400
        ? 'The user pool has another question first.'
        : 'The user pool does not accept that.';
  }
  if (path === '/login') return 'The sign-in page. The password is typed here and nowhere else: no app ever sees it.';
  if (path === '/logout') return 'The user pool forgets this browser too.';
  if (path === '/signup') return 'Somebody creates an account.';
  if (path === '/confirmUser') return 'The new account is confirmed by a code from a mail (see the outbox).';
  if (/password/i.test(path)) return 'A forgotten password is replaced.';
  return 'The browser asks the user pool.';
}

function betweenServers(path: string, status: number, here: Actor, from: Actor): string {
  const who = from === 'other' ? 'A server' : names[from] === 'Gateway' ? 'The gateway' : names[from];
  if (path.endsWith('/backchannel-logout')) {
    return status < 400
      ? `Behind the scenes: the gateway tells ${names[here]}’s server, by a signed message, that a session has ended. Its cookie is worth nothing from now on, wherever it is.`
      : `Behind the scenes: the gateway tells ${names[here]}’s server that a session has ended, and it does not accept that.`;
  }
  if (path === '/oauth2/token')
    return `Behind the scenes: ${lower(who)} hands in the code, with a secret of its own, and gets tokens.`;
  if (path === '/oauth2/revoke')
    return `Behind the scenes: ${lower(who)} gives the refresh token back, so that it is worth nothing any more.`;
  if (path.endsWith('/openid-configuration'))
    return `${who} reads how the user pool wants to be asked. Once, then it remembers.`;
  if (path.endsWith('jwks.json')) {
    return `${who} fetches the public keys of the ${names[here].toLowerCase()}, by which it can check signatures on its own. It keeps them.`;
  }
  return `${who} asks the ${names[here].toLowerCase()}.`;
}

const lower = (text: string) => text.replace(/^The|^A/, (word) => word.toLowerCase());

function cookie(step: Step, cast: Cast): string {
  const { name, action } = step.details;
  const title = String(name);
  const isCleared = action === 'cleared';
  const where = names[cast.actor(step.host)];
  const here = cast.actor(step.host);
  const handOff = here === 'globex' || here === 'gateway' ? handOffCookie(title, isCleared, where) : undefined;
  if (handOff !== undefined) return handOff;
  if (title.startsWith('__Secure-sso')) {
    return isCleared
      ? 'The sign-in cookie that all apps share is taken back.'
      : 'The cookie that all apps share. It says who the person is, and a signature proves it; nothing in it is a password.';
  }
  if (title.includes('_login_')) {
    return isCleared
      ? 'This sign-in attempt is over, and its note is thrown away.'
      : 'A sealed note about this one sign-in attempt, so that nobody can slip in an answer from elsewhere.';
  }
  if (title.includes('_bounces')) return 'A sealed count of automatic redirects, so that a loop is noticed.';
  if (title.includes('_after_logout'))
    return isCleared
      ? 'The way back is known, and the note is thrown away.'
      : 'Where to go once the user pool has signed out too.';
  if (title.startsWith('__Host-sso')) {
    return isCleared
      ? 'The gateway’s own session is taken back.'
      : 'The gateway’s own session, sealed. Only the gateway’s host ever gets to see it.';
  }
  if (cast.isApp(cast.actor(step.host))) {
    return isCleared
      ? `${where} forgets its own session.`
      : `${where} notes for itself which sign-in this is. It counts only beside the shared cookie.`;
  }
  if (cast.actor(step.host) === 'pool' && title === 'cognito') {
    return isCleared
      ? 'The user pool’s own session is over.'
      : 'The user pool’s own session with this browser: it won’t ask for the password again right away.';
  }
  if (title === 'XSRF-TOKEN') return 'So that the user pool takes forms from its own pages only.';
  return isCleared ? `${where} takes a cookie back.` : `${where} sets a cookie of its own.`;
}

function trigger({ details }: Step): string {
  if (details.messages !== undefined) {
    return details.error === undefined && details.failed === undefined
      ? 'Behind the scenes, and with nobody waiting: our Lambda function writes down what the queue told it.'
      : 'Our Lambda function could not handle a message. It stays in the queue and comes again.';
  }
  if (details.error) return 'Our Lambda function failed, and the user pool tells the person.';
  if (String(details.trigger).startsWith('TokenGeneration')) {
    return 'Before the user pool signs anything, it asks our Lambda function what to add: the id of the person’s row, roles and permissions.';
  }
  if (String(details.trigger).startsWith('PostConfirmation')) {
    return 'The user pool waits while our Lambda function makes sure that the new person has a row in Postgres.';
  }
  if (String(details.trigger).startsWith('PostAuthentication')) {
    return 'The user pool tells our Lambda function of the sign-in. It only leaves a message: the person need not wait.';
  }
  return 'The user pool runs our Lambda function.';
}

function row({ details }: Step): string {
  if (details.action === 'sign-in') return 'The person’s row now says when they were last here.';
  return `The trigger ${details.action === 'created' ? 'makes a row for the person in' : 'finds the person’s row in'} the users table. Its id is what every app will know the person by.`;
}

const queueSays: Readonly<Record<string, string>> = {
  sent: 'A message about the sign-in waits in the queue, to be written down when there is time.',
  received: 'The message is handed to our Lambda function. It stays hidden in the queue until that has succeeded.',
  'dead-lettered': 'Nothing could be made of this message. It is set aside for somebody to look at, and not lost.',
};

const poolSays: Readonly<Record<string, string>> = {
  authorize: 'The user pool checks who asks, and where the answer may go.',
  'sign-in': 'The user pool knows who it is now.',
  'sign-in-refused': 'The user pool refuses the sign-in.',
  'sign-up': 'A new account. It can’t sign in before it is confirmed.',
  confirm: 'The account is confirmed.',
  'code-sent': 'A code goes out by mail. In this local world it lands in the outbox.',
  'password-reset': 'The password is a new one.',
  'trigger-failed': 'A trigger failed.',
  'token-refused': 'The user pool refuses to make tokens.',
  logout: 'The user pool ends its own session with this browser.',
  revoke: 'A refresh token is worth nothing any more.',
  cancel: 'Somebody thought better of signing in.',
  'user-info': 'The user pool tells an app about the person.',
};

function pool({ details, summary }: Step): string {
  return poolSays[String(details.event)] ?? summary;
}
