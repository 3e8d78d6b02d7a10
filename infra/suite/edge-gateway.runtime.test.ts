import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { textOf } from './browser.ts';
import type { Seen } from './cloudfront-server.testing.ts';
import { type EdgeBehindGateway, startEdgeBehindGateway } from './edge-gateway.testing.ts';
import { people } from './people.testing.ts';

let world: EdgeBehindGateway;
beforeAll(async () => {
  world = await startEdgeBehindGateway();
});
afterAll(async () => world.stop());
afterEach(() => vi.useRealTimers());

/** Only `Date`: sockets go on by the machine's clock. */
const pass = (seconds: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });

async function signedIn(person: (typeof people)[keyof typeof people] = people.ann, path = '/') {
  const browser = world.browser();
  const tab = browser.tab();
  await tab.goto(`${world.at.docs}${path}`);
  return { browser, tab, page: await world.provider.signIn(tab, person) };
}

describe('on Lambda@Edge, behind a gateway', () => {
  it('lets people in who sign in at the gateway, back at the page they asked for', async () => {
    const { page, browser } = await signedIn(people.bob, '/reports/2026?tab=2');
    expect(page.url).toBe(`${world.at.docs}/reports/2026?tab=2`);
    const { headers } = JSON.parse(page.body) as Seen;
    expect(headers).toMatchObject({ 'remote-email': people.bob.email, 'remote-groups': 'editor' });
    // nothing of the site's own: the company's cookie is all there is
    expect(browser.jar.sent(new URL(world.at.docs)).map(({ name }) => name)).toEqual(['__Secure-sso']);
  });

  it('asks nobody again who is signed in elsewhere', async () => {
    const browser = world.browser();
    const tab = browser.tab();
    await tab.goto(`${world.at.gateway}/login?return_to=${encodeURIComponent(`${world.at.gateway}/`)}`);
    await world.provider.signIn(tab, people.ann);
    const page = await tab.goto(`${world.at.docs}/admin/x`);
    expect(page.hops).toHaveLength(1);
    expect(page.status).toBe(200);
  });

  it('keeps out who lacks a role', async () => {
    const { tab } = await signedIn(people.bob);
    const page = await tab.goto(`${world.at.docs}/admin/x`);
    expect(page.status).toBe(403);
    expect(textOf(page.body)).toContain('does not have access');
  });

  it('has a session renewed by the gateway in its last ten minutes, and after', async () => {
    const { tab, browser } = await signedIn();
    const before = browser.jar.value('__Secure-sso', world.at.docs);
    pass(1300);
    const late = await tab.goto(`${world.at.docs}/x?y=1`);
    expect(late.hops.map(({ url }) => new URL(url).pathname)).toEqual(['/x', '/refresh', '/x']);
    expect(late.url).toBe(`${world.at.docs}/x?y=1`);
    expect(browser.jar.value('__Secure-sso', world.at.docs)).not.toBe(before);
    pass(3600);
    const expired = await tab.goto(`${world.at.docs}/x`);
    expect(expired.hops.map(({ url }) => new URL(url).pathname)).toEqual(['/x', '/refresh', '/x']);
  });

  it('signs out by the gateway, everywhere', async () => {
    const { tab, browser } = await signedIn(people.eve);
    const asked = await tab.goto(`${world.at.docs}/_sso/sign-out`);
    expect(asked.url.startsWith(`${world.at.gateway}/logout`)).toBe(true);
    await tab.submit();
    await world.provider.finishSignOut(tab);
    expect(browser.jar.sent(new URL(world.at.docs))).toEqual([]);
    const again = await tab.goto(`${world.at.docs}/x`);
    expect(again.url.startsWith(world.provider.origin)).toBe(true);
  });

  it('has no addresses for a sign-in of its own', async () => {
    const { tab } = await signedIn();
    for (const path of ['/_sso/callback?code=x&state=y', '/_sso/refresh'])
      expect(JSON.parse((await tab.goto(world.at.docs + path)).body)).toMatchObject({ path });
  });
});
