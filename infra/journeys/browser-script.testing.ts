import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { browserScript } from '../../gateway/frame/browser-script.generated.ts';
import type { SsoOptions } from '../../gateway/sdk/browser/sso.ts';

/** How the stand-in answers. A test changes what it is about. */
export type Behaviour = {
  /** Options of the script, beside gateway and client. */
  options: Partial<SsoOptions>;
  /** The app's own session. `missing`: nothing is mounted there. */
  own: 'signed-in' | 'signed-out' | 'missing';
  monitor: string | undefined;
  /** What the app calls its session. */
  session: string | undefined;
  /** What the frame answers; `undefined`: nothing at all. */
  frame: Record<string, unknown> | undefined;
  /** The frame's address leads to somebody else, who answers in its place. */
  frameLeadsAway: boolean;
  /** What it answers after a click on its button. */
  clicked: Record<string, unknown> | undefined;
  /** `Content-Security-Policy` of the app's page, the one that only reports, and who may frame the gateway's. */
  policy: string | undefined;
  reportOnly: string | undefined;
  frameAncestors: string;
  /** What the app's page holds. */
  body: string;
  /** Whether the gateway has FedCM. */
  fedcm: boolean;
  /** What runs in the page before the script. */
  before: string;
};

/** A request that the stand-in saw. */
export type Seen = { readonly host: string; readonly method: string; readonly path: string; readonly body: string };

/** An app and a gateway that do as they are told, for what the real ones never do. */
export type StandIn = {
  readonly app: string;
  readonly gateway: string;
  readonly evil: string;
  behaviour: Behaviour;
  readonly seen: Seen[];
  /** What the frame was asked, as it received it. */
  readonly questions: Record<string, unknown>[];
  /** Paths of the app that were asked for, with the method. */
  asked(path: string): Seen[];
  /** Everything as at first. */
  reset(): void;
  stop(): Promise<void>;
};

export const code = 'a-code-of-128-bits-or-more';
export const challenge = {
  client_id: 'globex',
  redirect_uri: 'https://www.globex.com/sso/callback',
  code_challenge: 'c'.repeat(43),
  nonce: 'n0nce-of-the-challenge-22',
  scope: 'openid email',
};

/** As the real one does: answers the page around, where it was asked from. */
const frameSource = `
let last;
const answer = async (path) => {
  const { data, origin } = last;
  const reply = await (await fetch(path, { method: 'POST', body: JSON.stringify(data) })).json();
  if (reply) parent.postMessage({ v: 1, type: 'sso:result', nonce: data.nonce, ...reply }, origin);
};
addEventListener('message', (event) => { last = event; answer('/frame/asked'); });
document.querySelector('button')?.addEventListener('click', () => answer('/frame/clicked'));`;

