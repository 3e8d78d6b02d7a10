import { Hono } from 'hono';
import { finishSignIn, hosted } from './hosted-request.ts';
import { cancelUrl, errorPage, signInPage } from './pages.ts';
import type { Pool } from './pool.ts';
import { TriggerError } from './triggers.ts';

const notices: Readonly<Record<string, string>> = {
  confirmed: 'Your account is confirmed. You can sign in now.',
  reset: 'Your password has been changed. Sign in with the new one.',
};

/** `/login`, `/cancel` and `/error`. */
export function signInRoutes(pool: Pool): Hono {
  const app = new Hono();

  app.get('/login', (c) =>
    hosted(pool, c, ({ authorization, frame }) => {
      const notice = notices[c.req.query('notice') ?? ''];
      return signInPage(c, frame({ notice }), authorization.loginHint ?? '', pool.seed);
    }),
  );

  app.post('/login', (c) =>
    hosted(pool, c, async (request) => {
      const { authorization, form, frame, goTo } = request;
      const { client } = authorization;
      const username = form.get('username') ?? '';
      const refuse = (error: string) => {
        pool.report('sign-in-refused', { client: client.id, username, error });
        return signInPage(c, frame({ error }), username, pool.seed);
      };
      const account = await pool.accounts.verify(username, form.get('password') ?? '');
      if (account === undefined) return refuse('Incorrect username or password.');
      if (!account.enabled) return refuse('User is disabled.');
      if (account.status === 'FORCE_CHANGE_PASSWORD')
        return refuse('This password is temporary: ask for a lasting one.');
      if (account.status === 'UNCONFIRMED') {
        pool.browser.expectConfirmation(c, account.sub);
        return goTo('/confirmUser', { username: account.username });
      }
      try {
        await pool.triggers.postAuthentication(account, client);
      } catch (cause) {
        if (cause instanceof TriggerError) return refuse(cause.message);
        throw cause;
      }
      return finishSignIn(pool, request, account);
    }),
  );

  app.get('/cancel', (c) =>
    hosted(pool, c, ({ authorization }) => {
      pool.report('cancel', { client: authorization.client.id });
      return c.redirect(cancelUrl(authorization));
    }),
  );

  app.get('/error', (c) => errorPage(c, c.req.query('error') ?? ''));
  return app;
}
