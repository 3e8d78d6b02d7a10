import { describe, expect, it } from 'vitest';
import { createCheckRules } from '../../check/request.ts';
import { createReadAsked } from './asked.ts';
import { type Asked, requestEvent } from './cloudfront.testing.ts';

const rules = createCheckRules(
  [
    { host: 'docs.acme.test', path: '/open/*', allow: 'public' },
    { host: 'docs.acme.test', path: '/write', methods: ['POST'], allow: 'role:admin' },
    { host: 'docs.acme.test', path: '/*', allow: 'signed-in' },
  ],
  () => false,
);
const reader = () =>
  createReadAsked({ origin: 'https://docs.acme.test', scheme: 'https', host: 'docs.acme.test' }, rules);
const request = (asked: Asked) => requestEvent(asked).Records[0].cf.request;

describe('what a request asks for', () => {
  it('is remembered by path and method, and the same', () => {
    const read = reader();
    const first = read(request({ path: '/open/a?x=1' }));
    expect(first).toMatchObject({ path: '/open/a', rule: { public: true } });
    expect(read(request({ path: '/open/a?y=2' }))).toBe(first);
    expect(read(request({ path: '/write' })).rule).toMatchObject({ signedIn: true });
    expect(read(request({ path: '/write', method: 'POST' })).rule).toMatchObject({ roles: ['admin'] });
    expect(read(request({ path: '/write' })).rule).toMatchObject({ signedIn: true });
  });

  it.each(['x=a#b', 'x=a b', 'x=\u00e9', 'x=\n'])('is refused for the query %j, though the path is known', (query) => {
    const read = reader();
    read(request({ path: '/open/a' }));
    expect(() => read(request({ path: `/open/a?${query}` }))).toThrow('forwarded_refused');
  });

  it('is not what another method was asked for before', () => {
    const read = reader();
    read(request({ path: '/open/a', method: 'POST' }));
    expect(() => read(request({ path: 'POST/open/a' }))).toThrow('forwarded_refused');
  });

  it('is refused each time, and never remembered as good', () => {
    const read = reader();
    for (let i = 0; i < 3; i++) expect(() => read(request({ path: '/open/../admin' }))).toThrow('forwarded_refused');
  });

  it('is found for more paths than are remembered', () => {
    const read = reader();
    for (let i = 0; i < 2500; i++) expect(read(request({ path: `/open/${i}` })).path).toBe(`/open/${i}`);
  });

  it('has the whole address for whoever is to return', () => {
    const read = reader();
    read(request({ path: '/a?x=1' }));
    expect(read.whole(request({ path: '/a?x=2' })).target.url.href).toBe('https://docs.acme.test/a?x=2');
  });
});
