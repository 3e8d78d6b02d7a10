import { createContext, runInContext } from 'node:vm';
import { frameScript } from './frame-script.generated.ts';
import type { FrameSettings } from './page.ts';

/** Origins of the app around. */
export const app = 'https://www.globex.com';
export const other = 'https://shop.globex.com';

/** What it asks, and what stands in that. */
export const nonce = 'n'.repeat(22);
export const state = `${'s'.repeat(43)}.${'t'.repeat(22)}`;
export const check = { v: 1, type: 'sso:check', nonce, want: 'state' };
export const codeCheck = {
  ...check,
  want: 'code',
  code_challenge: 'c'.repeat(43),
  redirect_uri: `${app}/callback`,
};
export const watch = { v: 1, type: 'sso:watch', nonce, ticket: 'a.ticket' };

type Said = { readonly message: Record<string, unknown> | string; readonly to: string };
type Asked = { readonly path: string; readonly body: Record<string, unknown> };

/**
 * What the script of the frame meets in a browser, with a clock that a test moves. The script is the one that is sent.
 *
 * @param settings As the page has them; by default those of an app of two origins.
 */
export function frameIn(settings: Partial<FrameSettings> = {}, { topLevel = false, button = false } = {}) {
  const said: Said[] = [];
  const asked: Asked[] = [];
  const timers: { at: number; run: () => void }[] = [];
  let now = 5000;
  let listen: (event: object) => void = () => {};
  let click: () => void = () => {};
  const storage = { access: true, permission: 'prompt', requests: 0 };
  let reply: (path: string) => Response | Promise<Response> = () => Response.json({ state: 'signed-in' });
  const parent = { postMessage: (message: Said['message'], to: string) => said.push({ message, to }) };
  const element = {
    ariaBusy: null,
    addEventListener(_: string, run: () => void) {
      click = run;
    },
  };
  const all = { base: '/sso', client: 'globex', origins: [app, other], ...settings };
  const window: Record<string, unknown> = {
    document: {
      currentScript: { dataset: { frame: JSON.stringify(all) } },
      querySelector: () => (button ? element : null),
      hasStorageAccess: async () => storage.access,
      requestStorageAccess: async () => {
        storage.requests += 1;
        if (storage.permission !== 'granted') throw new Error('refused');
        storage.access = true;
      },
    },
    navigator: { permissions: { query: async () => ({ state: storage.permission }) } },
    addEventListener(_: string, run: (event: object) => void) {
      listen = run;
    },
    fetch: async (path: string, init: { body: string }) => {
      asked.push({ path, body: JSON.parse(init.body) });
      return await reply(path);
    },
    performance: { now: () => now },
    setTimeout: (run: () => void, wait: number) => timers.push({ at: now + wait, run }),
    AbortSignal,
    location: { ancestorOrigins: [app] },
  };
  window.window = window;
  window.parent = topLevel ? window : parent;
  runInContext(frameScript, createContext(window));
  const settle = async () => {
    for (let i = 0; i < 20; i += 1) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    said,
    asked,
    timers,
    storage,
    parent,
    window,
    answerWith(how: typeof reply) {
      reply = how;
    },
    /** A message as the page around sends it; `changes` to the event. */
    async hear(data: unknown, changes: { source?: unknown; origin?: string } = {}) {
      listen({ data, source: parent, origin: app, ...changes });
      await settle();
    },
    flood(data: unknown, times: number) {
      for (let i = 0; i < times; i += 1) listen({ data, source: parent, origin: app });
    },
    settle,
    async click() {
      click();
      await settle();
    },
    async pass(milliseconds: number) {
      now += milliseconds;
      for (const timer of timers.splice(0)) {
        if (timer.at <= now) timer.run();
        else timers.push(timer);
      }
      await settle();
    },
    result: (at = -1) => said.at(at)?.message,
  };
}
