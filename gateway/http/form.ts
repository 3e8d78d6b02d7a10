import { SsoError } from '../../shared/errors.ts';
import { mediaType, readBody } from './body.ts';
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
  if (mediaType(c) !== formType) return undefined;
  return new URLSearchParams(await readBody(c, longest));
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
