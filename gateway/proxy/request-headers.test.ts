import { describe, expect, it } from 'vitest';
import { testConfig } from '../check/check.testing.ts';
import { createUpstreamHeaders } from './request-headers.ts';
import { valuesOf } from './target.ts';
import { createUpstreams } from './upstreams.ts';

const upstream = { url: 'http://10.0.0.7:3000' };
const origins = ['https://notes.acme.test', 'https://notes.acme.test:8443'];
const config = testConfig({
  clients: [{ id: 'notes', name: 'Notes', home: 'https://notes.acme.test/', origins, upstream }],
});
const find = createUpstreams(config.clients, { host: 'auth.acme.test', base: '' });
const notes = find?.('notes.acme.test', '/');

const sent = (came: readonly string[], peer: string | undefined) => {
  if (!notes) throw new Error('no app');
  const make = createUpstreamHeaders(config, '1.1 auth.acme.test', (address) => address.startsWith('10.'));
  return make({ came, upstream: notes, pass: ['Remote-User', '42', 'Cache-Control', 'no-store'], peer });
};

describe('what an app is told of where a request came from', () => {
  it.each([
    ['nobody who is trusted', ['X-Forwarded-For', '203.0.113.9'], '198.51.100.7', '198.51.100.7'],
    ['a trusted proxy', ['X-Forwarded-For', '203.0.113.9'], '10.0.0.1', '203.0.113.9, 10.0.0.1'],
    [
      'a trusted proxy, in two lines',
      ['X-Forwarded-For', '1.1.1.1', 'x-forwarded-for', '2.2.2.2'],
      '10.0.0.1',
      '1.1.1.1, 2.2.2.2, 10.0.0.1',
    ],
    ['a trusted proxy that says nothing', [], '10.0.0.1', '10.0.0.1'],
    ['a trusted proxy that hands nonsense on', ['X-Forwarded-For', '<script>, 1.1.1.1'], '10.0.0.1', '10.0.0.1'],
    ['IPv4 in the clothes of IPv6', [], '::ffff:198.51.100.7', '198.51.100.7'],
    ['IPv6', ['X-Forwarded-For', '203.0.113.9'], '2001:db8::7', '2001:db8::7'],
  ])('by %s', (_, came, peer, expected) => {
    expect(valuesOf(sent(came, peer), 'x-forwarded-for')).toEqual([expected]);
  });

  it('is nothing where the runtime does not tell', () => {
    expect(valuesOf(sent(['X-Forwarded-For', '203.0.113.9'], undefined), 'x-forwarded-for')).toEqual([]);
  });

  it('has IPv6 in brackets where the standard wants them (RFC 7239 §6)', () => {
    expect(valuesOf(sent([], '2001:db8::7'), 'forwarded')).toEqual([
      'for="[2001:db8::7]";host="notes.acme.test";proto=https',
    ]);
  });

  it('holds the identity alone of what the check answers', () => {
    expect(valuesOf(sent([], '10.0.0.1'), 'remote-user')).toEqual(['42']);
    expect(valuesOf(sent([], '10.0.0.1'), 'cache-control')).toEqual([]);
  });
});

describe('the app of a host', () => {
  it.each([
    ['notes.acme.test', 'https://notes.acme.test'],
    ['NOTES.acme.test', 'https://notes.acme.test'],
    ['notes.acme.test:8443', 'https://notes.acme.test:8443'],
    ['notes.acme.test:80', undefined],
    ['notes.acme.test.', undefined],
    ['auth.acme.test', undefined],
    ['__proto__', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%s', (host, origin) => expect(find?.(host, '/')?.origin).toBe(origin));
});
