import { createHash } from 'node:crypto';
import { html } from 'hono/html';
import { describe, expect, it } from 'vitest';
import { type FailureCode, failures, SsoError } from '../../shared/errors.ts';
import { errorPage } from './error.ts';
import { homePage } from './home.ts';
import { loginLoopPage } from './login-loop.ts';
import { contentSecurityPolicy, renderPage } from './page.ts';
import { sessionsPage } from './sessions.ts';
import { confirmSignOutPage } from './sign-out.ts';
import { signedOutPage } from './signed-out.ts';

const base = 'https://auth.acme.com';
const now = 1_772_719_380;

/** Every page with one text in every place that takes one. */
const pages = (text: string) => {
  const person = { id: text, name: text, email: `${text}@acme.test`, roles: [text] };
  const apps = [
    { name: text, home: 'https://notes.acme.com/' },
    { name: 'Evil', home: `javascript:${text}` },
    { name: 'Odd', home: `https://odd.acme.com/?q=${text}` },
  ];
  const retry = { href: `https://notes.acme.com/?q=${text}`, label: text };
  const returnTo = `https://notes.acme.com/?q=${text}`;
  const requestId = text;
  const session = { sid: text, createdAt: now - 720, lastSeenAt: now, userAgent: text };
  return [
    ['home', homePage({ base, person, apps, listsSessions: true, signedInAt: now - 720, endsAt: now + 41_000, now })],
    ['sessions', sessionsPage({ base, sessions: [session, { ...session, sid: 'mine' }], current: 'mine', now })],
    ['signed out', signedOutPage({ base, returnTo, apps })],
    ['sign out?', confirmSignOutPage({ base, person, returnTo })],
    ['error', errorPage({ base, code: 'internal', requestId, retry })],
    ['login loop', loginLoopPage({ base, app: text, cookieDomain: text, retry, requestId, now })],
    ['shell', renderPage({ base, title: text, body: html`<h1>${text}</h1>` })],
  ] as const;
};

const allowed: Readonly<Record<string, readonly string[]>> = {
  html: ['lang', 'dir'],
  meta: ['charset', 'name', 'content', 'media'],
  link: ['rel', 'href'],
  a: ['class', 'href'],
  form: ['class', 'method', 'action'],
  input: ['type', 'name', 'value'],
  button: ['class', 'type'],
  time: ['datetime', 'title'],
  svg: ['class', 'width', 'height', 'viewBox', 'aria-hidden'],
  path: ['d', 'fill', 'stroke', 'stroke-width', 'stroke-linecap', 'stroke-linejoin'],
  rect: ['width', 'height', 'fill'],
  pattern: ['id', 'width', 'height', 'patternUnits'],
  section: ['class', 'aria-labelledby'],
  ul: ['class', 'role', 'aria-label'],
  ol: ['class', 'role'],
  span: ['class', 'aria-hidden'],
  ...Object.fromEntries('head title style body header footer main'.split(' ').map((tag) => [tag, ['class']])),
  ...Object.fromEntries(
    'h1 h2 p div li dl dt dd bdi br strong small code'.split(' ').map((tag) => [tag, ['class', 'id']]),
  ),
};

/** Reads a page as tags with attributes; `rest` is what is left as text. */
function scan(page: string) {
  const tags: { tag: string; attributes: Map<string, string> }[] = [];
  const rest = page
    .replace(/<style>[^<]*<\/style>/, '<style>')
    .replace(/^<!doctype html>/, '')
    .replace(/<([a-z][a-z0-9]*)((?:\s+[a-zA-Z-]+="[^"<>]*")*)\s*\/?>/g, (_, tag: string, list: string) => {
      const attributes = list.matchAll(/([a-zA-Z-]+)="([^"]*)"/g);
      tags.push({ tag, attributes: new Map(Array.from(attributes, ([, name = '', value = '']) => [name, value])) });
      return '';
    })
    .replace(/<\/[a-z][a-z0-9]*>/g, '');
  return { tags, rest };
}

