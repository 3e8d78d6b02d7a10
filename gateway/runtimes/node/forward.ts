import { Agent, type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { SsoError } from '../../../shared/errors.ts';
import type { Gateway } from '../../app.ts';
import type { Forward, HeaderList, Passage } from '../../http/passage.ts';
import { isEventStream } from '../../proxy/outlived.ts';
import type { OpenStreams } from './open-streams.ts';

/** Connections to apps outlive the requests that opened them. */
const agents = { 'http:': new Agent({ keepAlive: true }), 'https:': new TlsAgent({ keepAlive: true }) };

/** May be sent once more where the first never arrived (RFC 9110 §9.2.2). */
const repeatable = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Takes requests on by `node:http`: bodies stream both ways as they are, compressed or not, and are held back where the other
 * side is slow.
 */
export function forwardByHttp(incoming: IncomingMessage, outgoing: ServerResponse, streams: OpenStreams): Forward {
  return (passage) => {
    const framing = framingOf(incoming);
    if (framing) return exchange(passage, incoming, outgoing, streams, framing);
    const send = (again?: () => Promise<Response>) =>
      exchange(passage, incoming, outgoing, streams, noBody(passage.method), again);
    // a connection that was kept open is closed by the app at times, just when it is used again
    return repeatable.has(passage.method) ? send(send) : send();
  };
}

// a light one, such as @hono/node-server makes once it has replaced the global, would be written; reading it makes it real
void RESPONSE_ALREADY_SENT.body;

/** Stands for an answer that is on its way by itself. */
export const alreadySent = (): Response => new Response(null);

/**
 * Answers by the gateway, with its own way to the apps. What goes that way writes its answer itself, and nothing that a router
 * makes of it is written after it.
 */
export async function answerWith(gateway: Gateway, request: Request, incoming: IncomingMessage, forward: Forward) {
  let isSent = false;
  const response = await gateway.fetch(request, {
    incoming,
    forward: async (passage) => {
      const sent = await forward(passage);
      isSent = true;
      return sent;
    },
  });
  return isSent ? RESPONSE_ALREADY_SENT : response;
}

/** What frames the body; `undefined`: there is none. */
function framingOf({ headers }: IncomingMessage): HeaderList | undefined {
  // the length itself stands among the headers that go on
  if (headers['content-length'] !== undefined) return [];
  return headers['transfer-encoding'] === undefined ? undefined : ['Transfer-Encoding', 'chunked'];
}

/** Servers wait for a body after some methods, unless they are told that none comes. */
const noBody = (method: string): HeaderList =>
  ['POST', 'PUT', 'PATCH'].includes(method) ? ['Content-Length', '0'] : [];

/** Begins a request to the app. */
export function openRequest(
  { method, upstream, target, headers }: Passage,
  framing: HeaderList,
  agent?: false,
): ClientRequest {
  const isTls = upstream.protocol === 'https:';
  return (isTls ? tlsRequest : request)({
    agent: agent ?? agents[isTls ? 'https:' : 'http:'],
    host: upstream.hostname.replace(/^\[|\]$/g, ''),
    port: upstream.port || (isTls ? 443 : 80),
    // the certificate is the upstream's, whatever `Host` says
    ...(isTls ? { servername: /^[\d.]+$|:/.test(upstream.hostname) ? '' : upstream.hostname } : {}),
    method,
    path: target,
    headers: [...headers, ...framing],
  });
}

function exchange(
  passage: Passage,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  streams: OpenStreams,
  framing: HeaderList,
  again?: () => Promise<Response>,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    // gone while the directory was asked: nobody would take the answer, nor end the connection to the app
    if (incoming.socket.destroyed) return resolve(alreadySent());
    const sent = openRequest(passage, framing);
    const stop = () => {
      sent.destroy();
      outgoing.destroy();
    };
    const stream = passage.visitor && { visitor: passage.visitor, lasting: false, end: stop };
    const forget = stream && streams.add(stream);
    const deadline = giveUp(sent, passage);
    let answered = false;

    const leave = () => {
      deadline.clear();
      forget?.();
      if (!outgoing.writableFinished) sent.destroy();
    };
    outgoing.once('close', leave);
    // the visitor left in the middle of what they sent: half a request must not pass for a whole one
    incoming.once('close', () => {
      if (!incoming.complete) sent.destroy();
    });

    sent.once('response', (response) => {
      answered = true;
      deadline.clear();
      if (stream) stream.lasting = isEventStream(response.headers['content-type']);
      try {
        beginAnswer(response, outgoing, passage);
      } catch (error) {
        sent.destroy();
        return reject(error);
      }
      // what comes together goes together; what lets itself be waited for begins at once
      setImmediate(() => {
        if (!outgoing.writableEnded && !outgoing.destroyed) outgoing.flushHeaders();
      });
      response.pipe(outgoing);
      // cut off in the middle, the visitor's answer is cut off too
      response.once('close', () => {
        if (!response.complete) outgoing.destroy();
      });
      resolve(alreadySent());
    });
    const fail = (cause: NodeJS.ErrnoException) => {
      if (answered) return;
      answered = true;
      outgoing.off('close', leave);
      leave();
      if (outgoing.destroyed) return resolve(alreadySent());
      // the rest of the body may be long: nobody waits for it
      if (!incoming.complete) outgoing.shouldKeepAlive = false;
      if (again && sent.reusedSocket && cause.code === 'ECONNRESET') return resolve(again());
      reject(failureOf(cause, deadline.isOver(), passage));
    };
    sent.on('error', fail);
    sent.once('upgrade', (_, socket) => {
      socket.destroy();
      fail(new Error('the app changed to another protocol, unasked'));
    });

    if (!framingOf(incoming)) return void sent.end();
    incoming.on('data', deadline.again);
    incoming.pipe(sent);
  });
}

/**
 * Begins the visitor's answer by the app's.
 *
 * @throws SsoError `upstream_unavailable` for what no answer can be.
 */
export function beginAnswer(response: IncomingMessage, outgoing: ServerResponse, { answer }: Passage): void {
  const { statusCode = 0, rawHeaders } = response;
  try {
    // to a 101 that names no protocol a proxy before us could open a tunnel
    if (statusCode < 200) throw new Error(`status ${statusCode}`);
    outgoing.writeHead(statusCode, answer(rawHeaders));
  } catch (cause) {
    throw new SsoError('upstream_unavailable', 'the app answered what no answer can be', { cause });
  }
}

/** Ends a request for which nothing happens for too long. */
export function giveUp(sent: ClientRequest, { timeout }: Passage) {
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    sent.destroy(new Error('timed out'));
  }, timeout * 1000);
  return { isOver: () => isOver, clear: () => clearTimeout(timer), again: () => void timer.refresh() };
}

/** What to tell the visitor of an error that came before an answer. */
export function failureOf(cause: Error, isLate: boolean, { timeout, upstream }: Passage): SsoError {
  return isLate
    ? new SsoError('upstream_slow', `no answer of ${upstream.host} in ${timeout} s`)
    : new SsoError('upstream_unavailable', `no answer of ${upstream.host}`, { cause });
}
