import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { connect, createServer as createTcp, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { asSubject } from '../../../shared/identity.ts';
import { ann, domainCookie, start } from '../../check/check.testing.ts';
import { echo, openProxied, type ProxiedWorld, wire } from './proxied.testing.ts';

/** An app that says back what it hears on a WebSocket. */
function sockets(plain: RequestListener = echo) {
  const asked: IncomingMessage[] = [];
  const open: Socket[] = [];
  const app = createServer(plain);
  app.on('upgrade', (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    asked.push(incoming);
    open.push(socket);
    const accept = createHash('sha1')
      .update(`${incoming.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    const head101 = [
      ...['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'],
      ...[`Sec-WebSocket-Accept: ${accept}`, 'Set-Cookie: own=1', 'Set-Cookie: __Host-sso=stolen; Path=/; Secure'],
    ];
    socket.on('error', () => {}).once('end', () => socket.end());
    socket.write(`${head101.join('\r\n')}\r\n\r\n`);
    const say = (frame: Buffer) => {
      const [length, mask] = [(frame[1] ?? 0) & 127, frame.subarray(2, 6)];
      const said = frame.subarray(6, 6 + length).map((byte, i) => byte ^ (mask[i % 4] ?? 0));
      // text is said back; a close is left to whoever sent it
      if ((frame[0] ?? 0) === 0x81) socket.write(Buffer.concat([Buffer.from([0x81, length]), said]));
      else socket.end();
    };
    if (head.length > 0) say(head);
    socket.on('data', say);
  });
  return { app, asked, open };
}

type Handshake = {
  readonly origin?: string | null;
  readonly cookie?: string;
  readonly path?: string;
  readonly more?: string;
};

const handshake = ({
  origin = 'https://notes.acme.test',
  cookie = domainCookie(),
  path = '/live',
  more = '',
}: Handshake) =>
  `GET ${path} HTTP/1.1\r\nHost: notes.acme.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
  `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${origin === null ? '' : `Origin: ${origin}\r\n`}` +
  `${cookie ? `Cookie: ${cookie}\r\n` : ''}${more}\r\n`;

/** `hello`, masked with zeros. */
const hello = '\x81\x85\0\0\0\0hello';

/** A handshake by hand, and what is said on the connection from then on. */
async function dial({ port }: ProxiedWorld, how: Handshake = {}, early = '') {
  const socket = connect(port, '127.0.0.1');
  const state = { heard: '', closed: false };
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    state.heard += chunk;
  });
  socket
    .on('error', () => {})
    .once('close', () => {
      state.closed = true;
    });
  socket.write(handshake(how) + early, 'latin1');
  await expect.poll(() => state.heard).toContain('\r\n\r\n');
  return { socket, state };
}

describe('a WebSocket', () => {
  it("of the app's own page passes, with who it is, and both sides are heard", async () => {
    const { app, asked } = sockets();
    const world = await openProxied(app);
    const { socket, state } = await dial(world, { more: 'Remote-User: root\r\nSec-WebSocket-Protocol: chat\r\n' });
    expect(state.heard).toMatch(/^HTTP\/1\.1 101 /);
    expect(state.heard).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    expect(state.heard).toContain('Set-Cookie: own=1');
    expect(state.heard).not.toContain('stolen');
    expect(asked[0]?.headers).toMatchObject({
      'remote-user': '42',
      origin: 'https://notes.acme.test',
      host: 'notes.acme.test',
      'sec-websocket-protocol': 'chat',
      'x-forwarded-proto': 'https',
    });
    expect(asked[0]?.headers.cookie).toBeUndefined();
    socket.write(hello, 'latin1');
    await expect.poll(() => state.heard).toContain('\x81\x05hello');
    socket.destroy();
  });

  it('of a real client passes', async () => {
    const world = await openProxied(sockets().app, {}, { rules: [{ host: 'notes.acme.test', allow: 'public' }] });
    // the client names the machine itself as host, so a listener in between names the app
    const between = createTcp((socket) => {
      const to = connect(world.port, '127.0.0.1');
      socket.once('data', (chunk) => {
        to.write(chunk.toString('latin1').replace(/Host: [^\r]*/i, 'Host: notes.acme.test'), 'latin1');
        socket.pipe(to).pipe(socket);
      });
      for (const one of [socket, to]) one.on('error', () => {});
    });
    await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
    const address = between.address();
    const client = new WebSocket(`ws://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/live`);
    const heard = await new Promise((resolve, reject) => {
      client.onerror = () => reject(new Error('refused'));
      client.onopen = () => client.send('hello');
      client.onmessage = ({ data }) => resolve(data);
    });
    expect(heard).toBe('hello');
    client.close();
    between.close();
  });

  it.each<[string, Handshake, number]>([
    ['another site', { origin: 'https://evil.test' }, 403],
    ['another app of ours', { origin: 'https://photos.acme.test' }, 403],
    ['the gateway itself', { origin: 'https://auth.acme.test' }, 403],
    ['a name that looks the same', { origin: 'https://notes.acme.test.evil.test' }, 403],
    ['the same host without TLS', { origin: 'http://notes.acme.test' }, 403],
    ['a hidden origin', { origin: 'null' }, 403],
    ['no page at all', { origin: null }, 403],
    ['nobody', { cookie: '' }, 401],
    ['somebody with a made-up cookie', { cookie: '__Secure-sso=a.b.c' }, 401],
    ['somebody who lacks the role', { path: '/admin/live' }, 403],
    ['somebody with headers by the thousand', { more: 'X-A: b\r\n'.repeat(1000) }, 431],
    ['somebody on a crooked path', { path: '/open/../admin/live' }, 400],
  ])('of %s is refused before the app hears of it', async (_, how, status) => {
    const { app, asked } = sockets();
    const answer = await wire((await openProxied(app)).port, handshake(how));
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toMatch(/connection: close/i);
    expect(asked).toEqual([]);
  });

  it('of another site passes as nobody where everybody may come', async () => {
    const { app, asked } = sockets();
    await dial(await openProxied(app), { origin: 'https://evil.test', path: '/open/live' });
    expect(asked[0]?.headers['remote-user']).toBe('');
  });

  it.each([
    ['signs out', (world: ProxiedWorld) => world.gateway.feed.apply(signedOut)],
    ['loses a role', (world: ProxiedWorld) => world.gateway.feed.apply(changed)],
    [
      'has a cookie that expires',
      (world: ProxiedWorld) => {
        world.now = ann.exp;
      },
    ],
  ])('is closed on both sides when somebody %s', async (_, happen) => {
    const { app, open } = sockets();
    const world = await openProxied(app);
    const { state } = await dial(world);
    await new Promise((resolve) => setTimeout(resolve, 1300));
    expect(state.closed).toBe(false);
    happen(world);
    await expect.poll(() => state.closed, { timeout: 3000 }).toBe(true);
    await expect.poll(() => open[0]?.destroyed).toBe(true);
  });

  it('is closed by a sign-out elsewhere, within the seconds of the feed', async () => {
    const world = await openProxied(sockets().app);
    const identity = { provider: 'pool', subject: asSubject('ann') };
    const times = { authTime: start, createdAt: start, endsAt: start + 9000 };
    await world.store.createSession({ sid: ann.sid, userId: ann.uid, identity, ...times }, 'hash');
    const unfollow = await world.gateway.feed.follow();
    const { state } = await dial(world);
    // another process ends it: this one hears of it by the store alone
    await world.store.endSession(ann.sid, 'logout', start);
    await expect.poll(() => state.closed, { timeout: 5000 }).toBe(true);
    await unfollow();
  });

  it.each(['visitor', 'app'])('ends for both when the %s leaves', async (who) => {
    const { app, open } = sockets();
    const { socket, state } = await dial(await openProxied(app));
    if (who === 'visitor') socket.destroy();
    else open[0]?.destroy();
    await expect.poll(() => state.closed && open[0]?.destroyed).toBe(true);
  });

  it('may speak at once: what came with the handshake is heard after it', async () => {
    const { state } = await dial(await openProxied(sockets().app), {}, hello);
    await expect.poll(() => state.heard).toContain('\x81\x05hello');
  });
});

const signedOut = { kind: 'session-ended', sid: ann.sid, until: start + 9000 } as const;
const changed = { kind: 'permissions-changed', userId: ann.uid, version: 2, until: start + 9000 } as const;

describe('a tunnel that the app never agreed to', () => {
  const smuggled = 'GET /admin/x HTTP/1.1\r\nHost: notes.acme.test\r\n\r\n';

  it('is none: its answer is an answer, and what follows goes nowhere', async () => {
    const heard: string[] = [];
    const app = createServer((incoming, outgoing) => {
      heard.push(incoming.url ?? '');
      outgoing.writeHead(426, { 'sec-websocket-version': '13' }).end('upgrade required');
    });
    const world = await openProxied(app);
    const answer = await wire(world.port, handshake({ path: '/open/live' }), smuggled);
    expect(answer).toMatch(/^HTTP\/1\.1 426 /);
    expect(answer).toContain('upgrade required');
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(heard).toEqual(['/open/live']);
  });

  it.each(['h2c', 'TLS/1.0', 'websocket, h2c', 'WebSocketX'])(
    '%s is not offered: the request is answered as it is',
    async (protocol) => {
      const world = await openProxied(echo);
      const head = `GET /open/ HTTP/1.1\r\nHost: notes.acme.test\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: ${protocol}\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n`;
      const answer = await wire(world.port, head);
      expect(answer).toMatch(/^HTTP\/1\.1 (?:200|403) /);
      expect(answer.toLowerCase()).not.toContain('"upgrade"');
      expect(answer).not.toContain('HTTP2-Settings');
    },
  );

  it('on the host of the gateway there is none', async () => {
    const world = await openProxied(sockets().app);
    const answer = await wire(
      world.port,
      handshake({ path: '/session' })
        .replace('notes.acme.test', 'auth.acme.test')
        .replace('Connection: Upgrade', 'Connection: Upgrade, close'),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 401 |^HTTP\/1\.1 200 /);
  });

  it('a body in place of a handshake is no WebSocket', async () => {
    const { app, asked } = sockets();
    const head = handshake({ more: `Content-Length: ${smuggled.length}\r\n` }).replace('GET', 'POST');
    await wire(
      (await openProxied(app)).port,
      head.replace('Connection: Upgrade', 'Connection: close, Upgrade'),
      smuggled,
    );
    expect(asked).toEqual([]);
  });
});

describe('an app that answers a handshake otherwise', () => {
  it.each([
    ['by a status that is none', 'HTTP/1.1 099 Hm\r\nContent-Length: 0\r\n\r\n'],
    ['by a switch to nothing in particular', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    [
      'by a switch to another protocol',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n',
    ],
    ['by no HTTP', 'SSH-2.0-OpenSSH\r\n'],
    ['by nothing', ''],
  ])('%s does not take the gateway down', async (_, said) => {
    const app = createTcp((socket) => void socket.on('error', () => {}).once('data', () => socket.end(said, 'latin1')));
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
    const address = app.address();
    const world = await openProxied(typeof address === 'object' ? (address?.port ?? 0) : 0);
    expect(await wire(world.port, handshake({}))).toMatch(/^HTTP\/1\.1 502 /);
    app.close();
  });

  it('by an event stream, is heard until the session ends and no longer', async () => {
    let stream: ServerResponse | undefined;
    const app = createServer((_, outgoing) => {
      stream = outgoing;
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: first\n\n');
    });
    const world = await openProxied(app);
    const { state } = await dial(world);
    await expect.poll(() => state.heard).toContain('first');
    world.gateway.feed.apply(signedOut);
    await expect.poll(() => state.closed, { timeout: 3000 }).toBe(true);
    await expect.poll(() => stream?.destroyed).toBe(true);
  });
});

describe('an app that is gone', () => {
  it('is a refusal that says so', async () => {
    const world = await openProxied(1);
    const answer = await wire(world.port, handshake({}));
    expect(answer).toMatch(/^HTTP\/1\.1 502 /);
    expect(answer).toContain('upstream_unavailable');
  });
});
