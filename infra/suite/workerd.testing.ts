import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { build } from 'esbuild';

/** Cloudflare's own runtime, as a process. */
export type Workerd = {
  /** Port on 127.0.0.1 of each isolate, in the order of {@link WorkerdOptions.isolates}. */
  readonly ports: readonly number[];
  stop(): Promise<void>;
};

export type WorkerdOptions = {
  /** One module with everything in it. */
  readonly script: string;
  /** Text bindings of each isolate, which all run the same script. The first one's Durable Object is everybody's. */
  readonly isolates: readonly Readonly<Record<string, string>>[];
  /** Port on 127.0.0.1 that all their calls of `fetch` go to, whatever host they name. Absent: calls go where they should. */
  readonly world?: number;
  /** `STORE` is bound to this class. Absent: there is none. */
  readonly durableObject?: string;
  /** Bindings by which they reach these databases, as Hyperdrive does. */
  readonly databases?: Readonly<Record<string, string>>;
  /** Told what the Workers write to their consoles. */
  readonly onLine?: (line: string) => void;
};

/** As `infra/cloudflare/wrangler.jsonc` has it. */
const compatibilityDate = '2026-10-01';

/** Bundles a module for Workers, as wrangler does. */
export async function bundleWorker(entry: string, { minify = false } = {}): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['node:*', 'cloudflare:*'],
    write: false,
    minify,
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

/** Starts the runtime and waits until it listens. */
export async function startWorkerd(options: WorkerdOptions): Promise<Workerd> {
  const folder = mkdtempSync(path.join(tmpdir(), 'crossgate-workerd-'));
  writeFileSync(path.join(folder, 'worker.js'), options.script);
  writeFileSync(path.join(folder, 'config.capnp'), configOf(options, folder));
  // listening ports are told on descriptor 3
  const child = spawn(binary(), ['serve', '--experimental', '--control-fd=3', path.join(folder, 'config.capnp')], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    lines(stream, (line) => {
      if (said.length < 100) said.push(line);
      options.onLine?.(line);
    });
  }
  const ports = await new Promise<number[]>((resolve, reject) => {
    const found = new Map<string, number>();
    lines(child.stdio[3] as Readable, (line) => {
      const { event, socket, port } = JSON.parse(line) as { event: string; socket?: string; port?: number };
      if (event !== 'listen' || socket === undefined || port === undefined) return;
      found.set(socket, port);
      if (found.size === options.isolates.length)
        resolve(options.isolates.map((_, i) => found.get(`isolate${i}`) ?? 0));
    });
    child.once('exit', (code) => reject(new Error(`workerd ended with ${code}: ${said.join('\n')}`)));
  });
  return {
    ports,
    async stop() {
      child.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** @see https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp */
function configOf({ isolates, world, durableObject, databases = {} }: WorkerdOptions, folder: string): string {
  const names = isolates.map((_, i) => `isolate${i}`);
  const workers = isolates.map((texts, i) => {
    const bindings = Object.entries(texts).map(([name, text], j) => {
      const file = `isolate${i}-${j}.txt`;
      writeFileSync(path.join(folder, file), text);
      return `(name = "${name}", text = embed "${file}")`;
    });
    if (durableObject !== undefined) {
      const where = i === 0 ? '' : ', serviceName = "isolate0"';
      bindings.push(`(name = "STORE", durableObjectNamespace = (className = "${durableObject}"${where}))`);
    }
    for (const [name, url] of Object.entries(databases)) {
      const { pathname, username, password } = new URL(url);
      bindings.push(`(name = "${name}", hyperdrive = (designator = "${name}", database = "${pathname.slice(1)}",
        user = "${username}", password = "${password}", scheme = "postgresql"))`);
    }
    if (world !== undefined) bindings.push('(name = "WORLD", service = "world")');
    const objects =
      i === 0 && durableObject !== undefined
        ? `durableObjectNamespaces = [(className = "${durableObject}", uniqueKey = "store", enableSql = true)],
           durableObjectStorage = (localDisk = "disk"),`
        : '';
    return `(name = "isolate${i}", worker = (
      modules = [(name = "worker", esModule = embed "worker.js")],
      compatibilityDate = "${compatibilityDate}",
      bindings = [${bindings.join(', ')}],
      ${objects}
      globalOutbound = "internet"))`;
  });
  const sockets = names.map((name) => `(name = "${name}", address = "127.0.0.1:0", http = (), service = "${name}")`);
  const services = [
    ...workers,
    '(name = "internet", network = (allow = ["public", "private"]))',
    ...(world === undefined ? [] : [`(name = "world", external = (address = "127.0.0.1:${world}", http = ()))`]),
    ...Object.entries(databases).map(
      ([name, url]) => `(name = "${name}", external = (address = "${new URL(url).host}", tcp = ()))`,
    ),
    ...(durableObject === undefined ? [] : [`(name = "disk", disk = (path = "${folder}", writable = true))`]),
  ];
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [${services.join(',\n')}], sockets = [${sockets.join(', ')}]);
`;
}

/** The program that comes with wrangler. */
function binary(): string {
  const require = createRequire(createRequire(import.meta.url).resolve('wrangler/package.json'));
  return (require('workerd') as { readonly default: string }).default;
}

function lines(stream: Readable | null, each: (line: string) => void): void {
  let rest = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) if (line.trim() !== '') each(line);
  });
}
