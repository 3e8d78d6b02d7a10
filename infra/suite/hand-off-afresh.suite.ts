import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { answerOf, authorizeRequest, redeem } from './relying-parties.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

/** What an app gets that wants a person signed in afresh, where provider or browser would rather not. */
export function afreshSuite(start: StartSubject): void {
  describe('a sign-in afresh', () => {
    const subject = subjectFor(start);
    const login = async (changes: Record<string, string>, of?: string) => {
      const { at, parties, signedIn } = subject();
      const { tab } = await signedIn();
      const request = authorizeRequest(subject(), parties.globex, changes);
      const page = await tab.goto(of ?? request.url, { stopAt: `${at.gateway}/login` });
      return { tab, request, next: new URL(page.next ?? 'none:') };
    };

    it('that the provider only pretends is told to the app, and asked for once', async () => {
      const { at, now, parties, rogue } = subject();
      rogue.misbehave({ claims: { auth_time: now() - 3600 } });
      try {
        const { tab, next } = await login({ prompt: 'login' });
        expect(next.searchParams.get('prompt')).toBe('login');
        next.searchParams.set('provider', 'rogue');
        const page = await tab.goto(next.href, { stopAt: parties.globex.origin });
        expect(answerOf(page).get('error')).toBe('login_required');
        expect(page.hops.filter(({ url }) => url.startsWith(`${at.gateway}/login`))).toHaveLength(1);
      } finally {
        rogue.misbehave();
      }
    });

    it('is not what a provider did that doesn’t say when it asked, now or by an address kept from before', async () => {
      const { at, parties, rogue } = subject();
      rogue.misbehave({ claims: { auth_time: undefined } });
      try {
        const { tab, next } = await login({ prompt: 'login' });
        next.searchParams.set('provider', 'rogue');
        const page = await tab.goto(next.href, { stopAt: parties.globex.origin });
        expect(answerOf(page).get('error')).toBe('login_required');
        const kept = await tab.goto(next.searchParams.get('return_to') ?? '', { stopAt: parties.globex.origin });
        expect(answerOf(kept).get('error')).toBe('login_required');
        const limited = authorizeRequest(subject(), parties.globex, { max_age: '86400', prompt: 'none' });
        const late = await tab.goto(limited.url, { stopAt: parties.globex.origin });
        expect(answerOf(late).get('error')).toBe('login_required');
        // whoever asks for no more gets in, and is told nothing made up
        await subject().pass(61); // so many automatic returns would be a loop
        const plain = authorizeRequest(subject(), parties.globex);
        const heard = await tab.goto(plain.url, { stopAt: parties.globex.origin });
        const { body } = await redeem(subject(), parties.globex, { ...plain, answer: answerOf(heard) });
        expect(decodeJwt(JSON.parse(body).id_token)).not.toHaveProperty('auth_time');
        expect((await tab.goto(`${at.gateway}/`)).body).not.toContain('Signed in <time');
      } finally {
        rogue.misbehave();
      }
    });

    it('is not satisfied by an address that says so itself, nor by one made for another request', async () => {
      const { at, ask } = subject();
      const { next } = await login({ prompt: 'login' });
      const resume = new URL(next.searchParams.get('return_to') ?? '').searchParams.get('resume') ?? '';
      for (const forged of ['x', '1', resume.slice(0, -2), resume]) {
        const { browser, request } = {
          ...(await login({ prompt: 'login' })),
          browser: (await subject().signedIn()).browser,
        };
        const cookie = browser.jar.header(new URL(at.gateway)) ?? '';
        const answer = await ask(`${request.url}&resume=${forged}`, { headers: { ...navigation, cookie } });
        expect(answer.headers.get('location')).toContain(`${at.gateway}/login?`);
      }
    });

    it('by somebody without a session is begun without asking the provider to ask', async () => {
      const { at, browser, parties } = subject();
      const request = authorizeRequest(subject(), parties.globex);
      const page = await browser()
        .tab()
        .goto(request.url, { stopAt: `${at.gateway}/login` });
      expect(new URL(page.next ?? '').searchParams.has('prompt')).toBe(false);
    });
  });
}
