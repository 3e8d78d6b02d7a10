import { describe, expect, it } from 'vitest';
import { textOf } from './browser.ts';
import type { EdgeSite } from './edge-site.testing.ts';
import { answerTo, isIn, names, seen, statement } from './edge-site-looking.testing.ts';
import { people } from './people.testing.ts';

/** How a site signs people in by itself, and what its origin gets to know. */
export function siteSignInSuite(the: () => EdgeSite): void {
  describe('signing in', () => {
    it('leads back to exactly the page that was asked for', async () => {
      const { page, browser } = await the().signedIn(people.ann, the().browser(), '/reports/a%20b?tab=2&q=%E2%82%AC');
      expect(page.url).toBe(`${the().at}/reports/a%20b?tab=2&q=%E2%82%AC`);
      const { headers } = seen(page);
      expect(headers['remote-email']).toBe(people.ann.email);
      expect(headers['remote-user']).toBe(statement(browser, the())?.sub);
      if (the().provider.triggers) expect(headers['remote-groups']).toBe('admin');
      else expect(headers['remote-user']).toBe(people.ann.sub);
    });

    it('leaves two cookies of that one host, which no script reads', async () => {
      const { browser } = await the().signedIn();
      expect(names(browser, the())).toEqual(['__Host-site', '__Host-site_session']);
      for (const cookie of browser.jar.sent(new URL(the().at)))
        expect(cookie).toMatchObject({ hostOnly: true, secure: true, httpOnly: true, sameSite: 'lax', path: '/' });
    });

    it('says nothing of a gateway: issuer, audience and type are the site’s own', async () => {
      const { browser } = await the().signedIn();
      const token = browser.jar.value('__Host-site', the().at) ?? '';
      const { iat = 0, auth_time, ...claims } = statement(browser, the()) ?? {};
      expect(claims).toMatchObject({ iss: the().at, aud: the().at });
      expect(iat - Number(auth_time)).toBeLessThan(30);
      const [header = ''] = token.split('.');
      expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toMatchObject({
        typ: 'site+jwt',
        alg: 'ES256',
      });
    });

    it('hides the refresh token in what only these functions open', async () => {
      const { browser } = await the().signedIn();
      const all = browser.jar.header(new URL(the().at)) ?? '';
      expect(all).not.toMatch(/refresh_token|refreshToken/);
      expect(browser.jar.value('__Host-site_session', the().at)).toMatch(/^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/);
    });

    it('asks the provider with state, nonce and PKCE', async () => {
      const tab = the().browser().tab();
      const page = await tab.goto(`${the().at}/x`, { stopAt: the().provider.origin });
      const asked = new URL(page.next ?? '').searchParams;
      expect(asked.get('code_challenge_method')).toBe('S256');
      expect(asked.get('code_challenge')).toMatch(/^[\w-]{43}$/);
      expect((asked.get('state') ?? '').length).toBeGreaterThan(30);
      expect((asked.get('nonce') ?? '').length).toBeGreaterThan(30);
      expect(asked.get('redirect_uri')).toBe(`${the().at}/callback/acme`);
    });

    it('works in two tabs at once', async () => {
      const browser = the().browser();
      const [one, other] = [browser.tab(), browser.tab()];
      await one.goto(`${the().at}/one`);
      await other.goto(`${the().at}/other`);
      expect(await the().provider.signIn(one, people.bob)).toMatchObject({ url: `${the().at}/one` });
      const second = await other.goto(`${the().at}/other`);
      expect(second.url).toBe(`${the().at}/other`);
      expect(isIn(second, the())).toBe(true);
    });

    it('that is cancelled or made up ends on a page, with a code', async () => {
      const tab = the().browser().tab();
      const begun = await tab.goto(`${the().at}/x`, { stopAt: the().provider.origin });
      const page = await tab.goto(answerTo(begun, { error: 'access_denied' }, the()));
      expect(page.status).toBe(403);
      expect(textOf(page.body)).toContain('login_cancelled');
    });
  });

  describe('roles', () => {
    it('keep out who has none', async () => {
      const { tab } = await the().signedIn(people.cyd);
      const page = await tab.goto(`${the().at}/admin/x`);
      expect(page.status).toBe(403);
      expect(textOf(page.body)).toContain('does not have access');
    });
  });

  it('dresses the answers of the origin, and keeps what it set', async () => {
    const page = await the().browser().tab().goto(`${the().at}/open/x`);
    expect(page.status).toBe(200);
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(page.headers.get('cache-control')).toBe('max-age=604800');
  });
}
