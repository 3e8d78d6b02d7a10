import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type ClientRequest, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { ann, domainCookie, start } from '../../check/check.testing.ts';
import { openProxied, type ProxiedWorld } from './proxied.testing.ts';

const megabyte = 1024 * 1024;
const twenty = 20 * megabyte;

/** A request whose two bodies the test handles itself. */
function open({ port }: ProxiedWorld, method: string, headers: Record<string, string> = {}, path = '/'): ClientRequest {
  const all = { host: 'notes.acme.test', cookie: domainCookie(), ...headers };
  return request({ host: '127.0.0.1', port, path, method, agent: false, headers: all }).on('error', () => {});
}

async function answerOf(sent: ClientRequest): Promise<IncomingMessage> {
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return answer;
}

/** An app whose answers the test writes. */
async function openByHand() {
  const asked: { incoming: IncomingMessage; outgoing: ServerResponse }[] = [];
  const world = await openProxied((incoming, outgoing) => void asked.push({ incoming, outgoing }));
  const first = async () => {
    const [one] = await expect
      .poll(() => asked)
      .not.toEqual([])
      .then(() => asked);
    if (!one) throw new Error('nobody asked');
    return one;
  };
  return { world, asked: first };
}

/** Waits until a number stays the same for a moment; answers it. */
async function settled(count: () => number): Promise<number> {
  let before = -1;
  while (before !== count()) {
    before = count();
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  return before;
}

describe('a body', () => {
  it('of an answer begins before it ends, its headers before its first byte', async () => {
    const { world, asked } = await openByHand();
    const sent = open(world, 'GET');
    sent.end();
    const { outgoing } = await asked();
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    const answer = await answerOf(sent);
    for (const event of ['data: one\n\n', 'data: two\n\n']) {
      outgoing.write(event);
      const [chunk] = (await once(answer, 'data')) as [Buffer];
      expect(chunk.toString()).toBe(event);
    }
    outgoing.end();
    await once(answer, 'end');
  });

  it.each([
    ['of a known length', { 'content-length': String(twenty) }],
    ['chunked', { 'transfer-encoding': 'chunked' }],
  ])('of 20 MB %s is not collected on the way up', async (_, headers) => {
    const { world, asked } = await openByHand();
    const sent = open(world, 'POST', headers);
    const piece = randomBytes(64 * 1024);
    let written = 0;
    const more = () => {
      while (written < twenty) {
        written += piece.length;
        if (!sent.write(piece)) return;
      }
      sent.end();
    };
    sent.on('drain', more);
    more();
    // the app reads nothing yet: what is under way lies in the buffers of sockets
    const { incoming, outgoing } = await asked();
    expect(incoming.headers['content-length']).toBe(headers['content-length' as keyof typeof headers]);
    expect(await settled(() => written)).toBeLessThan(twenty * 0.75);
    const hash = createHash('sha256');
    for await (const chunk of incoming) hash.update(chunk as Buffer);
    outgoing.end(hash.digest('hex'));
    const answer = await answerOf(sent);
    let said = '';
    for await (const chunk of answer) said += String(chunk);
    const expected = createHash('sha256');
    for (let i = 0; i < twenty; i += piece.length) expected.update(piece);
    expect(said).toBe(expected.digest('hex'));
  });

  it('of 20 MB is not collected on the way down', async () => {
    const { world, asked } = await openByHand();
    const sent = open(world, 'GET');
    sent.end();
    const { outgoing } = await asked();
    const piece = Buffer.alloc(64 * 1024, 'x');
    let written = 0;
    const more = () => {
      while (written < twenty) {
        written += piece.length;
        if (!outgoing.write(piece)) return;
      }
      outgoing.end();
    };
    outgoing.on('drain', more);
    more();
    const answer = await answerOf(sent);
    answer.pause();
    expect(await settled(() => written)).toBeLessThan(twenty * 0.75);
    let heard = 0;
    for await (const chunk of answer) heard += (chunk as Buffer).length;
    expect(heard).toBe(twenty);
  });

  it('goes on for as long as it moves, however short the patience', async () => {
    const world = await openProxied(
      (incoming, outgoing) => void incoming.resume().once('end', () => outgoing.end('all')),
      { timeout: 1 },
    );
    const sent = open(world, 'POST', { 'transfer-encoding': 'chunked' });
    for (let i = 0; i < 5; i++) {
      sent.write('more');
      await new Promise((resolve) => setTimeout(resolve, 350));
    }
    sent.end();
    expect((await answerOf(sent)).statusCode).toBe(200);
  });

  it('that nobody wants any more is not asked for any more', async () => {
    const { world, asked } = await openByHand();
    const sent = open(world, 'GET');
    sent.end();
    const { outgoing } = await asked();
    outgoing.write('first');
    const answer = await answerOf(sent);
    answer.on('error', () => {});
    sent.destroy();
    await once(outgoing, 'close');
    expect(outgoing.writableFinished).toBe(false);
  });
});

describe('an answer that is still under way', () => {
  const later = start + ann.exp;
  it.each([
    ['an event stream', 'text/event-stream', 'signs out', true],
    ['an event stream', 'text/event-stream', 'loses a role', true],
    ['an event stream', 'text/event-stream; charset=utf-8', 'has a cookie that expires', true],
    ['a download', 'application/zip', 'signs out', true],
    ['a download', 'application/zip', 'has a cookie that expires', false],
  ])('%s (%s), when somebody %s', async (_, type, event, ends) => {
    const { world, asked } = await openByHand();
    const sent = open(world, 'GET');
    sent.end();
    const { outgoing } = await asked();
    outgoing.writeHead(200, { 'content-type': type }).write('first');
    const answer = await answerOf(sent);
    answer.resume().on('error', () => {});
    let ended = false;
    answer.once('close', () => {
      ended = true;
    });
    if (event === 'signs out') world.gateway.feed.apply({ kind: 'session-ended', sid: ann.sid, until: later });
    else if (event === 'loses a role')
      world.gateway.feed.apply({ kind: 'permissions-changed', userId: ann.uid, version: 2, until: later });
    else world.now = ann.exp;
    if (ends) await expect.poll(() => ended, { timeout: 3000 }).toBe(true);
    else {
      await new Promise((resolve) => setTimeout(resolve, 1300));
      expect(ended).toBe(false);
      outgoing.end();
      await expect.poll(() => ended).toBe(true);
    }
  });
});

describe('a visitor who hangs up while the directory is asked about them', () => {
  it.each([
    ['GET', {}],
    ['PUT', { 'content-length': '9' }],
  ])('is not answered, and leaves no connection to the app behind: %s', async (method, headers) => {
    let connections = 0;
    // more than fits between two ends: it would wait for ever
    const app = createServer((_, outgoing) => outgoing.end(Buffer.alloc(megabyte)));
    app.on('connection', () => {
      connections += 1;
    });
    const world = await openProxied(app);
    const { users } = world;
    const find = users.findById.bind(users);
    const [begun, slow, over] = [0, 1, 2].map(() => Promise.withResolvers<void>());
    users.findById = async (id) => {
      begun?.resolve();
      await slow?.promise;
      return await find(id).finally(() => setTimeout(() => over?.resolve(), 50));
    };
    const cookie = domainCookie({ permissions: undefined });
    const sent = open(world, method, { ...headers, cookie }, '/reports/x');
    sent.flushHeaders();
    await begun?.promise;
    sent.destroy();
    // until the gateway has noticed
    await new Promise((resolve) => setTimeout(resolve, 200));
    slow?.resolve();
    await over?.promise;
    expect(connections).toBe(0);
  });
});
