import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

/** A child process that can't outlive this one. */
export type BoundProcess = {
  /** Whatever it writes to stdout and stderr, in order. */
  readonly output: Readable;
  /** Resolves when it has ended, for whatever reason, with its exit code: 128 + n where signal n ended it. */
  readonly exit: Promise<number>;
  /** Sends the orderly signal. Resolves once the process has gone. */
  stop(): Promise<void>;
  /** Sends the abrupt signal. Resolves once the process has gone. */
  kill(): Promise<void>;
};

/** How a {@link BoundProcess} runs and ends. */
export type BoundProcessOptions = {
  /** Signal for `stop()`. */
  readonly orderly: 'INT' | 'KILL';
  /** Signal for `kill()`, and for when this process dies, be it by SIGKILL. */
  readonly abrupt: 'QUIT' | 'KILL';
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly account?: { readonly uid?: number; readonly gid?: number };
  /** A descriptor of ours that the child gets as its descriptor 3. */
  readonly inherit?: number;
};

/**
 * The child's parent is this shell. Its descriptor 4 is a pipe from us: a line asks for the orderly signal, its end
 * without one means that we gave up on the child or died. The child doesn't see the pipe.
 */
const keeper = `
orderly=$1 abrupt=$2; shift 2
"$@" 4<&- 2>&1 & child=$!
(if read -r _; then kill -$orderly $child; else kill -$abrupt $child; fi) <&4 3<&- >/dev/null 2>&1 & watchdog=$!
exec 4<&- 1>&- 2>&-
wait $child; status=$?
kill $watchdog; wait $watchdog
exit $status`;

/** Starts a program that ends when this process does. Needs `/bin/sh`. */
export function spawnBound(command: string, args: readonly string[], options: BoundProcessOptions): BoundProcess {
  const shell = spawn('/bin/sh', ['-c', keeper, 'sh', options.orderly, options.abrupt, command, ...args], {
    ...options.account,
    env: options.env,
    cwd: options.cwd,
    // A session of its own: Ctrl-C in the terminal reaches us alone, and we end the child in our own time.
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore', options.inherit ?? 'ignore', 'pipe'],
  });
  const lifeline = shell.stdio[4] as Writable;
  lifeline.on('error', () => {}); // writing to a child that has just gone is no failure
  const exit = new Promise<number>((resolve, reject) => {
    shell.once('exit', (code) => resolve(code ?? 137));
    shell.once('error', reject);
  });
  exit.catch(() => {}); // whoever awaits it hears of it
  exit.then(
    () => lifeline.destroy(),
    () => lifeline.destroy(),
  );
  return {
    output: shell.stdout as Readable,
    exit,
    async stop() {
      lifeline.end('stop\n');
      await ended(shell);
    },
    async kill() {
      lifeline.destroy();
      await ended(shell);
    },
  };
}

async function ended(shell: ChildProcess): Promise<void> {
  if (shell.exitCode === null && shell.signalCode === null) await once(shell, 'exit');
}
