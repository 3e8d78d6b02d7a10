import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { apacheKind, caddyKind, haproxyKind, nginxKind } from '../proxies/kinds.testing.ts';
import { type ProxyKind, type RunningProxy, startProxy } from '../proxies/proxy.testing.ts';
import { type ProxyWorld, startProxyWorld } from '../proxies/world.testing.ts';
import type { BenchReady, BenchWay } from './proxies-ways.ts';

/** The same proxy without any check, as briefly as it can be written. */
const plain: Readonly<Record<string, (port: number, upstream: number) => string>> = {
  nginx: (port, upstream) => `upstream app { server 127.0.0.1:${upstream}; keepalive 16; }
server { listen 127.0.0.1:${port}; location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; } }
`,
  caddy: (port, upstream) => `http://:${port} {\n\treverse_proxy 127.0.0.1:${upstream}\n}\n`,
  haproxy: (port, upstream) => `defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
listen app
    bind 127.0.0.1:${port}
    server upstream 127.0.0.1:${upstream}
`,
  apache: (port, upstream) => `Listen 127.0.0.1:${port}
ProxyPass / http://127.0.0.1:${upstream}/
`,
};

// Gateway, app and proxies of the bench: started by proxies.ts, gone when it is.
const running: RunningProxy[] = [];
let world: ProxyWorld | undefined;
process.once('disconnect', () => {
  const stopping = [...running.map((proxy) => proxy.stop()), world?.stop()];
  void Promise.allSettled(stopping).then(() => process.exit());
});
process.on('SIGINT', () => {});

world = await startProxyWorld();
const ways: BenchWay[] = [];
for (const kind of [nginxKind, caddyKind, haproxyKind, apacheKind]) {
  if (spawnSync('sh', ['-c', `command -v ${kind.binary}`]).status !== 0) continue;
  for (const asks of [false, true]) {
    const port = await freePort();
    running.push(await startProxy(asks ? kind : withoutCheck(kind, port, world), at(port, world)));
    ways.push({ proxy: kind.name, asks, port });
  }
}
if (ways.length === 0) throw new Error('no proxy is installed: apt-get install nginx caddy haproxy apache2');
// at the gateway itself: the world's own proxy is not among those that run
const { browser } = await world.signIn(undefined, undefined, world.gateway);
const ready: BenchReady = { ways, host: new URL(world.app).host, cookie: world.cookieOf(browser) };
process.send?.(ready);

function at(port: number, one: ProxyWorld): ProxyWorld {
  return { ...one, ports: { ...one.ports, proxy: port }, app: `http://notes.acme.localhost:${port}` };
}

function withoutCheck(kind: ProxyKind, port: number, { upstream }: ProxyWorld): ProxyKind {
  const text = plain[kind.name]?.(port, upstream.port) ?? '';
  const files: ProxyKind['files'] = (folder) =>
    Object.fromEntries(
      Object.entries(kind.files(folder)).map(([name, file]) => [name, 'config' in file ? { text } : file]),
    );
  return { ...kind, files };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}
