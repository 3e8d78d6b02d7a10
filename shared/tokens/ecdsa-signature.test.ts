import { Buffer } from 'node:buffer';
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { derOfJws, jwsOfDer } from './ecdsa-signature.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const text = (i: number) => Buffer.from(`message ${i}`);
const many = Array.from({ length: 600 }, (_, i) => i);
const raw = { dsaEncoding: 'ieee-p1363' } as const;

describe('a signature by ES256', () => {
  it('that we make is one that JWS has, short numbers and long ones', () => {
    const made = many.map((i) => jwsOfDer(sign('sha256', text(i), privateKey)));
    expect(made.every((signature) => signature.length === 64)).toBe(true);
    expect(made.filter((signature) => signature[0] === 0 || signature[32] === 0).length).toBeGreaterThan(0);
    expect(made.every((one, i) => verify('sha256', text(i), { key: publicKey, ...raw }, one))).toBe(true);
  });

  it('that others make is understood', () => {
    const understood = many.every((i) => {
      const der = derOfJws(sign('sha256', text(i), { key: privateKey, ...raw }));
      return der !== undefined && verify('sha256', text(i), publicKey, der);
    });
    expect(understood).toBe(true);
  });

  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['a byte short', Buffer.alloc(63, 1)],
    ['a byte long', Buffer.alloc(65, 1)],
    ['the other form', sign('sha256', text(0), privateKey)],
  ])('is none: %s', (_, signature) => {
    expect(derOfJws(signature)).toBeUndefined();
  });

  it.each<[string, Buffer]>([
    ['zeros', Buffer.alloc(64)],
    ['ones', Buffer.alloc(64, 0xff)],
    ['one number zero', Buffer.concat([Buffer.alloc(32), Buffer.alloc(32, 1)])],
  ])('fits nothing: %s', (_, signature) => {
    expect(verify('sha256', text(0), publicKey, derOfJws(signature) ?? Buffer.alloc(0))).toBe(false);
  });
});
