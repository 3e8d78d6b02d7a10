import { randomUUID } from 'node:crypto';
import { type Context, Hono } from 'hono';
import type { Clock } from '../../../shared/clock.ts';
import { ApiFault } from './json-api/fault.ts';
import { type Parameters, readParameters } from './json-api/parameters.ts';
import { peopleOperations } from './json-api/people.ts';
import { signInOperations } from './json-api/sign-in.ts';
import { checkSignature } from './json-api/signature.ts';
import type { Pool } from './pool.ts';
import { developmentCredentials, type UserPoolOptions } from './settings.ts';

const service = 'AWSCognitoIdentityProviderService.';
const contentType = 'application/x-amz-json-1.1';

/**
 * The user-pool API that AWS SDKs speak: `POST /` with `X-Amz-Target`. What administrators do must be signed (AWS
 * Signature Version 4) by the pool's credentials; what people do for themselves isn't.
 *
 * @param options `now` is the machine's time, by which signatures go.
 */
export function jsonApiRoutes(
  pool: Pool,
  options: Pick<UserPoolOptions, 'credentials' | 'throttle'> & { readonly region: string; readonly now: Clock },
): Hono {
  const { credentials = developmentCredentials, throttle = () => false, region, now } = options;
  const administrators = new Map(Object.entries(peopleOperations(pool)));
  const people = new Map(Object.entries(signInOperations(pool)));

  async function answer(c: Context): Promise<object> {
    const name = (c.req.header('x-amz-target') ?? '').replace(service, '');
    const open = people.get(name);
    const operation = open ?? administrators.get(name);
    if (operation === undefined) throw new ApiFault('UnknownOperationException', '');
    if (c.req.header('content-type') !== contentType) throw new ApiFault('SerializationException', '');
    const body = await c.req.text();
    if (!open) {
      const { method, headers } = c.req.raw;
      checkSignature({ method, url: new URL(c.req.url), headers, body }, credentials, region, now());
    }
    if (throttle(name)) throw new ApiFault('TooManyRequestsException', 'Rate exceeded');
    const parameters = parsed(body);
    if (!open) {
      const poolId = parameters.text('UserPoolId');
      if (poolId !== pool.poolId) {
        throw new ApiFault('ResourceNotFoundException', `User pool ${poolId} does not exist.`);
      }
    }
    return operation(parameters);
  }

  const app = new Hono();
  app.post('/', async (c) => {
    c.header('x-amzn-RequestId', randomUUID());
    c.header('Cache-Control', 'no-store');
    try {
      return c.body(JSON.stringify(await answer(c)), 200, { 'content-type': contentType });
    } catch (cause) {
      if (!(cause instanceof ApiFault)) throw cause;
      const { type, message } = cause;
      return c.body(JSON.stringify({ __type: type, message }), 400, {
        'content-type': contentType,
        'x-amzn-ErrorType': type,
      });
    }
  });
  return app;
}

function parsed(body: string): Parameters {
  try {
    return readParameters(JSON.parse(body));
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new ApiFault('SerializationException', '');
    throw cause;
  }
}
