import { Agent, type OutgoingHttpHeaders, request } from 'node:http';
import '../local/localhost-names.ts';

/** What a server answered. */
export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  /** `Set-Cookie` lines, in order. */
  readonly cookies: readonly string[];
  readonly body: string;
};

export type Ask = {
  /** Default: GET. */
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
  /** Address to come from; any of 127.0.0.0/8 is this machine. */
  readonly from?: string;
};

const agent = new Agent({ keepAlive: true });

/**
 * Sends one request as it stands and reads the answer; nothing is added, followed or kept. By node:http, because `fetch`
 * would set Fetch Metadata and `Host` itself.
 */
export function ask(url: string | URL, { method = 'GET', headers = {}, body, from }: Ask = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const options = { method, agent, headers: { ...length, ...headers }, ...(from && { localAddress: from }) };
    const sending = request(url, options, (message) => {
      const chunks: Buffer[] = [];
      message.on('data', (chunk: Buffer) => chunks.push(chunk));
      message.once('error', reject);
      message.once('end', () => {
        const pairs = Object.entries(message.headersDistinct).flatMap(([name, values]) =>
          (values ?? []).map((value): [string, string] => [name, value]),
        );
        resolve({
          status: message.statusCode ?? 0,
          headers: new Headers(pairs),
          cookies: message.headers['set-cookie'] ?? [],
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    sending.once('error', reject);
    sending.end(body);
  });
}
