import type { Context } from 'hono';
import type { Account } from './accounts.ts';
import { type Authorization, readAuthorization } from './authorization.ts';
import { grantCode } from './code-grant.ts';
import { errorPage, type Frame, signInPage } from './pages.ts';
import type { Pool } from './pool.ts';
import { TriggerError } from './triggers.ts';

/** A hosted page or form, within a valid authorization request. */
export type HostedRequest = {
  readonly c: Context;
  readonly authorization: Authorization;
  /** What the form sent; empty for a page. */
  readonly form: URLSearchParams;
  frame(more?: Pick<Frame, 'error' | 'notice'>): Frame;
  /** Sends the browser to another hosted page of the same authorization request. */
  goTo(page: string, more?: Readonly<Record<string, string>>): Response;
};

/** Parameters of hosted pages that aren't the app's. */
const ownParameters = ['notice', 'username'];

/** Runs a page or form once the authorization request in its query is valid and the form is one of ours. */
export async function hosted(
  pool: Pool,
  c: Context,
  answer: (request: HostedRequest) => Promise<Response> | Response,
): Promise<Response> {
  const query = new URL(c.req.url).searchParams;
  const reading = readAuthorization(query, pool.clients);
  if (reading.kind === 'page') return c.redirect(`/error?error=${reading.error}`, 303);
  if (reading.kind === 'redirect') return c.redirect(reading.to, 303);
  const form = new URLSearchParams(c.req.method === 'POST' ? await c.req.text() : '');
  if (c.req.method === 'POST' && !pool.browser.isOwnForm(c, form.get('_csrf')))
    return errorPage(c, 'form_refused', 403);
  for (const name of ownParameters) query.delete(name);
  const csrf = pool.browser.csrfToken(c);
  const { authorization } = reading;
  return answer({
    c,
    authorization,
    form,
    frame: (more) => ({ authorization, query: `${query}`, csrf, ...more }),
    goTo: (page, more = {}) => c.redirect(`${page}?${new URLSearchParams([...query, ...Object.entries(more)])}`, 303),
  });
}

/** Signs the browser in and sends it back to the app; shows the sign-in page where a trigger objects. */
export async function finishSignIn(pool: Pool, request: HostedRequest, account: Account): Promise<Response> {
  const { c, authorization, frame } = request;
  const details = { client: authorization.client.id, username: account.username, email: account.email };
  try {
    const to = await grantCode(pool, authorization, account.sub, pool.clock());
    pool.browser.signIn(c, account.sub);
    pool.report('sign-in', details);
    return c.redirect(to, 303);
  } catch (cause) {
    if (!(cause instanceof TriggerError)) throw cause;
    pool.report('sign-in-refused', { ...details, error: cause.message });
    return signInPage(c, frame({ error: cause.message }), account.email, pool.seed);
  }
}
