import { expect, it } from 'vitest';
import { sessionsPage } from './sessions.ts';

const now = 1_772_719_380;
const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36';
const iphone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1';
const phone = { sid: 'phone-1', createdAt: now - 7200, lastSeenAt: now - 720, userAgent: iphone };
const laptop = { sid: 'laptop-1', createdAt: now - 3 * 86_400, lastSeenAt: now - 5, userAgent: chrome };
const view = { base: 'https://auth.acme.com', sessions: [phone, laptop], current: 'laptop-1', now };
const text = (page: string) => page.replace(/<[^>]*>/g, '').replace(/\s+/g, ' ');
const items = (page: string) => [...page.matchAll(/<li>([\s\S]*?)<\/li>/g)].map(([, item = '']) => item);

it('says of each session which browser it is in, since when, and when it was seen; this browser first', async () => {
  const [first = '', second = '', ...more] = items(String(await sessionsPage(view)));
  expect(more).toEqual([]);
  expect(text(first)).toContain('Chrome on Linux This browserSigned in about 3 days ago · last seen just now');
  expect(text(second)).toContain('Safari on iPhoneSigned in about 2 hours ago · last seen 12 minutes ago');
  expect(second).not.toContain('This browser');
});

it('ends another session by its name, and its own by signing out', async () => {
  const page = String(await sessionsPage(view));
  const [own = '', other = ''] = items(page);
  expect(own).toContain('<form method="post" action="https://auth.acme.com/logout">');
  expect(own).not.toContain('<input');
  expect(other).toContain('<form method="post" action="https://auth.acme.com/sessions/end">');
  expect(other).toContain('<input type="hidden" name="sid" value="phone-1">');
  expect(page).toContain('<input type="hidden" name="others" value="all">');
});

it('tells a screen reader which session a button ends', async () => {
  expect(text(items(String(await sessionsPage(view)))[1] ?? '')).toContain('Sign out of Safari on iPhone');
});

it('says so where there is no other session, and offers nothing to end', async () => {
  const page = String(await sessionsPage({ ...view, sessions: [laptop] }));
  expect(page).toContain('You are signed in nowhere else.');
  expect(page).not.toContain('/sessions/end');
});

it('lists the newest, and counts the rest', async () => {
  const many = Array.from({ length: 40 }, (_, i) => ({ ...phone, sid: `phone-${i}` }));
  const page = String(await sessionsPage({ ...view, sessions: [...many, laptop] }));
  expect(items(page)).toHaveLength(26);
  expect(page).toContain('And 15 older ones.');
  expect(String(await sessionsPage({ ...view, sessions: [...many.slice(0, 26), laptop] }))).toContain(
    'And 1 older one.',
  );
});

it('shows nothing that a browser says of itself', async () => {
  const userAgent = '"><script>alert(1)</script> Your bank, on this computer';
  const page = String(await sessionsPage({ ...view, sessions: [{ ...phone, userAgent }, laptop] }));
  expect(page).toContain('Unknown browser');
  expect(page).not.toMatch(/alert|bank/);
});
