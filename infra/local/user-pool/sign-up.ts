import { Hono } from 'hono';
import { type Account, type GivenAccount, LoginTaken, type NewAccount, passwordPolicy } from './accounts.ts';
import { finishSignIn, type HostedRequest, hosted } from './hosted-request.ts';
import { confirmPage, signInPage, signUpPage } from './pages.ts';
import type { Pool } from './pool.ts';
import type { UserPoolClient } from './settings.ts';
import { TriggerError } from './triggers.ts';

/** `/signup`, `/confirmUser` and `/resendcode`. */
export function signUpRoutes(pool: Pool): Hono {
  const app = new Hono();

  app.get('/signup', (c) =>
    hosted(pool, c, ({ authorization, frame }) => {
      return signUpPage(c, frame(), { name: '', email: authorization.loginHint ?? '' });
    }),
  );

  app.post('/signup', (c) =>
    hosted(pool, c, async (request) => {
      const { authorization, form, frame, goTo } = request;
      const [name, email] = [form.get('name')?.trim() ?? '', form.get('email')?.trim() ?? ''];
      const account = await signUp(pool, authorization.client, { name, email, password: form.get('password') ?? '' });
      if (typeof account === 'string') return signUpPage(c, frame({ error: account }), { name, email });
      if (account.status === 'CONFIRMED') return afterConfirmation(pool, request, account, true);
      pool.browser.expectConfirmation(c, account.sub);
      return goTo('/confirmUser', { username: account.username });
    }),
  );

  app.get('/confirmUser', (c) =>
    hosted(pool, c, ({ frame }) => {
      const username = c.req.query('username') ?? '';
      return confirmPage(c, frame(), username, addressFor(pool, { c }, username));
    }),
  );

  app.post('/confirmUser', (c) =>
    hosted(pool, c, async (request) => {
      const { form, frame } = request;
      const username = form.get('username') ?? '';
      const account = pool.accounts.find(username);
      const problem = confirm(pool, account, form.get('code') ?? '');
      if (account === undefined || problem !== undefined) {
        return confirmPage(c, frame({ error: problem }), username, addressFor(pool, request, username));
      }
      return afterConfirmation(pool, request, account, pool.browser.confirmationExpected(c, account.sub));
    }),
  );

  app.post('/resendcode', (c) =>
    hosted(pool, c, (request) => {
      const { authorization, form, frame } = request;
      const username = form.get('username') ?? '';
      const account = pool.accounts.find(username);
      if (account?.status === 'UNCONFIRMED') mailCode(pool, authorization.client, account);
      const notice = 'A new code is on its way. Older codes no longer work.';
      return confirmPage(c, frame({ notice }), username, addressFor(pool, request, username));
    }),
  );
  return app;
}

/** The new account, or what is wrong. */
async function signUp(pool: Pool, client: UserPoolClient, person: NewAccount): Promise<Account | string> {
  if (person.name === '') return 'Enter your name.';
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(person.email)) return 'Enter an email address, such as ann@example.com.';
  if (person.password.length < passwordPolicy.minLength) {
    return `Password did not conform with policy: ${passwordPolicy.says}`;
  }
  if (pool.accounts.find(person.email) !== undefined) return 'An account with the given email already exists.';
  try {
    return await register(pool, client, person);
  } catch (cause) {
    if (cause instanceof TriggerError || cause instanceof LoginTaken) return cause.message;
    throw cause;
  }
}

/**
 * Makes the account of somebody whose data were checked, and mails the code unless the pre-sign-up trigger confirms.
 *
 * @throws TriggerError, LoginTaken
 */
export async function register(
  pool: Pool,
  client: UserPoolClient,
  person: NewAccount,
  given: Pick<GivenAccount, 'username' | 'more'> = {},
): Promise<Account> {
  const { confirm, verifyEmail } = await pool.triggers.preSignUp(person, given.username ?? person.email, client);
  const account = await pool.accounts.create(person, given);
  if (confirm) pool.accounts.change(account, { status: 'CONFIRMED', emailVerified: verifyEmail });
  pool.report('sign-up', { client: client.id, username: account.username, email: account.email, confirmed: confirm });
  if (!confirm) mailCode(pool, client, account);
  return account;
}

function mailCode(pool: Pool, client: UserPoolClient, account: Account): void {
  const code = pool.accounts.issueCode(account, 'confirm-sign-up');
  pool.outbox.send({ to: account.email, purpose: 'confirm-sign-up', code });
  pool.report('code-sent', { client: client.id, username: account.username, purpose: 'confirm-sign-up' });
}

/** Confirms the account, or says what is wrong. */
function confirm(pool: Pool, account: Account | undefined, code: string): string | undefined {
  if (account === undefined) return 'Invalid verification code provided, please try again.';
  if (account.status === 'CONFIRMED') return 'User cannot be confirmed. Current status is CONFIRMED';
  const problem = pool.accounts.redeemCode(account, 'confirm-sign-up', code);
  if (problem === undefined) pool.accounts.change(account, { status: 'CONFIRMED', emailVerified: true });
  return problem;
}

/**
 * The account stays confirmed whatever the trigger says, as in Cognito.
 *
 * @param own Is this the browser that gave the password? It is signed in; any other one, which only knew the code, isn't.
 */
async function afterConfirmation(
  pool: Pool,
  request: HostedRequest,
  account: Account,
  own: boolean,
): Promise<Response> {
  const { c, authorization, frame, goTo } = request;
  pool.report('confirm', { client: authorization.client.id, username: account.username });
  try {
    await pool.triggers.postConfirmation(account, authorization.client, 'ConfirmSignUp');
  } catch (cause) {
    if (!(cause instanceof TriggerError)) throw cause;
    return signInPage(c, frame({ error: cause.message }), account.email, pool.seed);
  }
  if (!account.enabled || !own) return goTo('/login', { notice: 'confirmed' });
  return finishSignIn(pool, request, account);
}

/** The address, for the browser that signed up; others don't get to see whose username it is. */
function addressFor(pool: Pool, { c }: Pick<HostedRequest, 'c'>, username: string): string {
  const account = pool.accounts.find(username);
  const own = account !== undefined && pool.browser.confirmationExpected(c, account.sub);
  return own ? account.email : 'your email address';
}
