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
  ['a host that nobody knows', browse('http://globex.localhost', '/'), /^Elsewhere/],
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
])('calls a journey “%s”', (title, steps) => {
  expect(journeyTitle(steps, cast)).toBe(title);
});
