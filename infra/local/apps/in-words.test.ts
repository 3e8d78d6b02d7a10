import { expect, it } from 'vitest';
import type { Step, StepKind } from '../journal.ts';
import { worldAddresses } from '../world-config.ts';
import { createCast } from './cast.ts';
import { inWords, journeyTitle } from './in-words.ts';

const at = worldAddresses(4180);
const cast = createCast(at);
const step = (kind: StepKind, host: string, details: Record<string, unknown>): Step => {
  return { id: 1, order: 1, journey: 1, at: 0, kind, host, summary: '', details };
};
const browse = (url: string, path: string, location?: string, more: Record<string, unknown> = {}) =>
  step(location ? 'redirect' : 'request', new URL(url).hostname, {
    method: 'GET',
    path,
    status: location ? 302 : 200,
    by: 'navigation',
    ...(location ? { location } : {}),
    ...more,
  });

/** Something at the gateway that no person goes to. */
const asks = (path: string, more: Record<string, unknown>) =>
  step('request', 'auth.acme.localhost', { method: 'POST', path, status: 200, by: 'page', ...more });

const ann = { 'Remote-User': '7', 'Remote-Email': 'ann@acme.test', 'Remote-Name': 'Ann', 'Remote-Groups': 'admin' };
const edge = (name: string, more: Record<string, unknown>) =>
  step('edge', 'edge', { function: name, event: 'viewer-request', ...more });

