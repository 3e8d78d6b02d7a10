import { Hono } from 'hono';
import { passwordPolicy } from './accounts.ts';
import { hosted } from './hosted-request.ts';
import { forgotPasswordPage, resetPasswordPage } from './pages.ts';
import type { Pool } from './pool.ts';
import { TriggerError } from './triggers.ts';

/** `/forgotPassword` and `/confirmForgotPassword`. Neither tells whether an account exists. */
export function forgotPasswordRoutes(pool: Pool): Hono {
  const app = new Hono();

  app.get('/forgotPassword', (c) =>
    hosted(pool, c, ({ authorization, frame }) => forgotPasswordPage(c, frame(), authorization.loginHint ?? '')),
  );

  app.post('/forgotPassword', (c) =>
    hosted(pool, c, ({ authorization, form, frame, goTo }) => {
      const username = form.get('username')?.trim() ?? '';
      if (username === '') return forgotPasswordPage(c, frame({ error: 'Enter your email address.' }), '');
      const account = pool.accounts.find(username);
      if (account?.enabled && account.emailVerified) {
        const code = pool.accounts.issueCode(account, 'reset-password');
        pool.outbox.send({ to: account.email, purpose: 'reset-password', code });
        const details = { client: authorization.client.id, username: account.username, purpose: 'reset-password' };
        pool.report('code-sent', details);
      }
      return goTo('/confirmForgotPassword', { username });
    }),
  );

  app.get('/confirmForgotPassword', (c) =>
    hosted(pool, c, ({ frame }) => resetPasswordPage(c, frame(), c.req.query('username') ?? '')),
  );

  app.post('/confirmForgotPassword', (c) =>
    hosted(pool, c, async ({ authorization, form, frame, goTo }) => {
      const [username, password] = [form.get('username') ?? '', form.get('password') ?? ''];
      const refuse = (error: string) => resetPasswordPage(c, frame({ error }), username);
      // First: a code that was right must not be lost to a password that is too short.
      if (password.length < passwordPolicy.minLength) {
        return refuse(`Password did not conform with policy: ${passwordPolicy.says}`);
      }
      const account = pool.accounts.find(username);
      if (account === undefined) return refuse('Invalid code provided, please request a code again.');
      const problem = pool.accounts.redeemCode(account, 'reset-password', form.get('code') ?? '');
      if (problem !== undefined) return refuse(problem);
      await pool.accounts.setPassword(account, password);
      pool.report('password-reset', { client: authorization.client.id, username: account.username });
      try {
        await pool.triggers.postConfirmation(account, authorization.client, 'ConfirmForgotPassword');
      } catch (cause) {
        if (cause instanceof TriggerError) return refuse(cause.message);
        throw cause;
      }
      return goTo('/login', { notice: 'reset' });
    }),
  );
  return app;
}
