import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import type { World } from '../local/world.ts';

/** A site of an attacker, who may put on it what they like. */
export type EvilSite = {
  readonly origin: string;
  /** HTML of `/`. */
  page: string;
  stop(): Promise<void>;
};

export async function startEvilSite(): Promise<EvilSite> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><title>evil</title>${evil.page}`);
  });
  const evil: EvilSite = { origin: `http://evil.localhost:${await listen(server)}`, page: '', stop: stopping(server) };
  return evil;
}

/** Globex with more pages than it has, for a browser that is started with `switches`. */
export type MorePages = {
  /** By path. They have no policy but what they say themselves. */
  readonly pages: Map<string, string>;
  /** For the command line: they lead the browser here instead of to Globex, and all else goes on from here. */
  readonly switches: readonly string[];
  stop(): Promise<void>;
};

/**
 * Stands before Globex, on the same origin to a browser. Pages that a test's own browser makes up would not do: to
 * Chromium they come from the internet, and may not frame what is on this machine.
 */
export async function startMorePages({ at }: Pick<World, 'at'>): Promise<MorePages> {
  const pages = new Map<string, string>();
  const { hostname, port } = new URL(at.globex);
  const server = createServer((incoming, response) => {
    const page = pages.get(incoming.url ?? '');
    if (page !== undefined) {
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><title>page</title>${page}`);
      return;
    }
    const { method, url, headers } = incoming;
    const onward = request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  });
  const own = await listen(server);
  return {
    pages,
    switches: [`--host-resolver-rules=MAP ${hostname}:${port} 127.0.0.1:${own}`],
    stop: stopping(server),
  };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const stopping = (server: Server) => async () => {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
};

/** What a page can do that frames the gateway with its own hands, by {@link frameByHand}. */
export type ByHand = {
  /** Everything that came from the gateway's origin. */
  readonly heard: Record<string, unknown>[];
  /** Asks the frame, and waits for the answer. */
  ask(question: object): Promise<Record<string, string>>;
  /** Asks so many times, and waits for nothing. */
  shout(question: object, times: number): void;
  /** A challenge of the app's own server. */
  challenge(): Promise<Record<string, string>>;
  /** Posts a code to the app's own server. */
  redeem(body: object): Promise<{ readonly status: number; readonly body: Record<string, unknown> }>;
};

declare global {
  interface Window {
    byHand: ByHand;
  }
}

/** HTML of a page that frames something of the gateway. `window.byHand` is there once the frame has loaded. */
export const frameByHand = ({ at }: Pick<World, 'at'>, src: string, attributes = ''): string => `
<iframe id="frame" ${attributes} src="${src}"></iframe>
<script>
const heard = [];
addEventListener('message', ({ origin, data }) => {
  if (origin === ${JSON.stringify(at.gateway)} || origin === 'null') heard.push(data);
});
const send = (question) => frame.contentWindow.postMessage({ v: 1, ...question }, '*');
const post = (path, body) => fetch(path, {
  method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
});
frame.addEventListener('load', () => {
  window.byHand ??= {
    heard,
    async ask(question) {
      const before = heard.length;
      send(question);
      for (;;) {
        const answer = heard.slice(before).find(({ nonce }) => nonce === question.nonce);
        if (answer) return answer;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    shout(question, times) { for (let i = 0; i < times; i++) send(question); },
    challenge: async () => (await post('/sso/challenge')).json(),
    redeem: async (body) => {
      const response = await post('/sso/callback', body);
      return { status: response.status, body: await response.json() };
    },
  };
});
</script>`;

/** Opens a page that frames by hand, and waits for its frame. */
export async function openByHand(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.waitForFunction(() => window.byHand !== undefined);
}

/** A question that any page may ask that is in the right. */
export const isAnybodyThere = { type: 'sso:check', nonce: 'is-anybody-there-at-all', want: 'state' };
