import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';

/** An answer as it came over the wire. */
export type RawAnswer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string };

/** Sends one request with exactly this target and these headers, `Host` included; `fetch` would tidy both up. */
export async function rawRequest(
  port: number,
  target: string,
  headers: OutgoingHttpHeaders = {},
  more: { readonly method?: string; readonly body?: string } = {},
): Promise<RawAnswer> {
  return await new Promise((resolve, reject) => {
    const method = more.method ?? 'GET';
    const sent = request({ host: '127.0.0.1', port, path: target, method, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    sent.on('error', reject);
    sent.end(more.body);
  });
}
