import { describe, expect, it } from 'vitest';
import { createKeyring, generateKeyFile } from '../keys/keyring.ts';
import { seal } from '../tokens/sealed.ts';
import {
  attemptCookieName,
  attemptLifetime,
  endAttempt,
  findAttempt,
  type LoginAttempt,
  startAttempt,
} from './login-attempt.ts';

const now = 1_800_000_000;
const prefix = '__Host-sso_login_';
const keys = createKeyring(JSON.stringify(generateKeyFile('EdDSA'))).sealing;
const attempt = (state: string, returnTo = 'https://notes.acme.test/'): LoginAttempt => ({
  provider: 'pool',
  state,
  nonce: 'n'.repeat(43),
  verifier: 'v'.repeat(43),
  returnTo,
});

/** A browser as far as these cookies go: keeps the order of creation. */
class Browser {
  readonly jar = new Map<string, string>();

  get header(): string {
    return [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  take(cookies: readonly string[]): void {
    for (const cookie of cookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (cookie.includes('Max-Age=0;')) this.jar.delete(name);
      else this.jar.set(name, value);
    }
  }

  async start(one: LoginAttempt, at = now, header = this.header): Promise<string[]> {
    const cookies = await startAttempt(one, header, prefix, keys, at);
    this.take(cookies);
    return cookies;
  }

  has = (state: string) => this.jar.has(attemptCookieName(prefix, state));
}

const find = (state: string, browser: Browser, at = now) => findAttempt(state, browser.header, prefix, keys, at);

describe('a login attempt', () => {
  it('is found again by its state, in this browser, for a quarter of an hour', async () => {
    const browser = new Browser();
    const [cookie] = await browser.start(attempt('s1'));
    expect(cookie).toMatch(
      /^__Host-sso_login_[A-Za-z0-9_-]{16}=[^;]+; Path=\/; Max-Age=900; Secure; HttpOnly; SameSite=Lax$/,
    );
    expect(await find('s1', browser)).toMatchObject(attempt('s1'));
    expect(await find('s1', browser, now + attemptLifetime - 1)).toBeDefined();
    expect(await find('s1', browser, now + attemptLifetime)).toBeUndefined();
  });

  it('does not disturb those of other tabs', async () => {
    const browser = new Browser();
    for (const state of ['a', 'b', 'c']) await browser.start(attempt(state, `https://notes.acme.test/${state}`));
    for (const state of ['a', 'b', 'c'])
      expect(await find(state, browser)).toMatchObject({ returnTo: `https://notes.acme.test/${state}` });
    browser.take([endAttempt('b', prefix)]);
    expect([browser.has('a'), browser.has('b'), browser.has('c')]).toEqual([true, false, true]);
  });

  it('of which there are five at most: the oldest goes', async () => {
    const browser = new Browser();
    for (let i = 1; i <= 7; i++) await browser.start(attempt(`s${i}`), now + i);
    expect([1, 2, 3, 4, 5, 6, 7].filter((i) => browser.has(`s${i}`))).toEqual([3, 4, 5, 6, 7]);
  });

  it('is the oldest by the order of the header where all began within a second', async () => {
    const browser = new Browser();
    for (let i = 1; i <= 7; i++) await browser.start(attempt(`s${i}`));
    expect([1, 2, 3, 4, 5, 6, 7].filter((i) => browser.has(`s${i}`))).toEqual([3, 4, 5, 6, 7]);
  });

  it('with a long address leaves room for fewer: 3 KB together', async () => {
    const browser = new Browser();
    const long = `https://notes.acme.test/${'x'.repeat(1000)}`;
    for (let i = 1; i <= 5; i++) await browser.start(attempt(`s${i}`, long), now + i);
    expect(browser.has('s5')).toBe(true);
    expect(browser.header.length).toBeLessThanOrEqual(3072);
    expect(await find('s5', browser, now + 5)).toMatchObject({ returnTo: long });
  });

  it('is the newest of sixty that a restored window started at once', async () => {
    const browser = new Browser();
    for (let i = 1; i <= 60; i++) await browser.start(attempt(`s${i}`), now + Math.floor(i / 20), '');
    expect(browser.jar.size).toBe(60);
    const cookies = await browser.start(attempt('new'), now + 9);
    expect(browser.jar.size).toBe(5);
    expect(['s57', 's58', 's59', 's60', 'new'].every((state) => browser.has(state))).toBe(true);
    expect(cookies).toHaveLength(57);
  });

  it('clears those that cannot be opened any more', async () => {
    const browser = new Browser();
    await browser.start(attempt('old'), now - attemptLifetime);
    browser.jar.set(attemptCookieName(prefix, 'rotten'), 'rubbish');
    await browser.start(attempt('new'));
    expect([...browser.jar.keys()]).toEqual([attemptCookieName(prefix, 'new')]);
  });

  it('answers a thousand made-up cookies with a bounded header', async () => {
    const header = Array.from({ length: 1000 }, (_, i) => `${attemptCookieName(prefix, `${i}`)}=x`).join('; ');
    const cookies = await startAttempt(attempt('new'), header, prefix, keys, now);
    expect(cookies.length).toBeLessThanOrEqual(65);
  });

  it('leaves cookies alone that only begin alike', async () => {
    const header = `${prefix}short=a; ${prefix}${'x'.repeat(17)}=b; ${prefix}with spaces 1234=c; __Host-sso=d`;
    expect(await startAttempt(attempt('new'), header, prefix, keys, now)).toHaveLength(1);
  });
});

describe('an attacker', () => {
  it("sends a victim to the callback with the state of the attacker's browser", async () => {
    const [attacker, victim] = [new Browser(), new Browser()];
    await attacker.start(attempt('evil'));
    expect(await find('evil', victim)).toBeUndefined();
    await victim.start(attempt('own'));
    expect(await find('evil', victim)).toBeUndefined();
  });

  it('puts a good attempt under the name of another state', async () => {
    const browser = new Browser();
    const sealed = await seal(keys, 'login-attempt', attempt('one'), now, now + 60);
    browser.jar.set(attemptCookieName(prefix, 'two'), sealed);
    expect(await find('two', browser)).toBeUndefined();
  });

  it('adds a second value under the same name', async () => {
    const browser = new Browser();
    await browser.start(attempt('s'));
    const other = await seal(keys, 'login-attempt', attempt('s', 'https://evil.test/'), now, now + 60);
    const header = `${browser.header}; ${attemptCookieName(prefix, 's')}=${other}`;
    expect(await findAttempt('s', header, prefix, keys, now)).toBeUndefined();
  });

  it.each([
    [
      'changes the cookie',
      (value: string) => `${value.slice(0, 60)}${value[60] === 'A' ? 'B' : 'A'}${value.slice(61)}`,
    ],
    ['cuts the cookie', (value: string) => value.slice(0, -10)],
    ['empties the cookie', () => ''],
    ['quotes the cookie', (value: string) => `"${value}"`],
  ])('%s', async (_, change) => {
    const browser = new Browser();
    await browser.start(attempt('s'));
    const name = attemptCookieName(prefix, 's');
    browser.jar.set(name, change(browser.jar.get(name) ?? ''));
    expect(await find('s', browser)).toBeUndefined();
  });

  it.each(['', '__proto__', '../../etc', 'a'.repeat(100_000), '\u0000', '💥', '; Path=/evil'])(
    'sends the state %j',
    async (state) => {
      const browser = new Browser();
      await browser.start(attempt('s'));
      expect(await find(state.slice(0, 100_000), browser)).toBeUndefined();
      expect(attemptCookieName(prefix, state)).toMatch(/^__Host-sso_login_[A-Za-z0-9_-]{16}$/);
    },
  );

  it.each(['provider', 'nonce', 'verifier', 'returnTo'])('has one of an older version, without %s', async (field) => {
    const browser = new Browser();
    const odd = await seal(keys, 'login-attempt', { ...attempt('s'), [field]: undefined }, now, now + 60);
    browser.jar.set(attemptCookieName(prefix, 's'), odd);
    expect(await find('s', browser)).toBeUndefined();
  });

  it('presents a host session as an attempt', async () => {
    const browser = new Browser();
    browser.jar.set(attemptCookieName(prefix, 's'), await seal(keys, 'host-session', attempt('s'), now, now + 60));
    expect(await find('s', browser)).toBeUndefined();
  });

  it('brings an attempt of another environment', async () => {
    const staging = createKeyring(JSON.stringify(generateKeyFile('EdDSA'))).sealing;
    const browser = new Browser();
    browser.take(await startAttempt(attempt('s'), '', prefix, staging, now));
    expect(await find('s', browser)).toBeUndefined();
  });
});
