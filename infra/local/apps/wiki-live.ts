import type { Milliseconds } from '../../../shared/clock.ts';
import type { EditLine } from './wiki-store.ts';

/** Pages that are open in a browser, and hear of edits as they happen. */
export type LivePages = {
  /** An event stream that goes on until the reader leaves, or somebody in between ends it. */
  open(): Response;
  tell(edit: EditLine): void;
  close(): void;
};

/** So that nothing in between takes a quiet stream for a dead one. */
const heartbeat: Milliseconds = 15_000;
/** How soon a browser asks again once a stream was cut. */
const retry: Milliseconds = 1000;

/** @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
export function createLivePages(): LivePages {
  const streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
  const bytes = new TextEncoder();
  const send = (text: string) => {
    for (const stream of streams) stream.enqueue(bytes.encode(text));
  };
  const timer = setInterval(() => send(': still here\n\n'), heartbeat).unref();
  return {
    open() {
      let own: ReadableStreamDefaultController<Uint8Array>;
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          own = controller;
          streams.add(controller);
          controller.enqueue(bytes.encode(`retry: ${retry}\n\n`));
        },
        cancel() {
          streams.delete(own);
        },
      });
      return new Response(body, { headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' } });
    },
    tell({ id, slug, title, by }) {
      // JSON has no line breaks of its own, so that a title can't become an event
      send(`event: edit\ndata: ${JSON.stringify({ id, slug, title, by })}\n\n`);
    },
    close() {
      clearInterval(timer);
      for (const stream of streams) stream.close();
      streams.clear();
    },
  };
}