it.each([
  [
    'an app without a cookie',
    browse(at.notes, '/', `${at.gateway}/login?return_to=x`),
    /^Notes finds no sign-in cookie/,
  ],
  ['an app with an old cookie', browse(at.photos, '/', `${at.gateway}/refresh?return_to=x`), /half hour is over/],
  ['an app with a cookie', browse(at.photos, '/'), /^Photos reads the signed cookie/],
  ['an app that says no', browse(at.notes, '/team', undefined, { status: 403 }), /says no/],
  ['an app’s goodbye', browse(at.photos, '/bye'), /says goodbye/],
  [
    'a sign-in that begins',
    browse(at.gateway, '/login', `${at.userPool}/oauth2/authorize`),
    /doesn’t know this browser/,
  ],
  ['a sign-in that was there', browse(at.gateway, '/login', `${at.photos}/`), /no password needed/],
  ['a renewal', browse(at.gateway, '/refresh', `${at.notes}/`), /still knows this browser/],
  ['a renewal that fails', browse(at.gateway, '/refresh', `${at.gateway}/login`), /any more/],
  ['the way back', browse(at.gateway, '/callback/cognito', `${at.notes}/`), /one-time code.*go on to Notes/],
  ['the way back, refused', browse(at.gateway, '/callback/cognito', undefined, { status: 400 }), /can’t accept/],
  [
    'the right password',
    browse(at.userPool, '/login', `${at.gateway}/callback/cognito`, { method: 'POST' }),
    /^The password is right/,
  ],
  ['the wrong password', browse(at.userPool, '/login', undefined, { method: 'POST', status: 400 }), /does not accept/],
  [
    'a token exchange',
    browse(at.userPool, '/oauth2/token', undefined, { by: 'auth.acme.localhost' }),
    /^Behind the scenes: the gateway/,
  ],
  [
    'keys',
    browse(at.gateway, '/.well-known/sso-jwks.json', undefined, { by: 'notes.acme.localhost' }),
    /^Notes fetches the public keys of the gateway/,
  ],
  [
    'the shared cookie',
    step('cookie', 'auth.acme.localhost', { name: '__Secure-sso', action: 'set' }),
    /all apps share/,
  ],
  [
    'the gateway’s cookie',
    step('cookie', 'auth.acme.localhost', { name: '__Host-sso', action: 'cleared' }),
    /own session is taken back/,
  ],
  [
    'an attempt’s cookie',
    step('cookie', 'auth.acme.localhost', { name: '__Host-sso_login_…', action: 'set' }),
    /sign-in attempt/,
  ],
  ['a sign-up', step('trigger', 'lambda', { trigger: 'PostConfirmation_ConfirmSignUp' }), /has a row in Postgres/],
  ['a sign-in', step('trigger', 'lambda', { trigger: 'PostAuthentication_Authentication' }), /only leaves a message/],
  ['messages', step('trigger', 'lambda', { messages: 2 }), /nobody waiting/],
  ['messages that failed', step('trigger', 'lambda', { messages: 2, failed: 1 }), /stays in the queue/],
  ['a last sign-in', step('row', 'postgres', { action: 'sign-in' }), /last here/],
  ['a message', step('queue', 'queue', { event: 'sent' }), /waits in the queue/],
  ['a dead letter', step('queue', 'queue', { event: 'dead-lettered' }), /set aside/],
  ['a host that nobody knows', browse('http://initech.localhost', '/'), /^Elsewhere/],
  // an app on a domain of its own
  ['a page that anybody may read', browse(at.globex, '/'), /^Globex shows the page\. .*never comes here/],
  [
    'a page that needs somebody',
    browse(at.globex, '/orders', `${at.gateway}/authorize?client_id=globex`),
    /sends the browser there/,
  ],
  ['Globex’s goodbye', browse(at.globex, '/bye'), /says goodbye/],
  [
    'a bounce',
    browse(at.globex, '/sso/login', `${at.gateway}/authorize?prompt=none`, { query: { silent: '1' } }),
    /comes straight back/,
  ],
  [
    'a sign-in there',
    browse(at.globex, '/sso/login', `${at.gateway}/authorize?x=1`, { query: {} }),
    /wants to sign in/,
  ],
  [
    'a bounce that finds somebody',
    browse(at.gateway, '/authorize', `${at.globex}/sso/callback?code=…`, { query: { prompt: 'none' } }),
    /knows this browser and sends it straight back/,
  ],
  [
    'a bounce that finds nobody',
    browse(at.gateway, '/authorize', `${at.globex}/sso/callback?error=login_required`, { query: { prompt: 'none' } }),
    /doesn’t know this browser\. It was not to ask/,
  ],
  [
    'a hand-off that begins with a sign-in',
    browse(at.gateway, '/authorize', `${at.gateway}/login?return_to=x`, { query: {} }),
    /has to sign in first/,
  ],
  [
    'the way back to Globex, with nobody',
    browse(at.globex, '/sso/callback', `${at.globex}/`, { query: { error: 'login_required' } }),
    /^Nobody is signed in at the gateway/,
  ],
  ['the way back to Globex', browse(at.globex, '/sso/callback', `${at.globex}/`, { query: {} }), /server redeems it/],
  ['a frame', browse(at.gateway, '/frame', undefined, { by: 'frame', query: {} }), /hidden frame of the gateway/],
  [
    'a frame with a button',
    browse(at.gateway, '/frame', undefined, { by: 'frame', query: { button: '1' } }),
    /own button/,
  ],
  [
    'a check with a code',
    asks('/frame/check', { answer: 'signed-in', codeGiven: true }),
    /one-time code, good for this app/,
  ],
  [
    'a check by the cross-site cookie',
    asks('/frame/check', { answer: 'signed-in', sentAlong: ['__Host-sso_xs'] }),
    /Still signed in\.$/,
  ],
  [
    'a check by the monitor',
    asks('/frame/check', { answer: 'signed-in', sentAlong: ['__Host-sso_mon'] }),
    /the cookie that it watches by\.$/,
  ],
  [
    'a monitor that is good for no code',
    asks('/frame/check', { answer: 'signed-in', wants: 'code', sentAlong: ['__Host-sso_mon'] }),
    /good for no code/,
  ],
  ['a check that is certain', asks('/frame/check', { answer: 'signed-out', seesCookies: true }), /that is certain/],
  [
    'a check by the monitor, signed out',
    asks('/frame/check', { answer: 'signed-out', seesCookies: false }),
    /session has ended/,
  ],
  ['a check that can’t tell', asks('/frame/check', { answer: 'unknown' }), /hides the gateway’s cookies/],
  ['a check that fails', asks('/frame/check', { answer: 'error', reason: 'unavailable' }), /no answer \(unavailable\)/],
  ['a ticket', asks('/frame/watch', { answer: 'signed-in' }), /a cookie to watch by/],
  ['a ticket that is old', asks('/frame/watch', { answer: 'error' }), /Nothing comes of it/],
  ['FedCM’s accounts', asks('/fedcm/accounts', { by: 'fedcm' }), /who is signed in, and doesn’t say for which app/],
  ['FedCM’s accounts, of nobody', asks('/fedcm/accounts', { by: 'fedcm', status: 401 }), /Nobody is\.$/],
  ['FedCM’s code', asks('/fedcm/assertion', { by: 'fedcm', codeGiven: true }), /one-time code/],
  ['FedCM refused', asks('/fedcm/assertion', { by: 'fedcm', status: 400 }), /the gateway refuses/],
  ['a code redeemed', asks('/token', { by: 'globex.localhost' }), /^Behind the scenes: Globex’s server redeems/],
  ['a code refused', asks('/token', { by: 'globex.localhost', status: 400 }), /the gateway refuses/],
  [
    'a logout token',
    browse(at.globex, '/sso/backchannel-logout', undefined, { method: 'POST', by: 'server' }),
    /the gateway tells Globex’s server, by a signed message/,
  ],
  [
    'the cookie for frames',
    step('cookie', 'auth.acme.localhost', { name: '__Host-sso_xs', action: 'set' }),
    /frames on other domains and FedCM/,
  ],
  [
    'the cookie to watch by',
    step('cookie', 'auth.acme.localhost', { name: '__Host-sso_mon', action: 'set' }),
    /keeps apart for this one app’s pages/,
  ],
  [
    'Globex’s own cookie',
    step('cookie', 'globex.localhost', { name: '__Host-app_session', action: 'set' }),
    /^Globex’s own session, sealed/,
  ],
  [
    'the cookie of the same name at Notes',
    step('cookie', 'notes.acme.localhost', { name: '__Host-app_session', action: 'set' }),
    /counts only beside the shared cookie/,
  ],
  // apps without code
  ['the wiki, of nobody', browse(at.wiki, '/', `${at.gateway}/login?return_to=x`), /^Wiki can’t sign anybody in/],
  ['the wiki, of an old cookie', browse(at.wiki, '/', `${at.gateway}/refresh?return_to=x`), /half hour is over/],
  ['the wiki, handed on', browse(at.wiki, '/', undefined, { handedOn: ann }), /handed the request on as Ann\.$/],
  [
    'the wiki, handed on as somebody without a name',
    browse(at.wiki, '/', undefined, { handedOn: { ...ann, 'Remote-Name': '' } }),
    /handed the request on as ann@acme\.test\.$/,
  ],
  [
    'the wiki that has no such page',
    browse(at.wiki, '/x', undefined, { status: 404, handedOn: ann }),
    /as Ann\. .*own answer/,
  ],
  [
    'the wiki’s goodbye',
    browse(at.wiki, '/bye', undefined, { handedOn: {} }),
    /everybody may see this page.* as nobody/,
  ],
  ['the wiki, refused', browse(at.wiki, '/edit', undefined, { status: 403 }), /its rule for this path says no/],
  ['the wiki, down', browse(at.wiki, '/', undefined, { status: 502, handedOn: ann }), /Wiki does not answer/],
  ['the wiki itself', browse(at.wiki, '/', undefined, { by: 'auth.acme.localhost', handedOn: ann }), /four headers/],
  [
    'the wiki itself, written in',
    browse(at.wiki, '/edit', undefined, { method: 'POST', by: 'auth.acme.localhost', handedOn: ann }),
    /kept under that id/,
  ],
  ['a file', browse(at.docs, '/'), /from a folder of files/],
  ['a file, of nobody', browse(at.docs, '/', `${at.gateway}/login`), /where that says/],
  ['a file, refused', browse(at.docs, '/admin/costs', undefined, { status: 403 }), /the folder is never asked/],
  ['no file', browse(at.docs, '/x', undefined, { status: 404 }), /no such file/],
  ['the edge, of nobody', edge('check-auth', { status: 302, location: `${at.gateway}/login` }), /no sign-in cookie/],
  ['the edge, of an old cookie', edge('check-auth', { status: 302, location: `${at.gateway}/refresh` }), /half hour/],
  ['the edge, refusing', edge('check-auth', { status: 403 }), /says no/],
  ['the edge, letting through', edge('check-auth', { identity: ann }), /through as Ann\. It asks nobody/],
  ['the edge, letting anybody through', edge('check-auth', { identity: { 'Remote-User': '' } }), /as nobody/],
  ['the edge, adding headers', edge('http-headers', { added: ['a', 'b'] }), /^http_headers adds 2 headers/],
  ['the edge, signing out', edge('sign-out', { status: 303, location: `${at.gateway}/logout` }), /which asks first/],
])('says what it means: %s', (_, one, words) => {
  expect(inWords(one, cast)).toMatch(words);
});

