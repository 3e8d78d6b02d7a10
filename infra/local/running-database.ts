import { readFileSync } from 'node:fs';
import path from 'node:path';
import { superuser } from './postgres-cluster.ts';

/**
 * The connection string of the Postgres of a world that is running just now.
 *
 * @param dir The world's folder.
 * @returns `undefined` where none runs there.
 * @see https://www.postgresql.org/docs/current/storage-file-layout.html `postmaster.pid`
 */
export function runningDatabase(dir: string): string | undefined {
  const read = (file: string) => {
    try {
      return readFileSync(path.join(dir, 'postgres', file), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  };
  const [pid = '', , , port = ''] = read('data/postmaster.pid')?.split('\n') ?? [];
  const password = read('password');
  if (!/^\d+$/.test(port) || password === undefined || !isAlive(Number(pid))) return undefined;
  return `postgres://${superuser}:${password}@127.0.0.1:${port}/postgres`;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // somebody else's, as the server's is
  }
}
