import { expect, it } from 'vitest';
import { keepingLog } from './check-auth.testing.ts';
import { type Asked, requestEvent, runRequest } from './cloudfront.testing.ts';
import { createSignOutAtGateway } from './sign-out-at-gateway.ts';

const settings = {
  sites: ['https://docs.acme.test', 'https://media.acme.test'],
  logout: 'https://auth.acme.test/logout',
};
const handler = createSignOutAtGateway(settings, {
  clock: () => 0,
  fetch: () => Promise.reject(new Error('nothing is fetched')),
  log: keepingLog([]),
});
const to = (site: string) => `https://auth.acme.test/logout?return_to=${encodeURIComponent(`${site}/`)}`;

it.each<[string, Asked, number, string | undefined]>([
  ['a link leads to the gateway, which asks', {}, 303, to('https://docs.acme.test')],
  ['so does a form', { method: 'POST' }, 303, to('https://docs.acme.test')],
  ['back to the site where it began', { headers: { host: 'media.acme.test' } }, 303, to('https://media.acme.test')],
  [
    'not to an address in the query',
    { path: '/_sso/sign-out?return_to=https://evil.test/' },
    303,
    to('https://docs.acme.test'),
  ],
  ['a prefetch signs nobody out', { headers: { 'sec-purpose': 'prefetch' } }, 503, undefined],
  ['another method is refused', { method: 'DELETE' }, 405, undefined],
  ['another host is refused', { headers: { host: 'evil.test' } }, 421, undefined],
])('%s', async (_, asked, status, location) => {
  expect(await runRequest(handler, requestEvent(asked))).toMatchObject({ kind: 'answered', status, location });
});
