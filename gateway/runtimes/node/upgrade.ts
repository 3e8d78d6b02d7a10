import { type IncomingMessage, type RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Duplex, pipeline } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { SsoError } from '../../../shared/errors.ts';
import type { Gateway } from '../../app.ts';
import type { Forward, HeaderList } from '../../http/passage.ts';
import { isEventStream } from '../../proxy/outlived.ts';
import { alreadySent, answerWith, beginAnswer, failureOf, giveUp, openRequest } from './forward.ts';
import { hasTooManyHeaders } from './listener.ts';
import type { OpenStreams } from './open-streams.ts';

/** Takes a request that asks for another protocol: for the `upgrade` event of a server. */
export type UpgradeListener = (incoming: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** Does a request ask for a WebSocket (RFC 6455 §4.1)? Whatever else it may ask to change to, it is answered as it is. */
export const asksForWebSocket = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';

/**
 * Makes an {@link UpgradeListener}. What comes is a request like any other, so the gateway judges it, and refuses it by an
 * ordinary answer; only the way to the app differs.
 *
 * @param ordinary Answers what is for no app.
 */
export function createUpgradeListener(
  gateway: Gateway,
  streams: OpenStreams,
  ordinary: RequestListener,
): UpgradeListener {
  return (incoming, duplex, head) => {
    const socket = duplex as Socket;
    const outgoing = new ServerResponse(incoming);
    // Node has let go of the connection: what it does for other answers is done here
    outgoing.shouldKeepAlive = false;
    outgoing.assignSocket(socket);
    outgoing.once('finish', () => socket.destroySoon());
    socket.on('drain', () => void outgoing.emit('drain'));
    socket.on('error', () => socket.destroy());
    const isForApp = gateway.isProxied?.(incoming.headers.host, incoming.url ?? '') && asksForWebSocket(incoming);
    if (!isForApp || hasTooManyHeaders(incoming)) return ordinary(incoming, outgoing);
    const forward = forwardUpgrade({ socket, head }, outgoing, streams);
    void getRequestListener((request) => answerWith(gateway, request, incoming, forward))(incoming, outgoing);
  };
}

/** Takes the opening handshake on, and then both directions as they are (RFC 6455 §4). */
function forwardUpgrade(
  { socket, head }: { readonly socket: Socket; readonly head: Buffer },
  outgoing: ServerResponse,
  streams: OpenStreams,
): Forward {
  return (passage) =>
    new Promise((resolve, reject) => {
      const { visitor, answer } = passage;
      const sent = openRequest(passage, ['Connection', 'Upgrade', 'Upgrade', 'websocket'], false);
      const deadline = giveUp(sent, passage);
      let answered = false;
      socket.once('close', () => sent.destroy());

      sent.once('upgrade', (response, upstream, upstreamHead) => {
        answered = true;
        deadline.clear();
        if (response.headers.upgrade?.toLowerCase() !== 'websocket') {
          upstream.destroy();
          return reject(new SsoError('upstream_unavailable', 'the app changed to another protocol'));
        }
        const end = () => {
          socket.destroy();
          upstream.destroy();
        };
        const forget = visitor && streams.add({ visitor, lasting: true, end });
        socket.once('close', () => {
          forget?.();
          end();
        });
        outgoing.detachSocket(socket);
        socket.setNoDelay(true).write(switching(answer(response.rawHeaders)), 'latin1');
        if (upstreamHead.length > 0) socket.write(upstreamHead);
        // only now: until the app agreed, these bytes could have been a request that nobody judged
        if (head.length > 0) upstream.write(head);
        const ended = (error: Error | null | undefined) => {
          if (error) end();
        };
        pipeline(socket, upstream, ended);
        pipeline(upstream, socket, ended);
        resolve(alreadySent());
      });
      sent.once('response', (response) => {
        answered = true;
        deadline.clear();
        try {
          beginAnswer(response, outgoing, passage);
        } catch (error) {
          sent.destroy();
          return reject(error);
        }
        const end = () => response.destroy();
        const forget =
          visitor && streams.add({ visitor, lasting: isEventStream(response.headers['content-type']), end });
        pipeline(response, outgoing, () => forget?.());
        resolve(alreadySent());
      });
      sent.on('error', (cause) => {
        if (answered) return;
        deadline.clear();
        if (socket.destroyed) return resolve(alreadySent());
        reject(failureOf(cause, deadline.isOver(), passage));
      });
      sent.end();
    });
}

function switching(headers: HeaderList): string {
  const lines = headers.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${headers[i + 1]}`] : []));
  return ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket', ...lines, '', ''].join(
    '\r\n',
  );
}
