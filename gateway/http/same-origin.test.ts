import { describe, expect, it } from 'vitest';
import { requestOrigin } from './same-origin.ts';

const own = 'https://auth.acme.test';
const app = 'https://notes.acme.test';
const far = 'https://globex.test';
const ask = (headers: { origin?: string; 'sec-fetch-site'?: string }) =>
  requestOrigin(
    (name) => (headers as Record<string, string | undefined>)[name],
    own,
    (origin) => origin === app || origin === far,
  );

describe('whose page sent a request', () => {
  it.each<[string, string | undefined, string | undefined, ReturnType<typeof requestOrigin>]>([
    ['ours', own, 'same-origin', 'own'],
    ['ours, of a browser without Fetch Metadata', own, undefined, 'own'],
    ['ours, which hides its origin', undefined, 'same-origin', 'own'],
    ['an app on the same site', app, 'same-site', 'app'],
    ['an app, of a browser without Fetch Metadata', app, undefined, 'app'],
    ['an app that claims to be us', own, 'same-site', 'foreign'],
    ['a stranger that claims to be us', own, 'cross-site', 'foreign'],
    ['an app that claims the same origin', app, 'same-origin', 'foreign'],
    ['an app from another site, however registered', far, 'cross-site', 'foreign'],
    ['an app as seen across sites', app, 'cross-site', 'foreign'],
    ['a stranger', 'https://evil.test', 'cross-site', 'foreign'],
    ['a stranger without Fetch Metadata', 'https://evil.test', undefined, 'foreign'],
    ['a sibling that is no app of ours', 'https://evil.acme.test', 'same-site', 'foreign'],
    ['an origin hidden across sites', 'null', 'cross-site', 'foreign'],
    ['an origin missing across sites', undefined, 'cross-site', 'foreign'],
    ['a hidden origin', 'null', undefined, 'unknown'],
    ['a hidden origin, on our own page', 'null', 'same-origin', 'unknown'],
    ['a hidden origin of a sibling', 'null', 'same-site', 'unknown'],
    ['nobody: a program', undefined, undefined, 'unknown'],
    ['nobody: a sibling without origin', undefined, 'same-site', 'unknown'],
    ['nobody: a bookmark', undefined, 'none', 'unknown'],
    ['ours with a path', `${own}/`, undefined, 'foreign'],
    ['ours in capitals', own.toUpperCase(), undefined, 'foreign'],
    ['ours on another port', `${own}:8443`, undefined, 'foreign'],
    ['ours without TLS', own.replace('https', 'http'), undefined, 'foreign'],
    ['ours twice', `${own}, ${own}`, undefined, 'foreign'],
    ['a name that begins like ours', `${own}.evil.test`, undefined, 'foreign'],
    ['an empty origin', '', undefined, 'foreign'],
  ])('%s', (_, origin, site, whose) => {
    const headers = {
      ...(origin === undefined ? {} : { origin }),
      ...(site === undefined ? {} : { 'sec-fetch-site': site }),
    };
    expect(ask(headers)).toBe(whose);
  });
});