const login = browse(at.gateway, '/login', `${at.notes}/`);
it.each([
  ['Opening Notes', [browse(at.notes, '/')]],
  ['Opening Notes, without a password', [browse(at.notes, '/', `${at.gateway}/login`), login]],
  ['Opening Notes: who are you?', [browse(at.notes, '/', `${at.gateway}/login`), login, browse(at.userPool, '/login')]],
  ['Opening Photos, with a password', [browse(at.photos, '/'), step('pool', 'user-pool', { event: 'sign-in' })]],
  ['Signing out everywhere', [browse(at.gateway, '/logout', at.userPool, { method: 'POST' })]],
  ['Writing a note', [browse(at.notes, '/notes', at.notes, { method: 'POST' })]],
  ['Behind the scenes', [step('trigger', 'lambda', {})]],
  [
    'Opening Globex, without leaving it: the frame knows who it is',
    [browse(at.globex, '/'), asks('/frame/check', { answer: 'signed-in', codeGiven: true })],
  ],
  [
    'Signing in at Globex, without leaving it: FedCM knows who it is',
    [browse(at.globex, '/sso/challenge', undefined, { method: 'POST' }), asks('/fedcm/assertion', { codeGiven: true })],
  ],
  [
    'Globex asks in passing: is anybody signed in?',
    [browse(at.globex, '/sso/login', `${at.gateway}/authorize`, { query: { silent: '1' } })],
  ],
  ['A page that was left open', [asks('/frame/check', { answer: 'signed-in' })]],
  ['Signing out everywhere', [browse(at.globex, '/sso/logout', `${at.gateway}/end-session`, { method: 'POST' })]],
  ['Opening Wiki', [browse(at.wiki, '/', undefined, { handedOn: ann })]],
  ['Opening Wiki, without a password', [browse(at.wiki, '/', `${at.gateway}/login`), login]],
  ['Writing in the wiki', [browse(at.wiki, '/edit/lunch', at.wiki, { method: 'POST' })]],
  ['Wiki noticed a sign-out elsewhere', [browse(at.wiki, '/bye', undefined, { query: { elsewhere: '1' } })]],
  ['Opening Docs', [browse(at.docs, '/'), edge('check-auth', { identity: ann })]],
  ['About to sign out', [browse(at.docs, '/_sso/sign-out', `${at.gateway}/logout`)]],
])('calls a journey “%s”', (title, steps) => {
  expect(journeyTitle(steps, cast)).toBe(title);
});
