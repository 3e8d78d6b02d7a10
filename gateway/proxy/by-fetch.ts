import { proxy } from 'hono/proxy';
import { SsoError } from '../../shared/errors.ts';
import type { Forward, PassingVisitor } from '../http/passage.ts';
import { isEventStream } from './outlived.ts';

/**
 * Takes requests on by `fetch`, for runtimes that have nothing closer to the wire.
 *
 * `fetch` decompresses: an answer goes on without its content coding, and compressing it again is the edge's work. It sets
 * `Host` and the framing itself, and opens no WebSocket that could be closed when a session ends.
 *
 * @param isOver May this visitor be told no more? Asked before each piece of an event stream; nothing runs in between.
 */
export function forwardByFetch(
  request: Request,
  fetch: typeof globalThis.fetch,
  isOver: (visitor: PassingVisitor) => boolean,
): Forward {
  return async ({ method, upstream, target, headers, timeout, isWebSocket, visitor, answer }) => {
    if (isWebSocket) throw new SsoError('websocket_unsupported', 'this runtime passes no WebSockets on');
    const sent = new Headers();
    for (let i = 0; i < headers.length; i += 2) {
      const [name = '', value = ''] = [headers[i], headers[i + 1]];
      if (!/^(?:host|content-length)$/i.test(name)) sent.append(name, value);
    }
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), timeout * 1000);
    let response: Response;
    try {
      response = await proxy(new URL(upstream.origin + target), {
        method,
        headers: sent,
        redirect: 'manual',
        signal: giveUp.signal,
        customFetch: (asked) => fetch(asked),
        ...(request.body ? { body: request.body, duplex: 'half' } : {}),
      });
    } catch (cause) {
      if (giveUp.signal.aborted) throw new SsoError('upstream_slow', `no answer in ${timeout} s`, { cause });
      throw new SsoError('upstream_unavailable', 'the app cannot be reached', { cause });
    } finally {
      clearTimeout(timer);
    }
    const { status, body } = response;
    const answered = new Headers();
    const list = answer([...response.headers].flat());
    for (let i = 0; i < list.length; i += 2) answered.append(list[i] ?? '', list[i + 1] ?? '');
    const isWatched = visitor && isEventStream(response.headers.get('content-type'));
    const told = isWatched ? body?.pipeThrough(until(() => isOver(visitor))) : body;
    return new Response(told ?? null, { status, headers: answered });
  };
}

/** Ends a stream, and whatever it comes from, at the first piece that finds it over. */
function until(isOver: () => boolean): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    transform(chunk, controller) {
      if (isOver()) controller.terminate();
      else controller.enqueue(chunk);
    },
  });
}
