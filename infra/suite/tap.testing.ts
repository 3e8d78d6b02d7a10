/** A call of a gateway to a provider. */
export type Call = {
  readonly path: string;
  /** `grant_type`, where it was one for a token. */
  readonly grant: string | undefined;
  /** Absent: no answer came. */
  status?: number;
};

/** How a provider can fail its callers: not listening, silent, 500, a proxy's page, an answer cut short. */
export type Fault = 'down' | 'silent' | 'error' | 'html' | 'garbage';

/** Stands between gateways and providers. */
export type Tap = {
  readonly fetch: typeof fetch;
  readonly calls: Call[];
  /** Makes calls fail until it is called again without a fault. */
  fail(how?: Fault): void;
};

/** Notes every call, and lets them fail. */
export function createTap(): Tap {
  const calls: Call[] = [];
  let fault: Fault | undefined;

  const broken = async (how: Fault, init: RequestInit | undefined): Promise<Response> => {
    switch (how) {
      case 'down':
        // nobody listens on the port of the discard service
        return await fetch('http://127.0.0.1:9/', { method: 'POST' });
      case 'silent':
        return await new Promise((_, reject) => {
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
        });
      case 'error':
        return Response.json({ error: 'server_error' }, { status: 500 });
      case 'html':
        return new Response('<h1>Bad gateway</h1>', { status: 502, headers: { 'content-type': 'text/html' } });
      case 'garbage':
        return new Response('{"access_token": "cut sho', { headers: { 'content-type': 'application/json' } });
    }
  };

  return {
    calls,
    fail(how) {
      fault = how;
    },
    fetch: async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const form = new URLSearchParams(init?.body === undefined || init.body === null ? '' : String(init.body));
      const call: Call = { path: url.pathname, grant: form.get('grant_type') ?? undefined };
      calls.push(call);
      const response = await (fault ? broken(fault, init) : fetch(input, init));
      call.status = response.status;
      return response;
    },
  };
}