describe.each([
  ['a script', '<script>alert(1)</script>'],
  ['the end of an attribute', '"><img src=x onerror=alert(1)>'],
  ['the end of a quoted attribute', "' onmouseover='alert(1)' style='x"],
  ['the end of an element', '</title></style></bdi></main><svg onload=alert(1)>'],
  ['an entity', '&lt;script&gt; &quot;'],
  ['a template', '{{alert(1)}} <%= x %>'],
  ['a comment', '<!-- --!> ]]>'],
  ['an emoji', '👩‍👩‍👧🦊'],
  ['text from right to left', 'محمد \u202e gnp.exe'],
])('%s in every text', (_, text) => {
  it.each(pages(text))('%s: is text, and no more', async (name, rendered) => {
    const page = String(await rendered);
    const { tags, rest } = scan(page);
    expect(rest).not.toMatch(/[<>]/);
    for (const { tag, attributes } of tags) {
      expect(Object.keys(allowed)).toContain(tag);
      for (const [attribute, value] of attributes) {
        expect(allowed[tag]).toContain(attribute);
        if (attribute === 'action' || (attribute === 'href' && tag === 'a')) expect(value).toMatch(/^https:\/\//);
      }
    }
    expect(page).not.toContain('javascript:');
    // a list of sessions has words of its own, and carries their names in its forms
    const carried = tags.map(({ attributes }) => attributes.get('value')).join(' ');
    expect(unescaped(name === 'sessions' ? carried : rest)).toContain(text);
  });
});

function unescaped(text: string): string {
  const signs: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' };
  return text.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => signs[entity] ?? entity);
}

describe.each([
  ...pages('Ann Lee'),
  ...(Object.keys(failures) as FailureCode[]).map(
    (code) => [code, errorPage({ base, code, requestId: '7f3a-91c2' })] as const,
  ),
])('the page %s', (_, rendered) => {
  it('carries exactly the style that its policy allows', async () => {
    const styles = Array.from(
      String(await rendered).matchAll(/<style>([\s\S]*?)<\/style>/g),
      (match) => match[1] ?? '',
    );
    expect(styles).toHaveLength(1);
    const hash = createHash('sha256').update(styles.join(''), 'utf8').digest('base64');
    expect(contentSecurityPolicy({ formAction: ["'self'"] })).toContain(`style-src 'sha256-${hash}';`);
  });

  it('is a whole document that a screen reader can walk, under 12 KB', async () => {
    const page = String(await rendered);
    const { tags } = scan(page);
    const names = tags.map(({ tag }) => tag);
    const count = (tag: string) => names.filter((name) => name === tag).length;
    expect(page.startsWith('<!doctype html>\n<html lang="en" dir="ltr">')).toBe(true);
    expect([count('header'), count('main'), count('footer'), count('h1'), count('title')]).toEqual([1, 1, 1, 1, 1]);
    expect(page).toContain('<meta name="robots" content="noindex">');
    expect(page).toContain('<meta name="color-scheme" content="light dark">');
    const ids = tags.flatMap(({ attributes }) => attributes.get('id') ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { attributes } of tags) {
      const label = attributes.get('aria-labelledby');
      if (label !== undefined) expect(ids).toContain(label);
    }
    expect(Buffer.byteLength(page)).toBeLessThan(12 * 1024);
  });
});

describe('the policy', () => {
  const formAction = (policy: string) => /; form-action ([^;]*);/.exec(policy)?.[1];

  it('lets nothing in but the style, data: images and the forms named', () => {
    const directives = contentSecurityPolicy({ formAction: [] }).split('; ');
    expect(directives.map((directive) => directive.replace(/sha256-[\w+/=]+/, '…'))).toEqual([
      "default-src 'none'",
      "style-src '…'",
      'img-src data:',
      "form-action 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ]);
  });

  it.each([
    [["'self'"], "'self'"],
    [["'self'", 'https://notes.acme.com/a?b#c'], "'self' https://notes.acme.com"],
    [['https://notes.acme.com/a', 'https://notes.acme.com/b'], 'https://notes.acme.com'],
    [['https://*.acme.com'], 'https://*.acme.com'],
    [['http://notes.acme.localhost:4180'], 'http://notes.acme.localhost:4180'],
  ])('form-action of %j is %s', (targets, expected) => {
    expect(formAction(contentSecurityPolicy({ formAction: targets }))).toBe(expected);
  });

  it.each([
    "'self'; script-src *",
    "'unsafe-inline'",
    '*',
    'https:',
    'javascript:x',
    "https://a.test;script-src'x'",
    '',
  ])('refuses the form target %j', (target) => {
    expect(() => contentSecurityPolicy({ formAction: [target] })).toThrow(SsoError);
  });
});

it('the shell says whose page this is', async () => {
  const page = String(await renderPage({ base: 'https://app.acme.com/_sso', title: 'T', body: html`<h1>T</h1>` }));
  expect(page).toContain('You are at <strong>app.acme.com</strong>');
  const atAnApp = await renderPage({ base: 'https://app.acme.com', host: 'wiki.acme.com<', title: 'T', body: html`` });
  expect(String(atAnApp)).toContain('You are at <strong>wiki.acme.com&lt;</strong>');
  expect(page).toContain('<title>T · Crossgate</title>');
  expect(page).toMatch(/<link rel="icon" href="data:image\/svg\+xml,%3Csvg[^"<>]*">/);
});
