import { run } from './program.ts';

/** What a command line did. */
export type Ran = { readonly exit: number; readonly out: string; readonly err: string };

/** Runs a command line in this process, with a console of its own. */
export async function runCommand(
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string; isScreen?: boolean } = {},
): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const exit = await run(args, {
    env: options.env ?? {},
    cwd: options.cwd ?? '/nowhere',
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    isScreen: options.isScreen ?? false,
  });
  return { exit, out: out.join('\n'), err: err.join('\n') };
}
