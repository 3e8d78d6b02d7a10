import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Peer, peerApps } from './peers-apps.ts';
import { askApp } from './peers-sign-in.ts';

/** What a peer's process says when it is ready. */
export type PeerReady =
  | { readonly port: number; readonly uid: string; readonly cookie: string }
  | { readonly failed: string };

// One peer in a process of its own: started by peers.ts, told which to be, gone when peers.ts is. Frameworks do less
// for developers, and more for speed, in production.
process.env.NODE_ENV = 'production';
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => {});
process.once('message', ({ peer }: { peer: Peer }) => {
  listen(peer).catch((error: unknown) => {
    const failed = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.send?.({ failed } satisfies PeerReady);
  });
});

/** Serves it, signs somebody in, and makes sure that nobody passes who is not. */
async function listen(peer: Peer): Promise<void> {
  const { listener, signIn } = await peerApps[peer]();
  const server = createServer({ maxHeaderSize: 32_768 }, listener);
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const cookie = await signIn(port);
  const { status, headers } = await askApp(port, '/check', cookie);
  const uid = headers.get('remote-user');
  if (status !== 204 || !uid) throw new Error(`${peer} answered ${status} to somebody who is signed in`);
  for (const wrong of ['', ...forgeries(cookie)]) {
    const refused = await askApp(port, '/check', wrong);
    if (refused.status !== 401) throw new Error(`${peer} answered ${refused.status} to ${wrong || 'no cookie'}`);
  }
  process.send?.({ port, uid, cookie } satisfies PeerReady);
}

/** The same cookies with one letter in the middle of every value changed, and with every value cut short. */
function forgeries(cookie: string): string[] {
  const each = (change: (value: string) => string) =>
    cookie
      .split('; ')
      .map((pair) => {
        const at = pair.indexOf('=') + 1;
        return pair.slice(0, at) + change(pair.slice(at));
      })
      .join('; ');
  return [
    each((value) => {
      const middle = value.length >> 1;
      return value.slice(0, middle) + (value[middle] === 'A' ? 'B' : 'A') + value.slice(middle + 1);
    }),
    each((value) => value.slice(0, -6)),
  ];
}
