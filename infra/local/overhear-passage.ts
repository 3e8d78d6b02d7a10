import type { Gateway } from '../../gateway/app.ts';
import type { HeaderList, Passage } from '../../gateway/http/passage.ts';
import type { Journal } from './journal.ts';

/** The headers by which an app behind the gateway learns who is there. */
const identity = ['Remote-User', 'Remote-Email', 'Remote-Name', 'Remote-Groups'];

/**
 * Wraps the gateway so that the journal learns what it hands on to apps behind it, and as whom. Never a cookie.
 *
 * @param gateway Name of the gateway's host.
 */
export function overhearPassages(fetch: Gateway['fetch'], gateway: string, journal: Journal): Gateway['fetch'] {
  const tell = ({ method, target, headers }: Passage) => {
    const handedOn = identityIn(headers);
    journal.note({ handedOn });
    const path = target.split('?')[0] ?? '';
    journal.recordWithin({
      kind: 'request',
      host: new URL(`http://${headerOf(headers, 'Host') ?? ''}`).hostname,
      summary: `${method} ${path}, handed on by the gateway`,
      details: { method, path, by: gateway, handedOn },
    });
  };
  return (request, env) => {
    const forward = env?.forward;
    if (!forward) return fetch(request, env);
    return fetch(request, {
      ...env,
      forward: (passage) => {
        tell(passage);
        return forward(passage);
      },
    });
  };
}

const identityIn = (headers: HeaderList): Record<string, string> =>
  Object.fromEntries(identity.map((name) => [name, decodeURIComponent(headerOf(headers, name) ?? '')]));

function headerOf(headers: HeaderList, name: string): string | undefined {
  return headers.find((_, i) => i % 2 === 1 && headers[i - 1] === name);
}
