import { expect, it } from 'vitest';
import { homePage } from './home.ts';

const now = 1_772_719_380;
const view = {
  base: 'https://auth.acme.com',
  person: { id: '7', name: 'Ann Lee', email: 'ann@acme.test', roles: ['admin', 'editor'] },
  apps: [
    { name: 'Notes', home: 'https://notes.acme.com/' },
    { name: 'Photos', home: 'https://photos.acme.com/start' },
  ],
  signedInAt: now - 720,
  listsSessions: true,
  endsAt: now + 41_000,
  now,
};

it('leads to the list of sessions where there is one', async () => {
  expect(String(await homePage(view))).toContain('href="https://auth.acme.com/sessions"');
  expect(String(await homePage({ ...view, listsSessions: false }))).not.toContain('/sessions');
});

it('says who is signed in, since when and until when', async () => {
  const page = String(await homePage(view));
  expect(page).toContain('<bdi>Ann Lee</bdi></h1>');
  expect(page).toContain('<bdi>ann@acme.test</bdi>');
  expect(page).toContain('<li>admin</li><li>editor</li>');
  expect(text(page)).toContain('Signed in 12 minutes ago · ends in about 11 hours');
});

it('links each app to where it starts, in the order given', async () => {
  const links = Array.from(
    String(await homePage(view)).matchAll(/<a class="tile" href="([^"]*)"/g),
    ([, href]) => href,
  );
  expect(links).toEqual(['https://notes.acme.com/', 'https://photos.acme.com/start']);
});

it('signs out by a POST that carries the proof', async () => {
  expect(String(await homePage(view))).toContain('<form method="post" action="https://auth.acme.com/logout">');
});

it.each([
  ['no apps at all', []],
  ['no app that can be linked to', [{ name: 'Odd', home: 'javascript:alert(1)' }]],
])('%s: says so instead of showing an empty list', async (_, apps) => {
  const page = String(await homePage({ ...view, apps }));
  expect(page).toContain('No apps are listed here yet.');
  expect(page).not.toContain('class="tiles"');
});

it('without a name the email address stands once; without either, the account', async () => {
  const mail = String(await homePage({ ...view, person: { id: '7', email: 'ann@acme.test' } }));
  expect(mail.match(/ann@acme\.test/g)).toHaveLength(1);
  expect(mail).not.toContain('class="roles"');
  expect(String(await homePage({ ...view, person: { id: '7' } }))).toContain('<bdi>Account 7</bdi>');
});

it('many roles are counted, not listed', async () => {
  const roles = Array.from({ length: 40 }, (_, i) => `role-${i}`);
  const page = String(await homePage({ ...view, person: { ...view.person, roles } }));
  expect(page).toContain('<li>role-5</li><li>34 more</li>');
});

it('apps that stand side by side do not look alike', async () => {
  const apps = Array.from({ length: 6 }, (_, i) => ({ name: `App ${i}`, home: `https://a${i}.acme.com` }));
  const colours = String(await homePage({ ...view, apps })).match(/letter t\d/g) ?? [];
  expect(new Set(colours).size).toBe(6);
});

const text = (page: string) => page.replace(/<[^>]*>/g, '').replace(/\s+/g, ' ');