export async function startStandIn(): Promise<StandIn> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { host = '', ...headers } = request.headers;
    const url = new URL(request.url ?? '/', `http://${host}`);
    const seen = { host, method: request.method ?? '', path: url.pathname + url.search, body };
    if (url.pathname !== '/favicon.ico') standIn.seen.push(seen);
    if (url.host === new URL(standIn.app).host) app(url, seen, response);
    else if (url.host === new URL(standIn.gateway).host) gateway(url, seen, headers, response);
    else html(response, evilPage);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const origin = (name: string) => `http://${name}.localhost:${port}`;

  const standIn: StandIn = {
    app: origin('globex'),
    gateway: origin('auth.acme'),
    evil: origin('evil'),
    behaviour: asAtFirst(origin('globex')),
    seen: [],
    questions: [],
    asked: (path) => standIn.seen.filter((one) => `${one.method} ${one.path}`.startsWith(path)),
    reset() {
      standIn.behaviour = asAtFirst(standIn.app);
      standIn.seen.length = 0;
      standIn.questions.length = 0;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  /** Knows the nonce, which no real one would tell it, and answers in the frame's place. */
  const evilPage = `<script>setInterval(() => {
    const answer = { v: 1, type: 'sso:result', nonce: '${challenge.nonce}', state: 'signed-in', code: '${code}' };
    parent.postMessage(answer, '*');
  }, 50)</script>`;

  function app(url: URL, { method, body }: Seen, response: ServerResponse): void {
    const { behaviour } = standIn;
    const view = () => ({
      signed_in: behaviour.own === 'signed-in',
      gateway: standIn.gateway,
      client_id: 'globex',
      monitor: behaviour.monitor,
      session: behaviour.session,
    });
    const name = `${method} ${url.pathname}`;
    if (url.pathname.startsWith('/sso/') && behaviour.own === 'missing') response.writeHead(404).end('Not found');
    else if (name === 'GET /sso/session') json(response, view());
    else if (name === 'POST /sso/challenge') json(response, challenge);
    else if (name === 'POST /sso/callback') {
      if (JSON.parse(body).code === code) behaviour.own = 'signed-in';
      json(response, view(), JSON.parse(body).code === code ? 200 : 400);
    } else if (name === 'POST /sso/end') {
      behaviour.own = 'signed-out';
      response.writeHead(204).end();
    } else if (name === 'GET /sso/login' && url.searchParams.has('silent')) {
      response.writeHead(303, { location: url.searchParams.get('return_to') ?? '/' }).end();
    } else if (url.pathname.startsWith('/sso/')) html(response, `<title>${name}</title>`);
    else if (url.pathname === '/app.js') script(response, appScript(standIn));
    else
      html(response, `${behaviour.body}<button id="in">Sign in</button><script type="module" src="/app.js"></script>`, {
        ...(behaviour.policy && { 'content-security-policy': behaviour.policy }),
        ...(behaviour.reportOnly && { 'content-security-policy-report-only': behaviour.reportOnly }),
      });
  }

  function gateway(url: URL, { body }: Seen, headers: IncomingMessage['headers'], response: ServerResponse): void {
    const { behaviour } = standIn;
    const cors = { 'access-control-allow-origin': headers.origin ?? '*', 'access-control-allow-credentials': 'true' };
    if (url.pathname === '/browser.js') script(response, browserScript, cors);
    else if (url.pathname === '/.well-known/openid-configuration')
      json(response, { issuer: standIn.gateway }, 200, cors);
    else if (url.pathname === '/frame' && behaviour.frameLeadsAway)
      response.writeHead(302, { location: `${standIn.evil}/` }).end();
    else if (url.pathname === '/frame')
      html(
        response,
        `${url.searchParams.has('button') ? '<button>Go on</button>' : ''}<script>${frameSource}</script>`,
        {
          'content-security-policy': `frame-ancestors ${behaviour.frameAncestors}`,
        },
      );
    else if (url.pathname === '/frame/asked') {
      standIn.questions.push(JSON.parse(body));
      json(response, behaviour.frame ?? null);
    } else if (url.pathname === '/frame/clicked') json(response, behaviour.clicked ?? null);
    else if (url.pathname === '/silent-frame') html(response, evilPage);
    else if (behaviour.fedcm) fedcm(url, cors, standIn, response);
    else response.writeHead(404).end();
  }
  return standIn;
}

function fedcm(url: URL, cors: Record<string, string>, { gateway }: StandIn, response: ServerResponse): void {
  const at = (path: string) => `${gateway}/fedcm/${path}`;
  if (url.pathname === '/.well-known/web-identity')
    json(response, { provider_urls: [at('config.json')], accounts_endpoint: at('accounts'), login_url: at('login') });
  else if (url.pathname === '/fedcm/config.json')
    json(response, {
      accounts_endpoint: at('accounts'),
      id_assertion_endpoint: at('assertion'),
      login_url: at('login'),
    });
  else if (url.pathname === '/fedcm/accounts')
    json(response, { accounts: [{ id: 'ann', name: 'Ann', email: 'ann@acme.test', approved_clients: [] }] });
  else if (url.pathname === '/fedcm/assertion') json(response, { token: code }, 200, cors);
  else html(response, 'in', { 'set-login': 'logged-in' });
}

const asAtFirst = (app: string): Behaviour => ({
  options: {},
  own: 'signed-out',
  monitor: undefined,
  session: undefined,
  frame: { state: 'signed-out' },
  frameLeadsAway: false,
  clicked: undefined,
  policy: undefined,
  reportOnly: undefined,
  frameAncestors: app,
  body: '',
  fedcm: false,
  before: '',
});

/** What an app would write. */
const appScript = ({ gateway, behaviour }: StandIn) => `
${behaviour.before}
const { createSso } = await import('${gateway}/browser.js');
const sso = createSso({ gateway: '${gateway}', clientId: 'globex', fedcmTimeout: 300, ...${JSON.stringify(behaviour.options)} });
window.states = [];
window.sso = sso;
sso.onChange((state) => window.states.push(state));
document.querySelector('#in').addEventListener('click', () => sso.signIn());
const place = document.querySelector('#place');
if (place) sso.button(place);
else window.found = await sso.check();`;

function json(response: ServerResponse, value: unknown, status = 200, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers });
  response.end(JSON.stringify(value));
}

function html(response: ServerResponse, body: string, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', ...headers });
  response.end(`<!doctype html><html lang="en"><title>page</title>${body}`);
}

function script(response: ServerResponse, body: string, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'text/javascript', 'cache-control': 'no-store', ...headers }).end(body);
}
