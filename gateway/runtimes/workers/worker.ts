import { loadConfig } from './config.ts';
import { workersDeps } from './deps.ts';
import { serveWorker, type Worker } from './serve.ts';

export { CrossgateStore } from '../../../shared/store/durable-object.ts';
export type { WorkerEnv } from './config.ts';
export type { Worker } from './serve.ts';

/**
 * The gateway as a Cloudflare Worker. Bind `HYPERDRIVE`, and `STORE` to the class {@link CrossgateStore} or nothing.
 *
 * @param file What the configuration file says, as parsed JSON: imported, it is bundled. Absent: the variable
 *   `CROSSGATE_CONFIG`. Variables named `CROSSGATE_…` are laid over it.
 * @example export default createWorker(config)
 */
export function createWorker(file?: unknown): Worker {
  const { fetch, scheduled } = serveWorker((env) => workersDeps(loadConfig(env, file), env));
  return { fetch, scheduled };
}

export default createWorker();
