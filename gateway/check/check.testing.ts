import { createClientRegistry } from '../../shared/clients.ts';
import type { Seconds } from '../../shared/clock.ts';
import { type Config, parseConfig } from '../../shared/config.ts';
import { type DomainCookie, writeDomainCookie } from '../../shared/cookies/domain-cookie.ts';
import { asSessionId, asUserId } from '../../shared/identity.ts';
import { createKeyring, generateKeyFile } from '../../shared/keys/keyring.ts';
import { createMemoryStore, type MemoryStore } from '../../shared/store/memory.ts';
import { createMemoryDirectory } from '../../shared/users/memory.ts';
import { createGateway, type Gateway } from '../app.ts';

/** When every test begins. */
export const start: Seconds = 1_800_000_000;

const keyFile = JSON.stringify(generateKeyFile('ES256'));
export const keyring = createKeyring(keyFile);

/** The rules of every test, on two hosts and what is below. */
const rules = [
  { host: 'notes.acme.test', path: '/open/*', allow: 'public' },
  { host: 'notes.acme.test', path: '/admin/*', allow: 'role:admin' },
  { host: 'notes.acme.test', path: '/reports/*', allow: 'permission:reports:read' },
  { host: 'notes.acme.test', path: '/write', methods: ['POST'], allow: 'role:admin' },
  { host: 'notes.acme.test', allow: 'signed-in' },
  { host: 'photos.acme.test', path: '/only/*', allow: 'signed-in' },
];

/** A checked configuration, with changes at its top level. */
export function testConfig(changes: Record<string, unknown> = {}): Config {
  return parseConfig({
    publicUrl: 'https://auth.acme.test',
    keys: keyFile,
    providers: [{ id: 'pool', issuer: 'https://provider.test', clientId: 'crossgate' }],
    database: { url: 'postgres://nobody-connects' },
    rules,
    ...changes,
  });
}

/** Ann, as her cookie has her: an editor who may read reports, signed in at {@link start}. */
export const ann: DomainCookie = {
  uid: asUserId('42'),
  sid: asSessionId('session-1'),
  authTime: start,
  iat: start,
  exp: start + 1800,
  email: 'ann@acme.test',
  name: 'Ann',
  roles: ['editor'],
  permissions: ['reports:read'],
  permissionVersion: 1,
};

/** `name=value` of a domain cookie: Ann's, with changes. A change to `undefined` leaves the claim out. */
export function domainCookie(
  changes: { [Claim in keyof DomainCookie]?: DomainCookie[Claim] | undefined } = {},
): string {
  const entries = Object.entries({ ...ann, ...changes }).filter(([, value]) => value !== undefined);
  const cookie = Object.fromEntries(entries) as unknown as DomainCookie;
  return writeDomainCookie(testConfig(), keyring.domainCookie, cookie, start + 43_200).split(';')[0] ?? '';
}

/** A whole gateway in memory, which believes 127.0.0.1 and whose clock stands still. */
export type CheckWorld = {
  now: Seconds;
  readonly gateway: Gateway;
  readonly store: MemoryStore;
  readonly users: ReturnType<typeof createMemoryDirectory>;
};

/** Ann is in the directory, with what her cookie says; the feed was read just now. */
export async function openCheckWorld(changes: Record<string, unknown> = {}): Promise<CheckWorld> {
  const config = testConfig(changes);
  const store = createMemoryStore();
  const users = createMemoryDirectory({
    people: [{ id: ann.uid, email: 'ann@acme.test', name: 'Ann', roles: ['editor'], permissions: ['reports:read'] }],
  });
  const world = { now: start };
  const gateway = createGateway({
    config,
    keyring,
    clients: createClientRegistry(config.clients),
    users,
    store,
    clock: () => world.now,
    fetch: () => Promise.reject(new Error('nothing is fetched')),
    log: { debug() {}, info() {}, warn() {}, error() {} },
    isTrustedPeer: (address) => address === '127.0.0.1',
  });
  await gateway.feed.poll();
  return Object.assign(world, { gateway, store, users });
}
