import { expect, it } from 'vitest';
import { confirmSignOutPage } from './sign-out.ts';
import { signedOutPage } from './signed-out.ts';

const base = 'https://auth.acme.com';
const returnTo = 'https://notes.acme.com/a?b=c&d=e';
const inHtml = 'https://notes.acme.com/a?b=c&amp;d=e';

it('asks, posts the proof and the address, and cancels to where the person came from', async () => {
  const person = { id: '7', name: 'Ann Lee', email: 'ann@acme.test' };
  const page = String(await confirmSignOutPage({ base, person, returnTo }));
  expect(page).toContain('<h1>Sign out of all apps?</h1>');
  expect(page).toContain('method="post" action="https://auth.acme.com/logout"');
  expect(page).toContain(`<input type="hidden" name="return_to" value="${inHtml}">`);
  expect(page).toContain(`<a class="button plain" href="${inHtml}">Cancel</a>`);
  expect(page).toContain('<bdi>Ann Lee</bdi>');
  expect(page).toContain('ann@acme.test');
});

it.each([
  ['no address', undefined],
  ['an address that is no web page', 'javascript:alert(1)'],
])('%s: cancels to the home and posts none', async (_, address) => {
  const page = String(await confirmSignOutPage({ base, returnTo: address }));
  expect(page).not.toContain('return_to');
  expect(page).not.toContain('class="person"');
  expect(page).toContain('<a class="button plain" href="https://auth.acme.com/">Cancel</a>');
});

it('afterwards offers to sign in again, to the same place', async () => {
  const page = String(
    await signedOutPage({ base, returnTo, apps: [{ name: 'Notes', home: 'https://notes.acme.com' }] }),
  );
  expect(page).toContain('<h1>You are signed out everywhere</h1>');
  expect(page).toContain(
    'href="https://auth.acme.com/login?return_to=https%3A%2F%2Fnotes.acme.com%2Fa%3Fb%3Dc%26d%3De">Sign in again</a>',
  );
  expect(page).toContain('<a class="tile" href="https://notes.acme.com/">');
});

it('without apps there is no list of apps', async () => {
  const page = String(await signedOutPage({ base, apps: [] }));
  expect(page).not.toContain('class="apps"');
  expect(page).toContain('login?return_to=https%3A%2F%2Fauth.acme.com%2F"');
});
