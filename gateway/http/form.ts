import { Buffer } from 'node:buffer';
import { SsoError } from '../../shared/errors.ts';
import type { GatewayContext } from './context.ts';

const formType = 'application/x-www-form-urlencoded';

/** Parameters of which none is there twice. Empty ones are left out: they count as not sent (RFC 6749 §3.1). */
export type Parameters = ReadonlyMap<string, string>;

/**
 * Reads a posted form; `undefined` where the body is something else. Counts bytes as they come, whatever the headers say.
 *
 * @param longest In bytes.
 * @throws SsoError `body_too_large`
 */
export async function readForm(c: GatewayContext, longest: number): Promise<URLSearchParams | undefined> {
  const [type = ''] = (c.req.header('content-type') ?? '').split(';');
  if (type.trim().toLowerCase() !== formType) return undefined;
  if (Number(c.req.header('content-length') ?? 0) > longest) throw new SsoError('body_too_large', 'form');
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > longest) throw new SsoError('body_too_large', 'form');
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

/** @throws SsoError `parameter_repeated` */
export function singleParameters(all: URLSearchParams): Parameters {
  const found = new Map<string, string>();
  for (const [name, value] of all) {
    if (value === '') continue;
    if (found.has(name)) throw new SsoError('parameter_repeated', `a parameter is there twice`);
    found.set(name, value);
  }
  return found;
}
