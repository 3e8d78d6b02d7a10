import { describe, expect, it } from 'vitest';
import { attemptsIn, type Challenge, challengeOf, codeFor, postTo, seen } from './hand-off-sdk.testing.ts';
import { people } from './people.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** What a page of an app does for itself: it asks its frame or FedCM for a code, and its own server takes it. */
export function handOffSdkPageSuite(start: StartSubject): void {
  describe('a page of an app that has our filter', () => {
    const subject = subjectFor(start);

    it.each([
      ['umbrella', undefined],
      ['hooli', undefined],
      ['hooli', 'second'],
      ['vehement', undefined],
    ] as const)('%s takes the code that its page got (process: %s)', async (id, process) => {
      const { apps, browser: newBrowser, uid } = subject();
      const app = apps[id];
      const { browser, tab } = await subject().signedIn(people.ann, newBrowser(process));
      const headers = process === undefined ? {} : { 'x-suite-process': process };
      const challenge = await challengeOf(app, browser, headers);
      expect(Object.keys(challenge).sort()).toEqual(['client_id', 'code_challenge', 'nonce', 'redirect_uri', 'scope']);
      const code = await codeFor(subject(), tab, challenge);
      const answer = await postTo(app, '/sso/callback', browser, { code, nonce: challenge.nonce }, headers);
      expect(answer.status).toBe(200);
      const view = JSON.parse(answer.body) as Record<string, unknown>;
      expect(view).toEqual({
        signed_in: true,
        gateway: subject().at.gateway,
        client_id: id,
        session: expect.any(String),
        monitor: expect.any(String),
      });
      expect(attemptsIn(browser, app)).toEqual([]);
      expect(seen(await tab.goto(`${app.url}/x`)).uid).toBe(uid(people.ann));
      const session = await tab.load('fetch', `${app.url}/sso/session`);
      expect(JSON.parse(session.body)).toEqual(view);
      expect(session.headers.get('cache-control')).toBe('no-store');
      // the ticket is good for minutes, the session for longer
      await subject().pass(301);
      expect(JSON.parse((await tab.load('fetch', `${app.url}/sso/session`)).body)).toMatchObject({ signed_in: true });
      expect((await tab.load('fetch', `${app.url}/sso/session`)).body).not.toContain('monitor');
    });

    it('tells apart what several tabs try at once', async () => {
      const { apps, at, pass, signedIn, uid } = subject();
      const { browser, tab } = await signedIn();
      const challenges: Challenge[] = [];
      for (let i = 0; i < 3; i += 1) challenges.push(await challengeOf(apps.umbrella, browser));
      const begun: string[] = [];
      for (const path of ['/a', '/b', '/c']) {
        const page = await tab.goto(`${apps.umbrella.url}${path}`, { stopAt: at.gateway });
        begun.push(page.next ?? '');
      }
      expect(attemptsIn(browser, apps.umbrella)).toHaveLength(6);
      for (const challenge of challenges) {
        const code = await codeFor(subject(), tab, challenge);
        const answer = await postTo(apps.umbrella, '/sso/callback', browser, { code, nonce: challenge.nonce });
        expect(JSON.parse(answer.body)).toMatchObject({ signed_in: true });
      }
      // so many returns within a minute would be a loop
      await pass(61);
      for (const [i, path] of ['/a', '/b', '/c'].entries()) {
        const page = await tab.goto(begun[i] ?? '');
        expect([page.url, seen(page).uid]).toEqual([`${apps.umbrella.url}${path}`, uid(people.ann)]);
      }
      expect(attemptsIn(browser, apps.umbrella)).toEqual([]);
    });

    it('keeps a person’s own attempt, however often pages look in the background', async () => {
      const { apps, browser: newBrowser, provider } = subject();
      const browser = newBrowser();
      const tab = browser.tab();
      await tab.goto(`${apps.umbrella.url}/list`);
      for (let i = 0; i < 10; i += 1) await challengeOf(apps.umbrella, browser);
      expect(attemptsIn(browser, apps.umbrella)).toHaveLength(4);
      const page = await provider.signIn(tab, people.ann);
      expect(page.url).toBe(`${apps.umbrella.url}/list`);
    });
  });
}
