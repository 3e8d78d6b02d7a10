import type { Server } from 'node:http';
import type { Config } from '../../../shared/config.ts';

/** Why a server can't listen, by the code of the system, and what to do about it. */
const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken by another program. Stop it, or set listen.port to another one',
  EACCES: 'is not for this user: ports below 1024 need rights of their own. Set listen.port to another one',
  EADDRNOTAVAIL: 'is no address of this machine. Mend listen.host',
  ENOTFOUND: 'is no address of this machine. Mend listen.host',
};

/**
 * Lets a server listen.
 *
 * @throws Error in words for an operator where it can't.
 */
export async function listen(server: Server, { host, port }: Config['listen']): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    const why = Object.hasOwn(reasons, code) ? `${reasons[code]} (${code}).` : `cannot be listened on: ${message}.`;
    throw new Error(`${host.includes(':') ? `[${host}]` : host}:${port} ${why}`, { cause });
  }
}
