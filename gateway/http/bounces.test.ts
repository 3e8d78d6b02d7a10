import { describe, expect, it } from 'vitest';
import { createKeyring, generateKeyFile } from '../../shared/keys/keyring.ts';
import { countBounce } from './bounces.ts';

const start = 1_800_000_000;
const name = '__Host-sso_bounces';
const keys = createKeyring(JSON.stringify(generateKeyFile('ES256'))).sealing;
const notes = 'https://notes.acme.test';

/** Returns to apps at these seconds, with the cookie of each handed on to the next. Says which ones were loops. */
async function loops(returns: readonly (readonly [number, string])[]): Promise<boolean[]> {
  const found: boolean[] = [];
  let header: string | undefined;
  for (const [second, origin] of returns) {
    const bounce = await countBounce(origin, header, name, keys, start + second);
    found.push(bounce.looping);
    header = bounce.cookie.split(';')[0];
  }
  return found;
}
const to = (app: string, ...seconds: number[]) => seconds.map((second) => [second, app] as const);

describe('automatic returns', () => {
  it.each<[string, (readonly [number, string])[], number]>([
    ['three in a minute are none', to(notes, 0, 1, 2), -1],
    ['the fourth in a minute is one', to(notes, 0, 1, 2, 3), 3],
    ['the fourth in the last second of the minute is one', to(notes, 0, 1, 2, 59), 3],
    ['the fourth when the first is a minute old is none', to(notes, 0, 1, 2, 60), -1],
    ['one every twenty seconds is none', to(notes, 0, 20, 40, 60, 80, 100, 120), -1],
    ['those to other apps do not count', [...to(notes, 0, 1, 2), ...to('https://photos.acme.test', 3, 4, 5)], -1],
    [
      'each app has its own count',
      [...to(notes, 0, 1), ...to('https://photos.acme.test', 2, 3), ...to(notes, 4, 5)],
      5,
    ],
    ['after one it starts anew', to(notes, 0, 1, 2, 3, 4, 5, 6), 3],
  ])('make a loop: %s', async (_, returns, at) => {
    expect((await loops(returns)).indexOf(true)).toBe(at);
  });

  it('are counted for the latest apps, and the cookie stays small', async () => {
    let header: string | undefined;
    for (let i = 0; i < 40; i++) {
      const origin = `https://${'a'.repeat(60)}-${i}.acme.test`;
      for (let k = 0; k < 3; k++) {
        const bounce = await countBounce(origin, header, name, keys, start + k);
        expect(bounce.looping).toBe(false);
        expect(bounce.cookie.length).toBeLessThan(3000);
        header = bounce.cookie.split(';')[0];
      }
    }
    expect((await countBounce(`https://${'a'.repeat(60)}-39.acme.test`, header, name, keys, start + 3)).looping).toBe(
      true,
    );
  });
});

describe('the counter', () => {
  it('is sealed, for this host, for a minute', async () => {
    const { cookie } = await countBounce(notes, undefined, name, keys, start);
    expect(cookie).toMatch(/^__Host-sso_bounces=[^;]+; Path=\/; Max-Age=60; Secure; HttpOnly; SameSite=Lax$/);
    expect(Buffer.from(cookie, 'base64url').toString()).not.toContain('acme');
  });

  it('is removed by the page that says so', async () => {
    const [fourth] = (await loops(to(notes, 0, 1, 2, 3))).slice(-1);
    expect(fourth).toBe(true);
    let header: string | undefined;
    for (const second of [0, 1, 2]) header = (await countBounce(notes, header, name, keys, start + second)).cookie;
    const last = await countBounce(notes, header?.split(';')[0], name, keys, start + 3);
    expect(last.cookie).toMatch(/^__Host-sso_bounces=; .*Max-Age=0/);
  });

  it.each([
    ['junk', 'junk'],
    ['nothing', ''],
    ['a counter of another environment', undefined],
  ])('that is %s counts as none', async (_, value) => {
    const foreign = createKeyring(JSON.stringify(generateKeyFile('ES256'))).sealing;
    const sealed = (await countBounce(notes, undefined, name, foreign, start)).cookie.split(';')[0];
    const header = value === undefined ? sealed : `${name}=${value}`;
    expect((await countBounce(notes, header, name, keys, start)).looping).toBe(false);
  });
});
