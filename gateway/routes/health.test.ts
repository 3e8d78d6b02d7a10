import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { SsoError } from '../../shared/errors.ts';
import type { Log } from '../deps.ts';
import type { GatewayEnv } from '../http/context.ts';
import type { Parts } from '../session/parts.ts';
import { readiness } from './health.ts';

it('tells whoever asks what is missing, and the log alone why', async () => {
  const reason = new SsoError('directory_unavailable', 'asking: 42501: permission denied for table members');
  const logged: Parameters<Log['warn']>[] = [];
  const parts = {
    store: undefined,
    users: { ping: () => Promise.reject(reason) },
    feed: { age: () => 0 },
    providers: new Map(),
    clock: () => 0,
    log: { warn: (...line: Parameters<Log['warn']>) => void logged.push(line) },
  } as unknown as Parts;
  const app = new Hono<GatewayEnv>();
  app.get('/readyz', (c) => readiness(c, parts));
  const answer = await app.request('/readyz');
  expect([answer.status, await answer.json()]).toEqual([503, { status: 'not ready', down: ['users'] }]);
  expect(logged).toEqual([['not ready', { missing: 'users' }, reason]]);
});
