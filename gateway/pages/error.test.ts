import { describe, expect, it } from 'vitest';
import { type Failure, type FailureCode, failures } from '../../shared/errors.ts';
import { errorPage } from './error.ts';
import { loginLoopPage } from './login-loop.ts';

const base = 'https://auth.acme.com';
const requestId = '7f3a-91c2';
const retry = { href: 'https://notes.acme.com/' };
const show = async (code: FailureCode, more: Partial<Parameters<typeof errorPage>[0]> = {}) =>
  String(await errorPage({ base, code, requestId, ...more }));
const text = (page: string) => page.replace(/<[^>]*>/g, '').replaceAll('&#39;', "'");
const buttons = (page: string) =>
  Array.from(page.matchAll(/<a class="button[^"]*" href="([^"]*)">([^<]*)<\/a>/g), ([, href, label]) => [label, href]);

describe.each(Object.entries(failures) as [FailureCode, Failure][])('%s', (code, failure) => {
  it('says the sentence and the hint of the table, and what to quote', async () => {
    const page = text(await show(code));
    for (const part of failure.says.replaceAll('`', '').split(/\.\s?/)) expect(page).toContain(part);
    if (failure.hint) expect(page).toContain(failure.hint);
    if (failure.retryAfter) expect(page).toContain(`Wait ${failure.retryAfter} seconds`);
    expect(page).toContain(code);
    expect(page).toContain(requestId);
  });

  it('offers a way on, as the first button', async () => {
    expect(buttons(await show(code)).length).toBeGreaterThan(0);
    expect(buttons(await show(code, { retry }))[0]?.[1]).toBe(retry.href);
  });
});

it.each([
  ['forbidden', 'shut'],
  ['account_disabled', 'shut'],
  ['login_cancelled', 'calm'],
  ['not_found', 'calm'],
  ['return_url_refused', 'calm'],
  ['provider_unavailable', 'wait'],
  ['internal', 'wait'],
] as const)('the tone of %s is %s', async (code, tone) => {
  expect(await show(code)).toContain(`<body class="${tone}">`);
});

it.each([
  ['login_attempt_used', 'Continue', 'https://auth.acme.com/'],
  [
    'account_disabled',
    'Use another account',
    'https://auth.acme.com/login?return_to=https%3A%2F%2Fauth.acme.com%2F&amp;prompt=login',
  ],
  ['not_found', 'Go to your apps', 'https://auth.acme.com/'],
] as const)('%s by itself offers “%s” alone', async (code, label, href) => {
  expect(buttons(await show(code))).toEqual([[label, href]]);
});

it.each([
  ['session_expired', 'Sign in'],
  ['login_cancelled', 'Sign in again'],
  ['provider_unavailable', 'Try again'],
] as const)('the retry of %s is called “%s”, then comes the home', async (code, label) => {
  expect(buttons(await show(code, { retry }))).toEqual([
    [label, retry.href],
    ['Go to your apps', 'https://auth.acme.com/'],
  ]);
});

it('the caller names the retry, leaves out the home, or has neither', async () => {
  expect(buttons(await show('internal', { retry: { ...retry, label: 'Back to Notes' }, home: false }))).toEqual([
    ['Back to Notes', retry.href],
  ]);
  const bare = await show('internal', { home: false });
  expect(bare).not.toContain('class="actions"');
});

it('a retry that is no web page is no link, and the home takes its place', async () => {
  const page = await show('internal', { retry: { href: 'javascript:alert(1)', label: 'x' } });
  expect(page).toContain('<a class="button" href="https://auth.acme.com/">Go to your apps</a>');
});

it('what stands between backticks is shown as code', async () => {
  expect(await show('migrations_pending')).toContain('Run <code>crossgate migrate</code>.');
});

describe('the page that ends a sign-in loop', () => {
  it('names the likely causes, the app, the domain and the time', async () => {
    const now = 1_772_719_380;
    const page = String(await loginLoopPage({ base, app: 'Notes', cookieDomain: 'acme.com', retry, requestId, now }));
    const causes = Array.from(page.matchAll(/<h2>([^<]*)<\/h2>/g), ([, cause]) => cause);
    expect(causes).toEqual([
      'Cookies are blocked',
      'An old cookie is in the way',
      'This computer’s clock is wrong',
      'Another app overwrites the cookie',
    ]);
    expect(text(page)).toContain('Notes asked for it again');
    expect(text(page)).toContain('Clear the cookies of acme.com.');
    expect(text(page)).toContain('Our clock says 14:03 UTC.');
    expect(buttons(page)).toEqual([['Try again', retry.href]]);
    expect(page).toContain('<code>login_loop</code>');
    expect(page).toContain(requestId);
  });

  it('knows neither app, domain nor time: still says what to do', async () => {
    const page = text(String(await loginLoopPage({ base, retry, requestId })));
    expect(page).toContain('but the app asked for it again');
    expect(page).toContain('Clear the cookies of auth.acme.com.');
    expect(page).not.toContain('Our clock');
  });
});
