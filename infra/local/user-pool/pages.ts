import type { Context } from 'hono';
import { html } from 'hono/html';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { passwordPolicy } from './accounts.ts';
import { type Authorization, returnUrl } from './authorization.ts';
import { type Markup, page } from './page-layout.ts';
import type { SeedAccount } from './settings.ts';

/** What every page of a sign-in needs. */
export type Frame = {
  readonly authorization: Authorization;
  /** The authorization request as it came: all links and forms carry it along. */
  readonly query: string;
  readonly csrf: string;
  readonly error?: string | undefined;
  readonly notice?: string | undefined;
  readonly status?: ContentfulStatusCode;
};

/** @param username As typed before, or the request's `login_hint`. */
export function signInPage(
  c: Context,
  frame: Frame,
  username: string,
  seed: readonly SeedAccount[],
): Promise<Response> {
  const { query } = frame;
  const focus = username === '' ? 'username' : 'password';
  const body = html`${form(frame, `/login?${query}`, [
    field({
      name: 'username',
      label: 'Email',
      type: 'email',
      value: username,
      complete: 'username',
      focus: focus === 'username',
    }),
    field({
      name: 'password',
      label: 'Password',
      type: 'password',
      complete: 'current-password',
      focus: focus === 'password',
    }),
    html`<button>Sign in</button>`,
    html`<a class="button quiet" href="/cancel?${query}">Cancel</a>`,
  ])}
<div class="links">
<p><a href="/forgotPassword?${query}">Forgot your password?</a></p>
<p><a href="/signup?${query}">Create an account</a></p>
</div>
${seed.length === 0 ? '' : seedHints(query, seed)}`;
  return page(c, {
    ...shown(frame),
    title: 'Sign in',
    lead: to(frame),
    body,
    ...(seed.length > 0 && { script: fillScript }),
  });
}

/** @param typed What was in the fields before; never the password. */
export function signUpPage(c: Context, frame: Frame, typed: { name: string; email: string }): Promise<Response> {
  const body = html`${form(frame, `/signup?${frame.query}`, [
    field({ name: 'name', label: 'Name', type: 'text', value: typed.name, complete: 'name', focus: typed.name === '' }),
    field({ name: 'email', label: 'Email', type: 'email', value: typed.email, complete: 'username' }),
    newPasswordField,
    html`<button>Create account</button>`,
  ])}
<div class="links"><p>Already have an account? <a href="/login?${frame.query}">Sign in</a></p></div>`;
  return page(c, { ...shown(frame), title: 'Create an account', lead: to(frame), body });
}

/** @param username Whose address is to be confirmed. */
export function confirmPage(c: Context, frame: Frame, username: string, email: string): Promise<Response> {
  const body = html`${form(frame, `/confirmUser?${frame.query}`, [
    html`<input type="hidden" name="username" value="${username}">`,
    codeField,
    html`<button>Confirm account</button>`,
  ])}
${form(frame, `/resendcode?${frame.query}`, [
  html`<input type="hidden" name="username" value="${username}">`,
  html`<button class="quiet">Send a new code</button>`,
])}
${outboxLink}`;
  return page(c, { ...shown(frame), title: 'Confirm your account', lead: html`We sent a code to ${email}.`, body });
}

/** @param username As typed before, or the request’s `login_hint`. */
export function forgotPasswordPage(c: Context, frame: Frame, username: string): Promise<Response> {
  const body = html`${form(frame, `/forgotPassword?${frame.query}`, [
    field({ name: 'username', label: 'Email', type: 'email', value: username, complete: 'username', focus: true }),
    html`<button>Send a code</button>`,
  ])}
<div class="links"><p><a href="/login?${frame.query}">Back to sign in</a></p></div>`;
  return page(c, {
    ...shown(frame),
    title: 'Forgot your password?',
    lead: 'We send a code to your email address.',
    body,
  });
}

