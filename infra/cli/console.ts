import type { ConfigSurroundings } from '../../gateway/runtimes/node/load-config.ts';

/** What a command sees of the world; a test passes its own. */
export type Console = ConfigSurroundings & {
  /** Results: what a script reads. */
  out(text: string): void;
  /** Everything for a person: progress, mistakes. */
  err(text: string): void;
  /** Is standard output a screen? */
  readonly isScreen: boolean;
  /** Is standard error one? Default: no. */
  readonly isErrorScreen?: boolean;
};

/** How a command ends; documented in `crossgate --help`. */
export const exits = { fine: 0, wrong: 1, usage: 2, database: 3, differences: 4, userPool: 5 } as const;

/** Ends a command early. `message` is for the person at the keyboard. */
export class CliError extends Error {
  readonly exit: number;

  constructor(exit: number, message: string) {
    super(message);
    this.name = 'CliError';
    this.exit = exit;
  }
}

/** The innermost words of an error: `fetch failed` alone helps nobody. */
export function inWords(error: unknown): string {
  let innermost = error;
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause;
  return innermost instanceof Error ? innermost.message : String(innermost);
}

/** The console of this process. */
export const processConsole = (): Console => ({
  env: process.env,
  cwd: process.cwd(),
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
  isScreen: process.stdout.isTTY === true,
  isErrorScreen: process.stderr.isTTY === true,
});
