import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createVerifiedTokens } from './verified-tokens.ts';

const part = (bytes = 24) => randomBytes(bytes).toString('base64url');
const [header, claims, signature] = [part(), part(), part(64)];
const token = `${header}.${claims}.${signature}`;

describe('a token that was verified', () => {
  it('is known again', () => {
    const tokens = createVerifiedTokens<string>(10);
    expect(tokens.get(token)).toBe(undefined);
    tokens.set(token, 'ann');
    expect(tokens.get(token)).toBe('ann');
    expect(tokens.get(`x=${token}; theme=dark`.slice(2, -12))).toBe('ann');
  });

  it.each([
    ['its signature under other claims', `${header}.${part()}.${signature}`],
    ['its signature under another header', `${part()}.${claims}.${signature}`],
    ['its signature alone', signature],
    ['its signature with dots before', `..${signature}`],
    ['its signature under no claims', `${header}..${signature}`],
    ['another signature', `${header}.${claims}.${part(64)}`],
    ['no signature', `${header}.${claims}.`],
    ['no signature and no dot', `${header}.${claims}`],
    ['a changed letter', token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))],
    ['padding', `${token}=`],
    ['a fourth part', `${token}.x`],
    ['a dot more', `${header}.${claims}..${signature}`],
    ['letters more', `x${token}`],
    ['nothing', ''],
  ])('is not known by %s', (_, shown) => {
    const tokens = createVerifiedTokens<string>(10);
    tokens.set(token, 'ann');
    tokens.set(`${part()}.${part()}.${part(64)}`, 'bob');
    expect(tokens.get(shown)).toBe(undefined);
    expect(tokens.get(token)).toBe('ann');
  });

  it('is forgotten where others are shown, and kept while it is shown itself', () => {
    const tokens = createVerifiedTokens<number>(100);
    const used = `${part()}.${part()}.${part()}`;
    tokens.set(token, -1);
    tokens.set(used, -2);
    let known = 0;
    for (let i = 0; i < 1000; i++) {
      tokens.set(`${i}.claims.${i}`, i);
      expect(tokens.get(used)).toBe(-2);
    }
    for (let i = 0; i < 1000; i++) if (tokens.get(`${i}.claims.${i}`) === i) known += 1;
    expect(tokens.get(token)).toBe(undefined);
    expect(known).toBeLessThanOrEqual(100);
    expect(known).toBeGreaterThan(40);
  });
});

it('holds nothing in memory that anybody could show as a token', { timeout: 60_000 }, () => {
  const script = `
    import { randomBytes } from 'node:crypto';
    import { text } from 'node:stream/consumers';
    import { getHeapSnapshot } from 'node:v8';
    import { createVerifiedTokens } from ${JSON.stringify(new URL('verified-tokens.ts', import.meta.url).href)};
    const tokens = createVerifiedTokens(10);
    const [held, hashed] = [randomBytes(48), randomBytes(48)];
    const claims = 'eyJzdWIiOiI0MiJ9';
    const cookies = (signature) => ['sso=eyJh', claims, signature.toString('base64url')].join('.') + '; theme=dark';
    const tokenIn = (header) => header.slice(4, header.indexOf(';'));
    globalThis.kept = new Map([[tokenIn(cookies(held)), 'ann']]);
    const remember = () => {
      tokens.set(tokenIn(cookies(hashed)), 'ann');
      return tokens.get(tokenIn(cookies(hashed)));
    };
    const found = remember();
    const snapshot = await text(getHeapSnapshot());
    const has = (signature) => snapshot.includes(signature.toString('base64url'));
    console.log(JSON.stringify({ found, held: has(held), hashed: has(hashed), claims: snapshot.includes(claims) }));
    globalThis.tokens = tokens;`;
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(ran.stderr.replaceAll(/.*ExperimentalWarning.*\n.*\n/g, '')).toBe('');
  expect(JSON.parse(ran.stdout)).toEqual({ found: 'ann', held: true, hashed: false, claims: true });
});
