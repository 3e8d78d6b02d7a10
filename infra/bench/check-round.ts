import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import type { LoadEvent, LoadOrder, LoadResult, LoadTarget } from './check-load.ts';
import type { ServerKind } from './check-server.ts';

/** One case of a round: which server, asked what. */
export type RoundCase = Omit<LoadTarget, 'port' | 'pid'> & {
  /** Cases with the same name share a process. */
  readonly server: string;
  readonly kind: ServerKind;
};

/** On Linux the servers get one core and the load another, as if the proxy were a machine of its own. */
export const pinned = cpus().length > 1 && spawnSync('taskset', ['--version']).status === 0;

const children = new Set<ChildProcess>();

/** Ends every process of a round at once. Each would also end by itself, once this process is gone. */
export function stopAll(): void {
  for (const child of children) child.kill('SIGKILL');
}

/**
 * Measures every case once: fresh processes, warmed up, loaded in turn, gone.
 *
 * @param keys The key file.
 * @throws Error for a wrong answer, or a process that ended early.
 */
export async function measureRound(
  cases: readonly RoundCase[],
  keys: string,
  how: Pick<LoadOrder, 'connections' | 'sweeps' | 'slice'>,
): Promise<LoadResult[]> {
  try {
    const load = start('check-load.ts', 1);
    const kinds = new Map(cases.map(({ server, kind }) => [server, kind]));
    const listening = new Map<string, { readonly port: number; readonly pid: number }>();
    const starting = [...kinds].map(async ([name, kind]) => {
      const server = start('check-server.ts', 0);
      server.send({ kind, keys });
      listening.set(name, { ...(await next<{ port: number }>(server)), pid: server.pid ?? 0 });
    });
    await Promise.all(starting);
    const targets = cases.map(({ server, requests, once, warmUp }) => ({
      ...(listening.get(server) ?? { port: 0, pid: 0 }),
      requests,
      once,
      warmUp,
    }));
    load.send({ ...how, targets } satisfies LoadOrder);
    const event = await next<LoadEvent>(load);
    if ('wrong' in event) throw new Error(event.wrong);
    return event.results;
  } finally {
    stopAll();
  }
}

/** Starts a process of the bench on one core. The file lies beside this one. */
export function start(file: string, core: number): ChildProcess {
  const command = [process.execPath, `${import.meta.dirname}/${file}`];
  const [program = '', ...args] = pinned ? ['taskset', '--cpu-list', String(core), ...command] : command;
  const child = spawn(program, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // as JSON, an `undefined` among figures would arrive as null
    serialization: 'advanced',
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/**
 * The next message of a process.
 *
 * @throws Error where it ends before.
 */
export async function next<Message>(child: ChildProcess): Promise<Message> {
  return await new Promise((resolve, reject) => {
    const ended = () => reject(new Error('a process of the bench ended early'));
    child.once('exit', ended).once('error', reject);
    child.once('message', (message) => {
      child.off('exit', ended).off('error', reject);
      resolve(message as Message);
    });
  });
}
