import { Buffer } from 'node:buffer';

/**
 * Bytes of a base64url text that has no padding, no other character and no stray bits; `undefined` otherwise, and where
 * there are none. So two different texts are never the same token.
 *
 * @see RFC 7515 §2, RFC 4648 §3.5
 */
export function canonicalBytes(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.length > 0 && bytes.toString('base64url') === text ? bytes : undefined;
}
