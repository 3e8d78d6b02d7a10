import type { RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Gateway } from '../../app.ts';
import { createDoor } from './door.ts';

/**
 * A gateway as a `node:http` listener: the door for `/check` first, the ordinary router for everything else.
 *
 * @example createServer({ maxHeaderSize: 32_768 }, createListener(gateway)).listen(4180)
 */
export function createListener(gateway: Gateway): RequestListener {
  const door = createDoor(gateway);
  const ordinary = getRequestListener((request, env) => gateway.fetch(request, { incoming: env.incoming }));
  return (request, response) => {
    if (!door(request, response)) void ordinary(request, response);
  };
}
