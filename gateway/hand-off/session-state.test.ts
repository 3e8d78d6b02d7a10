import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { SessionId } from '../../shared/identity.ts';
import { clientSid } from './id-token.ts';
import { isSessionState, newSessionState, sessionStatePattern } from './session-state.ts';

const of = { client: { id: 'globex' }, origin: 'https://www.globex.com', sid: 'a session' as SessionId };

it('is what an app could work out from the sid of its ID token, and different every time', () => {
  const [one, two] = [newSessionState(of), newSessionState(of)];
  expect(one).not.toBe(two);
  for (const state of [one, two]) {
    expect(state).toMatch(sessionStatePattern);
    const [hash, salt] = state.split('.');
    const text = `globex https://www.globex.com ${clientSid(of.sid, 'globex')} ${salt}`;
    expect(hash).toBe(createHash('sha256').update(text).digest('base64url'));
    expect(isSessionState(state, of)).toBe(true);
  }
});

it.each([
  ['another session', { sid: 'another session' as SessionId }],
  ['another app', { client: { id: 'initech' } }],
  ['another page of the app', { origin: 'https://globex.com' }],
])('speaks of nothing to %s', (_, changes) => {
  expect(isSessionState(newSessionState(of), { ...of, ...changes })).toBe(false);
});

it.each(['', '.', 'x', `${'A'.repeat(43)}.${'A'.repeat(22)}`, `${newSessionState(of)}x`, ` ${newSessionState(of)}`])(
  'is not %j',
  (state) => expect(isSessionState(state, of)).toBe(false),
);
