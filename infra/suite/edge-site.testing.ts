import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, vi } from 'vitest';
import { keepingLog, type Lines } from '../../gateway/runtimes/lambda-edge/check-auth.testing.ts';
import { createCheckAuth } from '../../gateway/runtimes/lambda-edge/check-auth.ts';
import type { EdgeDeps } from '../../gateway/runtimes/lambda-edge/deps.ts';
import type { RequestHandler, ResponseHandler } from '../../gateway/runtimes/lambda-edge/event.ts';
import { createHttpHeaders } from '../../gateway/runtimes/lambda-edge/http-headers.ts';
import { createParseAuth } from '../../gateway/runtimes/lambda-edge/parse-auth.ts';
import { createRefreshAuth } from '../../gateway/runtimes/lambda-edge/refresh-auth.ts';
import { createSignOut } from '../../gateway/runtimes/lambda-edge/sign-out.ts';
import { type Seconds, systemClock } from '../../shared/clock.ts';
import { parseConfigPart } from '../../shared/config.ts';
import { readPrivateJwk, type SigningKey } from '../../shared/keys/signing.ts';
import { parseEdgeConfig } from '../cli/edge/config.ts';
import { generateEdgeKeyFile, readEdgeKeyFile } from '../cli/edge/key-file.ts';
import type { StandaloneEdgeConfig } from '../cli/edge/schema.ts';
import { type FilledFunction, fillStandalone } from '../cli/edge/settings.ts';
import { type Browser, createBrowser, type Page, type Tab } from './browser.ts';
import { type Deployed, distribution } from './cloudfront-server.testing.ts';
import { buildFunctions, importFunctions } from './edge-functions.testing.ts';
import { type Answer, type Ask, ask } from './exchange.ts';
import { people, type SuitePerson } from './people.testing.ts';
import { type ProviderUnderTest, providerId, type StartProvider } from './provider.testing.ts';
import { memoryRooms } from './rooms.testing.ts';

/** What the origin got to see. */
export type Seen = { readonly path: string; readonly headers: Readonly<Record<string, string>> };

/** How the functions run: as they are written, or out of the zip files that the command makes. */
export type Form = 'sources' | 'bundles';

/** A site of its own behind a distribution, with its provider. Met over HTTP alone. */
export type EdgeSite = {
  readonly at: string;
  readonly form: Form;
  readonly provider: ProviderUnderTest;
  /** What an attacker with the site's key file would have. */
  readonly key: SigningKey;
  /** What the functions wrote down. */
  readonly lines: Lines;
  /** `grant_type` of every call to the token endpoint, or the path of other posts. */
  readonly calls: string[];
  browser(): Browser;
  ask(path: string, request?: Ask): Promise<Answer>;
  /** A tab in which somebody has just signed in and come to a page. */
  signedIn(person?: SuitePerson, browser?: Browser, path?: string): Promise<{ browser: Browser; tab: Tab; page: Page }>;
  /** Moves every clock on, the provider's too. */
  pass(seconds: Seconds): void;
  /** How calls of the functions to the provider fail from now on. */
  fail(how?: 'error' | 'silent' | 'cut'): void;
  stop(): Promise<void>;
};

export type StartEdgeSite = () => Promise<EdgeSite>;

