import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { developmentCredentials } from '../local/user-pool/settings.ts';
import { poolId } from '../local/world-config.ts';

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/**
 * Runs `crossgate reconcile` as an operator does, in a process of its own, and changes nothing.
 *
 * @param cwd A folder without a configuration file.
 * @returns What it found, a line of JSON each.
 * @throws Error with its own words where it could not look.
 */
export async function findDifferences(
  at: { readonly userPool: string; readonly databaseUrl: string; readonly cwd: string },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const options = ['--user-pool', poolId, '--endpoint', at.userPool, '--grace', '0', '--limit-rate', '200', '--json'];
  const child = spawn(
    process.execPath,
    ['--import', here('../local/localhost-names.ts'), here('../cli/main.ts'), 'reconcile', ...options],
    {
      cwd: at.cwd,
      signal,
      killSignal: 'SIGKILL',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        CROSSGATE_DATABASE_URL: at.databaseUrl,
        AWS_ACCESS_KEY_ID: developmentCredentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: developmentCredentials.secretAccessKey,
      },
    },
  );
  const [out, err, [exit]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const lines = out.split('\n').filter(Boolean);
  const summary = lines.pop();
  if ((exit !== 0 && exit !== 4) || summary === undefined) {
    throw new Error(`crossgate reconcile ended with ${exit}: ${err.trim() || out.trim()}`);
  }
  // an exit code is the promise that a cron job goes by
  if ((exit === 0) !== (lines.length === 0)) throw new Error(`crossgate reconcile ended with ${exit}, but said ${out}`);
  return lines;
}
