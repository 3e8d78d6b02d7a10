import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Seconds, systemClock } from '../../shared/clock.ts';
import { type Config, parseConfig } from '../../shared/config.ts';
import type { UserId } from '../../shared/identity.ts';
import { createKeyring, generateKeyFile, type Keyring } from '../../shared/keys/keyring.ts';
import type { PersonState } from '../../shared/users/directory.ts';
import { type Browser, createBrowser, type Page, type Tab } from './browser.ts';
import { type Answer, type Ask, ask } from './exchange.ts';
import { type Front, type StartFront, startForwardAuth } from './front.testing.ts';
import { type LogLine, type Process, type StartGateways, startInProcess } from './gateways.testing.ts';
import { createHandOffApps, type HandOffApps } from './hand-off-apps.testing.ts';
import { people, type SuitePerson } from './people.testing.ts';
import { type ProviderUnderTest, providerId, type StartProvider } from './provider.testing.ts';
import { createRelyingParties, type RelyingParties } from './relying-parties.testing.ts';
import { createRogueProvider, type RogueProvider } from './rogue-provider.testing.ts';
import type { OpenRooms } from './rooms.testing.ts';
import { createTap, type Tap } from './tap.testing.ts';

/** A company's world around the gateway, and what a test may do to it. The gateway itself is met over HTTP alone. */
export type Subject = {
  /** Origins. `notes` and `photos` are registered apps, `sibling` is below the parent domain and is none, `foreign` is elsewhere. */
  readonly at: Readonly<Record<'gateway' | 'notes' | 'photos' | 'sibling' | 'foreign', string>>;
  readonly config: Config;
  /** What an attacker with the key file would have. */
  readonly keyring: Keyring;
  readonly provider: ProviderUnderTest;
  readonly rogue: RogueProvider;
  /** Registered apps on domains of their own. */
  readonly parties: RelyingParties;
  /** The same, with our own filter. */
  readonly apps: HandOffApps;
  /** The gateways' calls to providers. */
  readonly tap: Tap;
  readonly log: readonly LogLine[];
  /** What the way in is like, as far as it is not the same everywhere. */
  readonly front: Pick<Front, 'appsGoBy' | 'strangeHost' | 'tooLong' | 'longAddress'>;
  /** A fresh one. `second`: a load balancer sends it to the other gateway process. */
  browser(process?: 'second'): Browser;
  /** One request to the gateway, as it stands. */
  ask(path: string, request?: Ask): Promise<Answer>;
  /** The same past whatever stands in front of the gateway, as a health check or somebody who found the origin does. */
  askDirectly(path: string, request?: Ask): Promise<Answer>;
  /** A tab in which somebody has just signed in and come to a page; `url` defaults to the notes. */
  signedIn(person?: SuitePerson, browser?: Browser, url?: string): Promise<{ browser: Browser; tab: Tab; page: Page }>;
  uid(person: SuitePerson): UserId;
  now(): Seconds;
  /** Moves the gateways' clock on; they follow the news meanwhile, as they do every few seconds, unless `deaf`. */
  pass(seconds: Seconds, deaf?: 'deaf'): Promise<void>;
  /** Both processes read the news now. */
  hear(): Promise<void>;
  /** The second process tells apps of ended sessions as far as that is due, as it does every few seconds. */
  deliver(): Promise<void>;
  setAvailable(which: 'store' | 'directory', available: boolean): void;
  giveRoles(person: SuitePerson, roles: readonly string[]): Promise<void>;
  setState(person: SuitePerson, state: PersonState): Promise<void>;
  removeRow(person: SuitePerson): Promise<void>;
  /**
   * Starts one of the two processes anew with another key file, while the other goes on.
   *
   * @throws Error on a runtime whose driver can't.
   */
  restart(process: Process, keys: string): Promise<void>;
  stop(): Promise<void>;
};

export type StartSubject = () => Promise<Subject>;

/** Have the gateways a store, or nothing but their cookies? */
export type StoreUnderTest = Config['session']['store'];

/** How a suite makes a test of what processes can do only together: without a store there is no such test. */
export const testOf = (store: StoreUnderTest): ((name: string, test: () => Promise<void>) => void) =>
  store === 'none' ? () => {} : it;

export type SubjectOptions = {
  readonly store?: StoreUnderTest;
  /** Default: apps behind a reverse proxy, nothing in front of the gateway. */
  readonly startFront?: StartFront;
};

/** Made once a process: keys are slow to make, and no test changes them. */
let keyFile: string | undefined;

