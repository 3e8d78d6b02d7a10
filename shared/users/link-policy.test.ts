import { expect, it } from 'vitest';
import { asSubject } from '../identity.ts';
import { decideLink, lowerCaseAscii, type Namesake } from './link-policy.ts';

const policy = { users: { linkLegacyRows: true }, providers: [{ id: 'pool', trustedEmailDomains: ['acme.test'] }] };
const forbidding = { ...policy, users: { linkLegacyRows: false } };
const row = (changes: Partial<Namesake<number>> = {}): Namesake<number> => ({
  id: 1,
  state: 'active',
  taken: false,
  ...changes,
});
const link = { kind: 'link', id: 1 };
const refuse = (why: string) => ({ kind: 'refuse', why });

it.each<[string, typeof policy, string, string, boolean, Namesake<number>[], object]>([
  ['nobody has the email', policy, 'pool', 'a@acme.test', true, [], { kind: 'insert' }],
  ['nobody has it, and it is not verified', forbidding, 'pool', 'a@acme.test', false, [], { kind: 'insert' }],
  ['one waits for it', policy, 'pool', 'a@acme.test', true, [row()], link],
  ['in capitals', policy, 'pool', 'A@ACME.TEST', true, [row()], link],
  ['not verified', policy, 'pool', 'a@acme.test', false, [row()], refuse('link_forbidden')],
  ['not configured', forbidding, 'pool', 'a@acme.test', true, [row()], refuse('link_forbidden')],
  ['a provider unheard of', policy, 'evil', 'a@acme.test', true, [row()], refuse('link_forbidden')],
  ['another domain', policy, 'pool', 'a@evil.test', true, [row()], refuse('link_forbidden')],
  ['the domain as a local part', policy, 'pool', 'acme.test@evil.test', true, [row()], refuse('link_forbidden')],
  ['a look-alike domain', policy, 'pool', 'a@a\u212ame.test', true, [row()], refuse('link_forbidden')],
  ['disabled', policy, 'pool', 'a@acme.test', true, [row({ state: 'disabled' })], refuse('email_taken')],
  ['deleted', policy, 'pool', 'a@acme.test', true, [row({ state: 'deleted' })], refuse('email_taken')],
  ['taken', policy, 'pool', 'a@acme.test', true, [row({ taken: true })], refuse('email_taken')],
  ['two', policy, 'pool', 'a@acme.test', true, [row(), row({ id: 2 })], refuse('ambiguous')],
  ['two, one disabled', policy, 'pool', 'a@acme.test', true, [row(), row({ state: 'disabled' })], refuse('ambiguous')],
  ['two, one taken', policy, 'pool', 'a@acme.test', true, [row(), row({ taken: true })], refuse('email_taken')],
])('%s', (_, chosen, provider, email, emailVerified, namesakes, decision) => {
  const identity = { provider, subject: asSubject('s') };
  expect(decideLink(chosen, identity, { email, emailVerified }, namesakes)).toEqual(decision);
});

it('lower-cases A to Z and nothing else', () => {
  expect(lowerCaseAscii('AZ\u212aÉİ@X')).toBe('az\u212aÉİ@x');
});
