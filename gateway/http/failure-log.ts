import type { SsoError } from '../../shared/errors.ts';
import type { Log } from '../deps.ts';
import { type GatewayContext, requestId } from './context.ts';

/** Writes down what a request was refused for. The reason stands here and nowhere else. */
export function logFailure(c: GatewayContext, error: SsoError, log: Log): void {
  const { code, reason } = error;
  const fields = { requestId: requestId(c), code, reason, method: c.req.method, path: c.req.path };
  // a prefetch is answered 503 so that browsers forget it; nothing of ours has failed
  if (error.failure.status >= 500 && code !== 'prefetch_refused')
    log.error('request failed', fields, error.cause ?? error);
  else log.info('request refused', fields);
}