/** Puts a subject together from a provider, the rooms behind it and the runtime that it is on. */
export async function startSubject(
  startProvider: StartProvider,
  openRooms: OpenRooms,
  startGateways: StartGateways = startInProcess,
  { store = 'shared', startFront = startForwardAuth }: SubjectOptions = {},
): Promise<Subject> {
  keyFile ??= JSON.stringify(generateKeyFile());
  let offset: Seconds = 0;
  const now = () => systemClock() + offset;
  const listeners = new Map<string, RequestListener>();
  let front: Front | undefined;
  let toGateway: RequestListener = (_, response) => void response.writeHead(503).end();
  const server = createServer({ maxHeaderSize: 32_768 }, (request, response) => {
    const listener = listeners.get((request.headers.host ?? '').split(':')[0] ?? '');
    if (listener) return listener(request, response);
    // whatever host is asked for, the gateway gets it
    toGateway(request, response);
  });
  server.on('clientError', ({ code }: NodeJS.ErrnoException, socket) => {
    const status = code === 'HPE_HEADER_OVERFLOW' ? (front?.tooLong ?? 431) : 400;
    if (socket.writable) socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\n\r\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const origin = (host: string) => `http://${host}:${port}`;
  const at = {
    gateway: origin('auth.acme.localhost'),
    notes: origin('notes.acme.localhost'),
    photos: origin('photos.acme.localhost'),
    sibling: origin('sibling.acme.localhost'),
    foreign: origin('elsewhere.localhost'),
  };

  const rogue = createRogueProvider(port);
  const parties = createRelyingParties(port);
  const apps = createHandOffApps(port, at.gateway, now);
  const written = (provider: Readonly<Record<string, unknown>>) => ({
    publicUrl: at.gateway,
    session: { store },
    keys: keyFile,
    providers: [{ id: providerId, ...provider }, rogue.config],
    ...(provider.triggers === true ? { triggers: { provider: providerId } } : {}),
    database: { url: 'postgres://not.read' },
    clients: [
      { id: 'notes', name: 'Notes', home: `${at.notes}/`, origins: [at.notes] },
      { id: 'photos', name: 'Photos', home: `${at.photos}/`, origins: [at.photos] },
      // who takes a hand-off
      ...(store === 'none' ? [] : [...parties.clients, ...apps.clients]),
    ],
    rules: [
      { host: 'notes.acme.localhost', path: '/public/*', allow: 'public' },
      { host: 'notes.acme.localhost', path: '/team/*', allow: ['role:admin', 'role:editor'] },
      { host: 'notes.acme.localhost', path: '/write/*', allow: 'permission:notes:write' },
      { host: '*.acme.localhost', allow: 'signed-in' },
    ],
  });
  const rooms = await openRooms(parseConfig(written({ issuer: at.gateway, clientId: 'not read yet' })), now);
  const provider = await startProvider({
    port,
    gateway: at.gateway,
    strangers: `${at.foreign}/callback`,
    users: rooms.users,
    clock: now,
  });
  const config = parseConfig(written(provider.config));
  const keyring = createKeyring(config.keys);
  const tap = createTap();
  const log: LogLine[] = [];
  const gateways = await startGateways({ written: written(provider.config), config, keyring, rooms, now, tap, log });
  const frontWorld = { at, written: written(provider.config), gateways: gateways.listeners, now, log };
  // the functions in front are built with the keys that the gateway publishes
  toGateway = (await startForwardAuth(frontWorld)).gateway;
  const page: RequestListener = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>A page</h1>');
  };
  for (const [host, listener] of provider.listeners) listeners.set(host, listener);
  for (const [host, listener] of [...parties.listeners, ...apps.listeners]) listeners.set(host, listener);
  listeners.set(rogue.host, rogue.listener);
  listeners.set('sibling.acme.localhost', page);
  listeners.set('elsewhere.localhost', page);
  const opened = await startFront(frontWorld);
  front = opened;
  toGateway = opened.gateway;
  for (const app of [at.notes, at.photos]) listeners.set(new URL(app).hostname, opened.app);

  const { hear } = gateways;
  await hear();
  const uid = (person: SuitePerson): UserId => {
    const id = rooms.ids.get(person.sub);
    if (id === undefined) throw new Error(`${person.username} has no row`);
    return id;
  };
  const subject: Subject = {
    at,
    config,
    keyring,
    provider,
    rogue,
    parties,
    apps,
    tap,
    log,
    front: opened,
    browser: (process) => createBrowser(now, process === undefined ? {} : { 'x-suite-process': process }),
    ask: (path, request) => ask(new URL(path, at.gateway), request),
    askDirectly: (path, { headers, ...request } = {}) =>
      ask(`http://127.0.0.1:${opened.gatewayPort ?? port}${path}`, {
        ...request,
        headers: { host: new URL(at.gateway).host, ...headers },
      }),
    async signedIn(person = people.ann, browser = subject.browser(), url = `${at.notes}/`) {
      const tab = browser.tab();
      await tab.goto(`${at.gateway}/login?${new URLSearchParams({ return_to: url })}`);
      const page = await provider.signIn(tab, person);
      return { browser, tab, page };
    },
    uid,
    now,
    async pass(seconds, deaf) {
      offset += seconds;
      if (deaf) return gateways.deafen();
      // a store that is down has no news, and that is noticed by their age
      await hear().catch(() => {});
    },
    hear,
    deliver: gateways.deliver,
    setAvailable(which, available) {
      rooms.setAvailable(which, available);
      gateways.setAvailable(which, available);
    },
    giveRoles: (person, roles) => rooms.giveRoles(uid(person), roles),
    setState: (person, state) => rooms.setState(uid(person), state),
    removeRow: (person) => rooms.removeRow(uid(person)),
    async restart(process, keys) {
      if (!gateways.replace) throw new Error('the gateways of this runtime are not restarted one by one');
      await gateways.replace(process, createKeyring(keys));
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await opened.stop();
      await gateways.stop();
      await rooms.close();
    },
  };
  return subject;
}

/**
 * A subject for the tests of one `describe`, started before them and stopped after. In the end none of them may have met
 * an error that nobody foresaw.
 */
export function subjectFor(start: StartSubject): () => Subject {
  let subject: Subject | undefined;
  beforeAll(async () => {
    subject = await start();
  });
  afterAll(async () => {
    await subject?.stop();
    const unforeseen = subject?.log.filter(({ text }) => text.includes('"code":"internal"')) ?? [];
    expect(unforeseen).toEqual([]);
  });
  return () => {
    if (!subject) throw new Error('not started');
    return subject;
  };
}
