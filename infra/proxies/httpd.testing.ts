import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ForeignServer, freePort, installed, installedFile, startServer } from './server.testing.ts';

const modulesFolder = '/usr/lib/apache2/modules';

/** Debian packages of Apache, without the service that `apache2` would start, and of modules that have one of their own. */
const packages = ['apache2-bin', 'libapache2-mod-auth-openidc'];

/** An Apache httpd with nothing of the machine's own configuration. */
export type Httpd = ForeignServer & {
  /** What it has written to its error log. */
  log(): string;
};

/**
 * Starts an Apache httpd from a folder of its own, in one process.
 *
 * @param modules Names, as in `proxy_http`, beside those that no server can do without.
 * @param directives What it is to do.
 * @throws Error that says what to install, or what it finds wrong.
 */
export async function startHttpd(modules: readonly string[], directives: readonly string[]): Promise<Httpd> {
  const command = installed('apache2', packages);
  const load = ['mpm_event', 'authn_core', 'authz_core', ...modules].map((name) => {
    const file = installedFile(path.join(modulesFolder, `mod_${name}.so`), packages);
    return `LoadModule ${name}_module ${file}`;
  });
  const port = await freePort();
  const folder = mkdtempSync(path.join(tmpdir(), 'crossgate-httpd-'));
  const logFile = path.join(folder, 'error.log');
  const log = () => readFileSync(logFile, { encoding: 'utf8', flag: 'a+' });
  const configuration = [
    `ServerRoot ${folder}`,
    `DefaultRuntimeDir ${folder}`,
    'PidFile httpd.pid',
    `ErrorLog ${logFile}`,
    'LogLevel warn',
    `Listen 127.0.0.1:${port}`,
    'ServerName localhost',
    ...load,
    // started as root it serves as somebody else, and reads nothing in its folder any more
    ...(process.getuid?.() === 0 ? ['User www-data', 'Group www-data'] : []),
    ...directives,
  ];
  writeFileSync(path.join(folder, 'httpd.conf'), `${configuration.join('\n')}\n`, { mode: 0o600 });
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const args = ['-X', '-f', path.join(folder, 'httpd.conf')];
    const server = await startServer(command, args, { port, cwd: folder, log });
    return {
      port,
      log,
      async stop() {
        await server.stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}
