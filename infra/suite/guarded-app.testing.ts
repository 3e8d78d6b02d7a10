import type { IncomingMessage, RequestListener } from 'node:http';
import type { HeaderReader } from '../../shared/navigation.ts';
import { ask } from './exchange.ts';

/** Address of the reverse proxy: the only peer whose forwarded headers the gateway believes. */
export const proxyAddress = '127.0.0.2';

/** Headers that the proxy hands on to the gateway as they came. */
const passed = ['cookie', 'accept', 'sec-fetch-mode', 'sec-fetch-dest', 'sec-fetch-site', 'sec-purpose', 'origin'];

/** What an app behind the proxy answers with: whom it was told of. */
export type Greeting = {
  readonly app: string;
  readonly method: string;
  readonly user: string;
  readonly groups: string;
};

/** Says who a request is of, by the headers of whoever looked at it before. */
export function greeting(request: Pick<IncomingMessage, 'headers' | 'method'>, told: HeaderReader): string {
  const answer: Greeting = {
    app: request.headers.host ?? '',
    method: request.method ?? 'GET',
    user: told('remote-user') ?? 'no header',
    groups: told('remote-groups') ?? 'no header',
  };
  return JSON.stringify(answer);
}

/** The app itself, as an origin that believes the headers it gets. */
export const greet: RequestListener = (request, response) => {
  const told: HeaderReader = (name) => request.headersDistinct[name]?.join(', ');
  response.writeHead(200, { 'content-type': 'application/json' }).end(greeting(request, told));
};

/**
 * An app behind a reverse proxy with forward authentication, as Traefik does it: every request is asked about at `/check`
 * first, and an answer other than 2xx goes to the browser as it is. The app itself says who it was told is there.
 */
export function guardedApp(gateway: string): RequestListener {
  return (request, response) => {
    const { headers, method = 'GET', url = '/' } = request;
    const handedOn = Object.fromEntries(
      [...passed, 'x-suite-process', 'access-control-request-method'].flatMap((name) => {
        const value = headers[name];
        return value === undefined ? [] : [[name, value]];
      }),
    );
    const forwarded = {
      ...handedOn,
      'x-forwarded-method': method,
      'x-forwarded-proto': 'http',
      'x-forwarded-host': headers.host,
      'x-forwarded-uri': url,
    };
    ask(`${gateway}/check`, { headers: forwarded, from: proxyAddress }).then(
      (answer) => {
        if (answer.status < 200 || answer.status > 299) {
          response.writeHead(answer.status, Object.fromEntries(answer.headers));
          if (answer.cookies.length > 0) response.setHeader('set-cookie', answer.cookies);
          return void response.end(answer.body);
        }
        const body = greeting(request, (name) => answer.headers.get(name) ?? undefined);
        response.writeHead(200, { 'content-type': 'application/json' }).end(body);
      },
      (error: unknown) => response.writeHead(502).end(String(error)),
    );
  };
}