/** @param username Whoever asked for a code, whether they have an account or not. */
export function resetPasswordPage(c: Context, frame: Frame, username: string): Promise<Response> {
  const body = html`${form(frame, `/confirmForgotPassword?${frame.query}`, [
    html`<input type="hidden" name="username" value="${username}">`,
    codeField,
    newPasswordField,
    html`<button>Change password</button>`,
  ])}
${outboxLink}
<div class="links"><p><a href="/forgotPassword?${frame.query}">Send a new code</a></p></div>`;
  const lead = html`If there is an account for ${username}, a code is on its way.`;
  return page(c, { ...shown(frame), title: 'Choose a new password', lead, body });
}

const errors: Record<string, string> = {
  redirect_mismatch: 'The address to return to is not registered for this app.',
  client_not_found: 'There is no app client with this id.',
  invalid_request: 'The request lacks its client_id or redirect_uri.',
  logout_uri_missing: 'The request needs either logout_uri, or redirect_uri and response_type.',
  form_refused: 'This form was not sent from a page of this pool, or cookies are off.',
};

/** @param error A code; one we don't know is shown as `invalid_request`. */
export function errorPage(c: Context, error: string, status: ContentfulStatusCode = 400): Promise<Response> {
  const code = Object.hasOwn(errors, error) ? error : 'invalid_request';
  const body = html`<p class="hint">Go back to the app and start again. Whoever runs it can look the code up: <code>${code}</code></p>`;
  return page(c, { title: 'Something is wrong with this link', error: errors[code], body, status });
}

function shown({ error, notice, status = error === undefined ? 200 : 400 }: Frame) {
  return { error, notice, status };
}

function to({ authorization: { client } }: Frame): Markup {
  return html`to continue to ${client.name ?? client.id}`;
}

function form({ csrf }: Frame, action: string, parts: readonly Markup[]): Markup {
  return html`<form method="post" action="${action}"><input type="hidden" name="_csrf" value="${csrf}">${parts}</form>`;
}

type Field = {
  readonly name: string;
  readonly label: string;
  readonly type: 'text' | 'email' | 'password';
  readonly value?: string;
  readonly complete: string;
  readonly focus?: boolean;
};

function field({ name, label, type, value = '', complete, focus = false }: Field): Markup {
  const start = focus ? html` autofocus` : '';
  return html`<div><label for="${name}">${label}</label>
<input id="${name}" name="${name}" type="${type}" value="${value}" autocomplete="${complete}" required${start}></div>`;
}

const newPasswordField = html`<div><label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="new-password" minlength="${passwordPolicy.minLength}" aria-describedby="policy" required>
<p class="hint" id="policy">${passwordPolicy.says}</p></div>`;

const codeField = html`<div><label for="code">Code</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 ]*" maxlength="10" required autofocus></div>`;

const outboxLink = html`<div class="links"><p>Nothing is really mailed: the code is in the <a href="/outbox" target="_blank">outbox</a>.</p></div>`;

/** Without script the links still fill in the email. */
function seedHints(query: string, seed: readonly SeedAccount[]): Markup {
  const link = (email: string) => {
    const params = new URLSearchParams(query);
    params.set('login_hint', email);
    return `/login?${params}`;
  };
  const [first] = seed;
  const shared = seed.every(({ password }) => password === first?.password) ? first?.password : undefined;
  return html`<section class="seeds" aria-labelledby="seeds"><h2 id="seeds">Accounts to try</h2>
${shared === undefined ? '' : html`<p class="hint">Password: <code>${shared}</code></p>`}
<ul>${seed.map(
    ({ email, name, password }) =>
      html`<li><a class="button quiet" href="${link(email)}" data-email="${email}" data-password="${password}"><span>${name}</span><span>${email}</span></a></li>`,
  )}</ul></section>`;
}

const fillScript = `
for (const link of document.querySelectorAll('[data-email]')) link.addEventListener('click', (event) => {
  event.preventDefault();
  document.getElementById('username').value = link.dataset.email;
  document.getElementById('password').value = link.dataset.password;
  document.querySelector('form button').focus();
});`;

/** Where "Cancel" goes. Cognito's own page has no such link. */
export function cancelUrl({ redirectUri, state }: Authorization): string {
  return returnUrl(redirectUri, { error: 'access_denied', error_description: 'The person cancelled', state });
}