/** Starts a provider and puts a site in front of it. The clock of this process is a stand-in from then on. */
export async function startEdgeSite(startProvider: StartProvider, form: Form): Promise<EdgeSite> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  const folder = mkdtempSync(join(tmpdir(), 'crossgate-edge-site-'));
  const listeners = new Map<string, RequestListener>();
  const lines: Lines = [];
  const calls: string[] = [];
  let fault: 'error' | 'silent' | 'cut' | undefined;
  const server = createServer({ maxHeaderSize: 32_768 }, (request, response) => {
    const host = (request.headers.host ?? '').split(':')[0] ?? '';
    const isBrowser = host === 'docs.acme.localhost' || (request.headers['user-agent'] ?? '').startsWith('Mozilla');
    if (!isBrowser && host !== 'lambda.localhost' && fault) {
      if (fault === 'error') response.writeHead(500).end('{"error":"server_error"}');
      if (fault === 'cut') request.socket.destroy();
      return;
    }
    if (!isBrowser && request.method === 'POST') calls.push(request.url ?? '');
    const listener = listeners.get(host);
    if (listener) listener(request, response);
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const at = `http://docs.acme.localhost:${port}`;
  const known = parseConfigPart({ providers: [{ id: providerId, issuer: at, clientId: 'not read' }] }, [
    'users',
    'providers',
  ]);
  const rooms = await memoryRooms(known, systemClock);
  const strangers = `http://elsewhere.localhost:${port}/callback`;
  const provider = await startProvider({ port, gateway: at, strangers, users: rooms.users, clock: systemClock });
  for (const [host, listener] of provider.listeners) listeners.set(host, listener);
  listeners.set('elsewhere.localhost', (_, response) => void response.end('<h1>Elsewhere</h1>'));

  const { clientSecret, ...rest } = provider.config;
  writeFileSync(join(folder, 'secret'), String(clientSecret));
  const keyFile = generateEdgeKeyFile();
  writeFileSync(join(folder, 'keys.json'), JSON.stringify(keyFile));
  const written = {
    shape: 'standalone',
    site: at,
    keysFile: 'keys.json',
    provider: { ...rest, id: providerId, clientSecretFile: 'secret' },
    // the addresses that the providers of the suite know
    paths: { callback: `/callback/${providerId}`, signedOut: '/signed-out' },
    rules: [
      { path: '/open/*', allow: 'public' },
      { path: '/admin/*', allow: 'role:admin' },
      { path: '/*', allow: 'signed-in' },
    ],
  };
  const deployed =
    form === 'sources'
      ? fromSources(written, keyFile, String(clientSecret), {
          clock: systemClock,
          fetch,
          log: keepingLog(lines),
          patience: 400,
        })
      : await importFunctions(await buildFunctions(written, folder));
  // bundles write to standard output, as everything in Lambda does
  const write = process.stdout.write.bind(process.stdout);
  const output = vi.spyOn(process.stdout, 'write').mockImplementation((text, ...more) => {
    if (!String(text).startsWith('{"level"')) return write(text, ...(more as []));
    lines.push(String(text));
    return true;
  });
  const origin = createServer(showWhatCame);
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  listeners.set(
    'docs.acme.localhost',
    distribution({
      aliases: [new URL(at).host],
      functions: deployed,
      origin: (origin.address() as AddressInfo).port,
    }),
  );

  const site: EdgeSite = {
    at,
    form,
    provider,
    key: readPrivateJwk(keyFile.signing[0] ?? {}),
    lines,
    calls,
    browser: () => createBrowser(systemClock),
    ask: (path, request) => ask(new URL(path, at), request),
    async signedIn(person = people.ann, browser = site.browser(), path = '/') {
      const tab = browser.tab();
      await tab.goto(`${at}${path}`);
      const page = await provider.signIn(tab, person);
      return { browser, tab, page };
    },
    pass: (seconds) => void vi.setSystemTime(Date.now() + seconds * 1000),
    fail(how) {
      fault = how;
    },
    async stop() {
      output.mockRestore();
      vi.useRealTimers();
      for (const one of [server, origin]) {
        one.closeAllConnections();
        one.close();
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return site;
}

/** The site itself, whose answers may be stored. */
const showWhatCame: RequestListener = ({ url: path = '/', headers }, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=604800' });
  response.end(JSON.stringify({ path, headers }));
};

function fromSources(written: object, keyFile: object, secret: string, deps: EdgeDeps): Deployed[] {
  const config = parseEdgeConfig(written) as StandaloneEdgeConfig;
  const make = ({ prebuilt, settings }: FilledFunction): RequestHandler | ResponseHandler => {
    // through JSON, as they would be in a bundle
    const own = JSON.parse(JSON.stringify(settings)) as never;
    switch (prebuilt) {
      case 'check-auth':
        return createCheckAuth(own, deps);
      case 'parse-auth':
        return createParseAuth(own, deps);
      case 'refresh-auth':
        return createRefreshAuth(own, deps);
      case 'sign-out':
        return createSignOut(own, deps);
      default:
        return createHttpHeaders(own);
    }
  };
  const filled = fillStandalone(config, readEdgeKeyFile(JSON.stringify(keyFile)), secret);
  return filled.map((one) => ({ event: one.event, paths: one.behaviours, handler: make(one) }) as Deployed);
}

/** A site for the tests of one `describe`, started before them and stopped after. */
export function edgeSiteFor(start: StartEdgeSite): () => EdgeSite {
  let site: EdgeSite | undefined;
  beforeAll(async () => {
    site = await start();
  });
  afterAll(async () => {
    await site?.stop();
  });
  return () => {
    if (!site) throw new Error('not started');
    return site;
  };
}
