import { afterEach, describe, expect, it } from 'vitest';
import { failures } from '../../shared/errors.ts';
import { textOf } from './browser.ts';
import { domainCookieOf, sessionOf } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

const minute = 60;

/** Our trigger at a user pool fails. Cognito answers `invalid_grant` then, as it does for a token that is worth nothing. */
export function triggerSuite(start: StartSubject): void {
  describe('while our trigger at the provider fails', () => {
    const subject = subjectFor(start);
    afterEach(() => subject().provider.breakTrigger?.());
    const passing = [
      failures.directory_unavailable.says,
      failures.internal.says,
      'Task timed out after 5.00 seconds',
      'connect ECONNREFUSED 10.0.0.1:5432',
    ];

    it.each(passing)('a session goes on, since that is no answer about the person: %s', async (message) => {
      const { at, pass, provider, now, signedIn } = subject();
      const { browser, tab } = await signedIn();
      await pass(61 * minute);
      provider.breakTrigger?.(message);
      expect((await tab.goto(`${at.notes}/`)).status).toBe(200);
      expect((domainCookieOf(browser, at.notes)?.exp ?? 0) - now()).toBeLessThanOrEqual(300);
      provider.breakTrigger?.();
      await pass(4 * minute);
      expect((await tab.goto(`${at.notes}/`)).status).toBe(200);
      expect((domainCookieOf(browser, at.notes)?.exp ?? 0) - now()).toBeGreaterThan(29 * minute);
    });

    it.each([failures.account_disabled.says, failures.account_unknown.says])(
      'a session ends where the trigger has a final answer: %s',
      async (message) => {
        const { pass, provider, signedIn } = subject();
        const { browser } = await signedIn();
        await pass(61 * minute);
        provider.breakTrigger?.(message);
        expect(await sessionOf(browser, subject())).toBeUndefined();
        provider.breakTrigger?.();
        expect(await sessionOf(browser, subject())).toBeUndefined();
      },
    );

    it.each([
      [failures.directory_unavailable.says, 503, 'directory_unavailable'],
      [failures.account_disabled.says, 403, 'account_disabled'],
      ['something that no trigger of ours says', 403, 'login_refused'],
    ])('a sign-in of somebody whom the pool remembers is answered with a page: %s', async (message, status, code) => {
      const { at, browser, provider, signedIn } = subject();
      const { browser: one } = await signedIn(people.ann, browser());
      for (const name of ['__Host-sso', '__Secure-sso']) one.jar.forget(name);
      provider.breakTrigger?.(message);
      const page = await one.tab().goto(`${at.notes}/`);
      expect(page.status).toBe(status);
      expect(textOf(page.body)).toContain(code);
      expect(await sessionOf(one, subject())).toBeUndefined();
    });
  });
}
