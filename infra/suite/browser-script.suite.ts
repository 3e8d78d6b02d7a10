import { describe, expect, it } from 'vitest';
import { browserScript } from '../../gateway/frame/browser-script.generated.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** The script for pages of apps on other domains, as the gateway sends it. */
export function browserScriptSuite(start: StartSubject): void {
  describe('the browser script', () => {
    const subject = subjectFor(start);
    const get = (headers: Record<string, string> = {}, method = 'GET') =>
      subject().ask('/browser.js', { method, headers });

    it('is a module that every page may import, and keep for five minutes', async () => {
      const answer = await get({
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'cors',
        'sec-fetch-dest': 'script',
      });
      expect([answer.status, answer.body]).toEqual([200, browserScript]);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'content-type': 'text/javascript; charset=utf-8',
        'access-control-allow-origin': '*',
        'cross-origin-resource-policy': 'cross-origin',
        'cache-control': 'public, max-age=300',
        'x-content-type-options': 'nosniff',
        etag: expect.stringMatching(/^"[\w-]{43}"$/),
      });
    });

    it('sets no cookie and is the same for everybody', async () => {
      const answer = await get({ cookie: '__Host-sso=anything', origin: 'https://evil.example' });
      expect(answer.headers.get('set-cookie')).toBeNull();
      expect(answer.headers.get('vary')).toBeNull();
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    });

    it.each<[string, (etag: string) => string, number]>([
      ['its own', (etag) => etag, 304],
      ['its own among others', (etag) => `"another", ${etag}`, 304],
      ['its own as a compressing proxy has it', (etag) => `W/${etag}`, 304],
      ['anything', () => '*', 304],
      ['another', () => '"another"', 200],
      ['its own in part', (etag) => `${etag.slice(0, -2)}"`, 200],
    ])('whoever has %s gets what they lack', async (_, tagOf, status) => {
      const etag = (await get()).headers.get('etag') ?? '';
      const answer = await get({ 'if-none-match': tagOf(etag) });
      expect([answer.status, answer.headers.get('etag')]).toEqual([status, etag]);
      expect(answer.body.length > 0).toBe(status === 200);
    });

    it('takes no other method', async () => {
      const answer = await get({}, 'POST');
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    });
  });
}
