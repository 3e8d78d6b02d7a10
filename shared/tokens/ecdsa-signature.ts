import { Buffer } from 'node:buffer';

/** Bytes of each of the two numbers of a P-256 signature. */
const half = 32;

/**
 * The signature of a JWS by ES256 in the form that `node:crypto` has without being asked. It could be asked for the other
 * one (`dsaEncoding`), but workerd takes no key together with that.
 *
 * @returns `undefined` where it is not of 64 bytes.
 * @see RFC 7518 §3.4, RFC 3279 §2.2.3
 */
export function derOfJws(signature: Buffer): Buffer | undefined {
  if (signature.length !== 2 * half) return undefined;
  const numbers = [signature.subarray(0, half), signature.subarray(half)].flatMap((number) => {
    let first = 0;
    while (first < half - 1 && number[first] === 0) first += 1;
    // numbers have a sign there
    const positive = (number[first] ?? 0) > 0x7f ? [0] : [];
    return [0x02, half - first + positive.length, ...positive, ...number.subarray(first)];
  });
  return Buffer.from([0x30, numbers.length, ...numbers]);
}

/** The other way round, for a signature that `node:crypto` just made. */
export function jwsOfDer(der: Buffer): Buffer {
  const signature = Buffer.alloc(2 * half);
  let at = 2;
  for (const end of [half, 2 * half]) {
    const length = der[at + 1] ?? 0;
    const number = der.subarray(at + 2, at + 2 + length);
    const digits = number.subarray(Math.max(0, length - half));
    digits.copy(signature, end - digits.length);
    at += 2 + length;
  }
  return signature;
}
