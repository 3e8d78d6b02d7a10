import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { SsoError } from '../../shared/errors.ts';
import type { Log } from '../deps.ts';
import type { GatewayEnv } from '../http/context.ts';
import type { Parts } from '../session/parts.ts';
import { readiness } from './health.ts';

it('tells whoever asks what is missing, and the log alone why', async () => {
  const reason = new SsoError('directory_unavailable', 'asking: 42501: permission denied for table members');
  let down = true;
  const logged: Parameters<Log['warn']>[] = [];
  const parts = {
    store: undefined,
    users: { ping: () => (down ? Promise.reject(reason) : Promise.resolve()) },
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
  // anybody may ask, as often as they like
  for (let i = 0; i < 5; i++) expect((await app.request('/readyz')).status).toBe(503);
  expect(logged).toHaveLength(1);
  down = false;
  expect((await app.request('/readyz')).status).toBe(200);
  down = true;
  await app.request('/readyz');
  expect(logged).toHaveLength(2);
});
