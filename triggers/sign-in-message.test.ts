import { describe, expect, it } from 'vitest';
import { asSubject } from '../shared/identity.ts';
import { PoisonedMessage, parseSignInMessage, writeSignInMessage } from './sign-in-message.ts';

const now = 1_735_689_600;
const ann = { provider: 'cognito', subject: asSubject('ann-sub') };
const trigger = 'PostAuthentication_Authentication';
const attributes = { email: 'ann@acme.test', emailVerified: true, name: 'Ann Almond' };
const message = { v: 1, id: 'a-1', ...ann, at: now, attributes, trigger };

describe('what is written', () => {
  it('is read as it was', () => {
    const body = writeSignInMessage(ann, { id: 'a-1', at: now, attributes, trigger });
    expect(parseSignInMessage(body, now)).toEqual(message);
  });

  it.each<[string, Partial<typeof attributes>, object]>([
    ['no attributes at all', { email: undefined, name: undefined } as object, { emailVerified: false }],
    ['NUL in a name', { name: 'Ann\0 Almond' }, attributes],
    ['half a surrogate pair in a name', { name: 'Ann\ud83d' }, { ...attributes, name: 'Ann' }],
    ['emoji', { name: 'Ann 🦊👩‍🚀' }, { ...attributes, name: 'Ann 🦊👩‍🚀' }],
    ['a name of 150 emoji', { name: '🦊'.repeat(150) }, { ...attributes, name: '🦊'.repeat(100) }],
    ['a name of 100,000 characters', { name: 'x'.repeat(100_000) }, { ...attributes, name: 'x'.repeat(100) }],
    ['SQL', { name: `'); drop table people; --` }, { ...attributes, name: `'); drop table people; --` }],
    [
      'an email too long for any row',
      { email: `${'x'.repeat(2000)}@acme.test` },
      { emailVerified: false, name: 'Ann Almond' },
    ],
    ['an email with NUL', { email: 'ann\0@acme.test' }, { emailVerified: false, name: 'Ann Almond' }],
  ])('is read though the pool said %s', (_, said, kept) => {
    const body = writeSignInMessage(ann, { id: 'a-1', at: now, attributes: { ...attributes, ...said }, trigger });
    expect(parseSignInMessage(body, now).attributes).toEqual(kept);
    expect(Buffer.byteLength(body)).toBeLessThan(2048);
  });
});

describe('what is refused', () => {
  const changed = (changes: object) => JSON.stringify({ ...message, ...changes });
  const said = (changes: object) => changed({ attributes: { ...attributes, ...changes } });

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'the body is no text'],
    ['an object', message, 'the body is no text'],
    ['no JSON', '{"v":1', 'the body is no JSON'],
    ['a list', '[]', 'the body is no object'],
    ['null', 'null', 'the body is no object'],
    ['much', changed({ trigger: 'x'.repeat(5000) }), 'the body is too long'],
    ['an unknown version', changed({ v: 2, at: 'by then a text' }), 'v is 2, not 1'],
    ['no version', changed({ v: undefined }), 'v is no number, not 1'],
    ['a version as text', changed({ v: '1' }), 'v is no number, not 1'],
    ['an unknown field', changed({ roles: ['admin'] }), 'the body has 1 fields that we don’t know'],
    ['an unknown attribute', said({ state: 'active' }), 'attributes has 1 fields that we don’t know'],
    ['a prototype', `{"__proto__":{},${changed({}).slice(1)}`, 'the body has 1 fields that we don’t know'],
    ['no id', changed({ id: undefined }), 'id is no text'],
    ['an empty provider', changed({ provider: '' }), 'provider is no text'],
    ['a long subject', changed({ subject: 'x'.repeat(256) }), 'subject is too long'],
    ['NUL in a subject', changed({ subject: 'ann\0' }), 'subject has NUL or half a surrogate pair'],
    ['a subject that is a number', changed({ subject: 1 }), 'subject is no text'],
    ['a time as text', changed({ at: String(now) }), 'at is no time'],
    ['no time', changed({ at: null }), 'at is no time'],
    ['a time before all', changed({ at: -1 }), 'at is no time'],
    ['a time without end', changed({}).replace(String(now), '1e999'), 'at is no time'],
    ['a time in the future', changed({ at: now + 301 }), 'at lies in the future'],
    ['a time in milliseconds', changed({ at: now * 1000 }), 'at lies in the future'],
    ['no attributes', changed({ attributes: undefined }), 'attributes is no object'],
    ['attributes as a list', changed({ attributes: [] }), 'attributes is no object'],
    ['verified as text', said({ emailVerified: 'true' }), 'attributes.emailVerified is no boolean'],
    ['an email too long', said({ email: 'x'.repeat(255) }), 'attributes.email is too long'],
    ['an email that is null', said({ email: null }), 'attributes.email is no text'],
    ['a name too long', said({ name: 'x'.repeat(201) }), 'attributes.name is too long'],
    ['NUL in a name', said({ name: 'Ann\0' }), 'attributes.name has NUL or half a surrogate pair'],
    ['half a surrogate pair', said({ name: 'Ann\ud83d' }), 'attributes.name has NUL or half a surrogate pair'],
  ])('%s, with the reason', (_, body, reason) => {
    const read = () => parseSignInMessage(body, now);
    expect(read).toThrow(PoisonedMessage);
    expect(read).toThrow(new PoisonedMessage(reason.replace('’', "'")));
  });

  it('says nothing of what stood there', () => {
    const body = said({ name: { 'private@acme.test': 1 }, 'secret-field': 1 });
    expect(() => parseSignInMessage(body, now)).not.toThrow(/private|secret/);
  });

  it('a clock that runs ahead a little is none', () => {
    expect(parseSignInMessage(changed({ at: now + 300 }), now).at).toBe(now + 300);
  });
});

it('sends nothing but characters that SQS takes, and loses none', () => {
  const identity = { provider: 'cognito', subject: asSubject('s') };
  const attributes = { email: 'a@acme.test', emailVerified: true, name: 'Zo\uffff \ufffe 🦊' };
  const body = writeSignInMessage(identity, {
    id: '1',
    at: 10,
    trigger: 'PostAuthentication_Authentication',
    attributes,
  });
  expect(body).not.toMatch(/[\ufffe\uffff]/);
  expect(parseSignInMessage(body, 10).attributes.name).toBe(attributes.name);
});
