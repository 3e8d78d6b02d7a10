import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../cli/console.testing.ts';
import type { ProxyWorld } from './world.testing.ts';

/** A proxy that runs. */
export type RunningProxy = { stop(): Promise<void> };

/** How one proxy is started with what `crossgate proxy-config` prints. */
export type ProxyKind = {
  readonly name: string;
  readonly binary: string;
  /** What to install where the binary is missing. */
  readonly install: string;
  /** Options beside domain, gateway, upstream and port. */
  options?(folder: string, world: ProxyWorld): readonly string[];
  /** Files to write: by name, what `proxy-config` is asked for, or a text around it. */
  files(folder: string): Readonly<Record<string, { readonly config: string } | { readonly text: string }>>;
  args(folder: string): readonly string[];
};

/** What `crossgate proxy-config` prints for this world. */
export async function printedConfig(world: ProxyWorld, name: string, more: readonly string[] = []): Promise<string> {
  const options = {
    '--domain': world.app,
    '--gateway': world.gateway,
    '--gateway-address': `http://127.0.0.1:${world.ports.gateway}`,
    '--upstream': `http://127.0.0.1:${world.upstream.port}`,
    '--listen': `127.0.0.1:${world.ports.proxy}`,
  };
  const { exit, out, err } = await runCommand(['proxy-config', name, ...Object.entries(options).flat(), ...more]);
  if (exit !== 0) throw new Error(err);
  return out;
}

/**
 * Starts a proxy in front of the app, with the printed configuration as it stands.
 *
 * @throws Error that says what to install, or what the proxy said when it did not start.
 */
export async function startProxy(kind: ProxyKind, world: ProxyWorld): Promise<RunningProxy> {
  const { binary, install } = kind;
  if (spawnSync('sh', ['-c', `command -v ${binary}`]).status !== 0)
    throw new Error(`${binary} is not installed. Install it: apt-get install ${install}`);
  const folder = mkdtempSync(join(tmpdir(), `crossgate-${kind.name}-`));
  // a proxy that gives up root has to read it still
  chmodSync(folder, 0o755);
  const options = kind.options?.(folder, world) ?? [];
  for (const [name, file] of Object.entries(kind.files(folder))) {
    writeFileSync(
      join(folder, name),
      'text' in file ? file.text : `${await printedConfig(world, file.config, options)}\n`,
    );
  }
  const environment = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const child = spawn(binary, [...kind.args(folder)], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000);
    });
  }
  try {
    await untilListening(world.ports.proxy, child);
  } catch (error) {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`${kind.name} did not start: ${said}`, { cause: error });
  }
  return {
    async stop() {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode === null) {
        child.kill('SIGTERM');
        await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 3000).unref())]);
        child.kill('SIGKILL');
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      }).once('error', () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('nobody listens');
}

/** What came back for bytes that no HTTP library would send. */
export type RawAnswer = { readonly status: number; readonly text: string };

/** Sends the lines of one request as they stand, and reads until the end. `Connection: close` is for the caller to say. */
export function askRaw(port: number, lines: readonly string[], body = ''): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`));
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no end after ${text.slice(0, 200)}`)));
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      // whoever asks for another protocol is not told the end
      if (lines.some((line) => line.startsWith('Connection: Upgrade')) && text.includes('\r\n\r\n')) socket.destroy();
    });
    // a proxy that refuses may close before it has read everything
    socket.on('error', (error) => (text === '' ? reject(error) : undefined));
    socket.on('close', () => resolve({ status: Number(text.split(' ')[1] ?? 0), text }));
  });
}
