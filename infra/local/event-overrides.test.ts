import { describe, expect, it } from 'vitest';
import { overrideEvent } from './event-overrides.ts';

const event = { version: '2', request: { userAttributes: { sub: 'a' }, scopes: ['openid'] }, response: null };

describe('a recorded event', () => {
  it.each<[string, string, object]>([
    ['a text', 'request.userAttributes.sub=b', { request: { userAttributes: { sub: 'b' } } }],
    ['a text with more signs', 'request.userAttributes.sub=a=b', { request: { userAttributes: { sub: 'a=b' } } }],
    ['a number as text', 'version="3"', { version: '3' }],
    ['JSON', 'response={"a":[1]}', { response: { a: [1] } }],
    ['nothing', 'request.userAttributes.sub=', { request: { userAttributes: { sub: '' } } }],
    ['a place in a list', 'request.scopes.0=email', { request: { scopes: ['email'] } }],
    ['what was not there', 'request.clientMetadata.plan=pro', { request: { clientMetadata: { plan: 'pro' } } }],
  ])('can be changed: %s', (_, override, expected) => {
    const before = structuredClone(event);
    expect(overrideEvent(event, [override])).toMatchObject(expected);
    expect(event).toEqual(before);
  });

  it('takes several changes, the last one of a path', () => {
    expect(overrideEvent({}, ['a.b=1', 'a.c=2', 'a.b=3'])).toEqual({ a: { b: 3, c: 2 } });
  });

  it('gets a member of an odd name, and nothing else does', () => {
    const changed = overrideEvent({}, ['__proto__.polluted=yes', 'constructor.prototype.polluted=yes']);
    expect(Object.keys(changed as object)).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it.each([
    ['no value', 'request', /is written path=value/],
    ['no path', '=x', /is written path=value/],
    ['a way through a text', 'version.major=3', /version is no object/],
    ['a way through nothing', 'request.scopes.0.x=3', /request\.scopes\.0 is no object/],
  ])('is not changed by %s', (_, override, says) => {
    expect(() => overrideEvent(event, [override])).toThrow(says);
  });

  it('that is no object can’t be changed', () => {
    expect(() => overrideEvent('text', ['a=1'])).toThrow(/the event is no object/);
  });
});
