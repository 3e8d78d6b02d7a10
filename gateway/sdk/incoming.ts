import { Buffer } from 'node:buffer';
import type { HeaderReader } from '../../shared/navigation.ts';

/** A request's body, read whole. `parsed`: somebody has read it before, and made this of it. */
export type Body =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'parsed'; readonly value: unknown }
  | { readonly kind: 'too_large' };

/** What the filter looks at in a request, whatever framework carries it. */
export type Incoming = {
  readonly method: string;
  /**
   * Path and query as the request line has them, or an absolute URL of which only these two parts count: who the app is
   * comes from its options, never from a request.
   */
  readonly target: string;
  /** One header as received, by its name in lower case. */
  readonly header: HeaderReader;
  /**
   * Reads the body. Only the filter's own endpoints ask for it, once; otherwise it is never touched.
   *
   * @param longest In bytes, counted as they come. Of a body that was parsed before, whoever parsed it knows.
   */
  readonly body: (longest: number) => Promise<Body>;
};

/** A request of the Fetch API. */
export function incomingFrom(request: Request): Incoming {
  return {
    method: request.method,
    target: request.url,
    header: (name) => request.headers.get(name) ?? undefined,
    body: (longest) => readStream(request.body, longest),
  };
}

/** Reads a stream of bytes as UTF-8, and leaves it as soon as it is too long. */
export async function readStream(stream: ReadableStream<Uint8Array> | null, longest: number): Promise<Body> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream ?? []) {
    bytes += chunk.byteLength;
    if (bytes > longest) return { kind: 'too_large' };
    chunks.push(chunk);
  }
  return { kind: 'text', text: Buffer.concat(chunks).toString('utf8') };
}

/**
 * Path and query of a request, as the URL standard reads them: dot segments resolved, backslashes turned, the rest
 * percent-encoded.
 *
 * @param origin Any http(s) origin; stands in where the target has none.
 * @returns `/` for a target that is neither a path nor an http(s) URL, such as `*`.
 */
export function pathAndQuery(target: string, origin: string): { readonly path: string; readonly query: string } {
  // after an origin, `//evil.test` is a path: there is no base URL here that it could replace the host of
  const text = target.startsWith('/') ? origin + target : target;
  if (!/^https?:/i.test(text) || !URL.canParse(text)) return { path: '/', query: '' };
  const { pathname, search } = new URL(text);
  // the URL standard leaves backslashes alone in a query; the gateway's judge of URLs does not
  return { path: pathname, query: search.replaceAll('\\', '%5C') };
}
