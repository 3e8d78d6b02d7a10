import { Buffer } from 'node:buffer';
import { SsoError } from '../../shared/errors.ts';
import type { GatewayContext } from './context.ts';

/** The media type of a request's body in lower case, without parameters; empty where it says none. */
export function mediaType(c: GatewayContext): string {
  const [type = ''] = (c.req.header('content-type') ?? '').split(';');
  return type.trim().toLowerCase();
}

/**
 * Reads a body as text. Counts bytes as they come, whatever the headers say.
 *
 * @param longest In bytes.
 * @throws SsoError `body_too_large`
 */
export async function readBody(c: GatewayContext, longest: number): Promise<string> {
  if (Number(c.req.header('content-length') ?? 0) > longest) throw new SsoError('body_too_large', mediaType(c));
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > longest) throw new SsoError('body_too_large', mediaType(c));
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Reads a posted JSON value.
 *
 * @param longest In bytes.
 * @throws SsoError `body_too_large`; `bad_request` for another media type and for what is no JSON.
 */
export async function readJson(c: GatewayContext, longest: number): Promise<unknown> {
  if (mediaType(c) !== 'application/json') throw new SsoError('bad_request', 'not application/json');
  const text = await readBody(c, longest);
  try {
    return JSON.parse(text);
  } catch (cause) {
    // the parser's message quotes the text
    throw new SsoError('bad_request', `${text.length} characters that are no JSON`, { cause: (cause as Error).name });
  }
}
