import { describe, expect, it } from 'vitest';
import { isForeignSocket, isNavigation, isPrefetch, isPreflight, wantsPage } from './navigation.ts';

type Headers = Readonly<Record<string, string>>;
const reader = (headers: Headers) => (name: string) => headers[name];
const page = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html,*/*' };

describe('a navigation', () => {
  it.each<[string, string, Headers, boolean]>([
    ['a page load', 'GET', page, true],
    [
      'a page load that says nothing of Accept',
      'GET',
      { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
      true,
    ],
    ['a browser without Fetch Metadata', 'GET', { accept: 'text/html,application/xhtml+xml' }, true],
    ['a form post', 'POST', page, false],
    ['a HEAD', 'HEAD', page, false],
    ['a method in other letters', 'get', page, false],
    ['a frame', 'GET', { ...page, 'sec-fetch-dest': 'iframe' }, false],
    ['an object', 'GET', { ...page, 'sec-fetch-dest': 'object' }, false],
    [
      'a fetch that accepts pages',
      'GET',
      { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: 'text/html' },
      false,
    ],
    ['an image', 'GET', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image', accept: 'image/*' }, false],
    ['a WebSocket', 'GET', { 'sec-fetch-mode': 'websocket', 'sec-fetch-dest': 'websocket' }, false],
    ['half of Fetch Metadata: the mode', 'GET', { 'sec-fetch-mode': 'navigate', accept: 'text/html' }, false],
    ['half of Fetch Metadata: the destination', 'GET', { 'sec-fetch-dest': 'document', accept: 'text/html' }, false],
    ['a doubled header', 'GET', { ...page, 'sec-fetch-mode': 'navigate, navigate' }, false],
    ['a program', 'GET', { accept: 'application/json' }, false],
    ['a program that accepts anything', 'GET', { accept: '*/*' }, false],
    ['a program that says nothing', 'GET', {}, false],
  ])('%s', (_, method, headers, is) => {
    expect(isNavigation(method, reader(headers))).toBe(is);
  });
});

describe('somebody who looks at the answer', () => {
  it.each<[string, Headers, boolean]>([
    ['a page load', page, true],
    ['a frame', { ...page, 'sec-fetch-dest': 'iframe' }, true],
    ['a browser without Fetch Metadata', { accept: 'text/html' }, true],
    ['a fetch', { 'sec-fetch-mode': 'cors', accept: 'text/html' }, false],
    ['a program', { accept: '*/*' }, false],
    ['a program that says nothing', {}, false],
  ])('%s', (_, headers, does) => {
    expect(wantsPage(reader(headers))).toBe(does);
  });
});

describe('a prefetch', () => {
  it.each<[string, Headers, boolean]>([
    ['of Chromium', { 'sec-purpose': 'prefetch' }, true],
    ['of Chromium through a proxy', { 'sec-purpose': 'prefetch;anonymous-client-ip' }, true],
    ['that prerenders', { 'sec-purpose': 'prefetch;prerender' }, true],
    ['of older browsers', { purpose: 'prefetch' }, true],
    ['of old Firefox', { 'x-moz': 'Prefetch' }, true],
    ['is not a page load', page, false],
    ['is not another purpose', { 'sec-purpose': 'other' }, false],
  ])('%s', (_, headers, is) => {
    expect(isPrefetch(reader(headers))).toBe(is);
  });
});

describe('a preflight', () => {
  const headers = { origin: 'https://notes.acme.test', 'access-control-request-method': 'PUT' };
  it.each<[string, string, Headers, boolean]>([
    ['is OPTIONS with an origin and what comes next', 'OPTIONS', headers, true],
    ['is not any other method', 'GET', headers, false],
    ['is not OPTIONS without an origin', 'OPTIONS', { 'access-control-request-method': 'PUT' }, false],
    ['is not OPTIONS alone', 'OPTIONS', { origin: 'https://notes.acme.test' }, false],
  ])('%s', (_, method, sent, is) => {
    expect(isPreflight(method, reader(sent))).toBe(is);
  });
});

describe('a WebSocket', () => {
  const own = 'https://notes.acme.test';
  const evil = { origin: 'https://evil.acme.test' };
  it.each<[string, Headers, boolean]>([
    ['of a sibling is foreign', { ...evil, upgrade: 'websocket' }, true],
    [
      'of a sibling is foreign in whatever letters, among other protocols',
      { ...evil, upgrade: 'h2c, WebSocket' },
      true,
    ],
    ['of a sibling is foreign where a proxy left `Upgrade` out', { ...evil, 'sec-websocket-version': '13' }, true],
    ['of a sandbox is foreign', { origin: 'null', upgrade: 'websocket' }, true],
    ['of the app’s own page is not', { origin: own, upgrade: 'websocket' }, false],
    ['of no browser is not', { upgrade: 'websocket' }, false],
    ['is no other upgrade', { ...evil, upgrade: 'h2c' }, false],
    ['is no other request', evil, false],
  ])('%s', (_, sent, is) => {
    expect(isForeignSocket(reader(sent), (origin) => origin === own)).toBe(is);
  });
});
