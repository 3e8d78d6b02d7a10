import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContext, Page } from 'playwright-core';
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
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const evil: EvilSite = {
    origin: `http://evil.localhost:${port}`,
    page: '',
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return evil;
}

/** Adds a page to Globex, with the policy that its own script asks for, or with none. */
export async function addPage(context: BrowserContext, url: string, html: string): Promise<void> {
  await context.route(url, (route) =>
    route.fulfill({ contentType: 'text/html', body: `<!doctype html><title>page</title>${html}` }),
  );
}

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
