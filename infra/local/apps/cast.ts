import type { Step } from '../journal.ts';
import type { WorldAddresses } from '../world-config.ts';

/** Who takes part. Each has a lane of its own. */
export type Actor =
  | 'browser'
  | 'notes'
  | 'photos'
  | 'wiki'
  | 'docs'
  | 'edge'
  | 'globex'
  | 'other'
  | 'gateway'
  | 'pool'
  | 'lambda'
  | 'queue'
  | 'postgres';

/** The lanes from left to right. */
export const lanes: readonly Actor[] = [
  'browser',
  'notes',
  'photos',
  'docs',
  'edge',
  'globex',
  'other',
  'gateway',
  'wiki',
  'pool',
  'lambda',
  'queue',
  'postgres',
];

/** What people call them. */
export const names: Readonly<Record<Actor, string>> = {
  browser: 'Browser',
  notes: 'Notes',
  photos: 'Photos',
  wiki: 'Wiki',
  docs: 'Docs',
  edge: 'Edge',
  globex: 'Globex',
  other: 'Elsewhere',
  gateway: 'Gateway',
  pool: 'User pool',
  lambda: 'Trigger',
  queue: 'Queue',
  postgres: 'Postgres',
};

/** Knows who is behind a host. */
export type Cast = {
  /** @param host Of a step, or of an address. */
  actor(host: string): Actor;
  isApp(actor: Actor): boolean;
};

export function createCast(at: WorldAddresses): Cast {
  const nameOf = (url: string) => new URL(url).hostname;
  const known = new Map<string, Actor>([
    [nameOf(at.notes), 'notes'],
    [nameOf(at.photos), 'photos'],
    [nameOf(at.wiki), 'wiki'],
    [nameOf(at.docs), 'docs'],
    ['edge', 'edge'],
    [nameOf(at.globex), 'globex'],
    [nameOf(at.gateway), 'gateway'],
    [nameOf(at.userPool), 'pool'],
    ['user-pool', 'pool'],
    ['lambda', 'lambda'],
    ['queue', 'queue'],
    ['postgres', 'postgres'],
  ]);
  return {
    actor: (host) => known.get(host) ?? 'other',
    isApp: (actor) => ['notes', 'photos', 'wiki', 'docs', 'globex', 'other'].includes(actor),
  };
}

/** From whom a step goes to whom, and whether an answer comes back. */
export type Movement = { readonly from: Actor; readonly to: Actor; readonly answered: boolean };

export function movement({ kind, host, details }: Step, cast: Cast): Movement {
  const here = cast.actor(host);
  switch (kind) {
    case 'request':
    case 'redirect': {
      const by = String(details.by ?? '');
      const isPerson = by === 'navigation' || by === 'page' || by === 'frame' || by === 'fedcm';
      // it comes in its own time, when nobody's request is under way
      if (String(details.path).endsWith('/backchannel-logout')) return { from: 'gateway', to: here, answered: true };
      // whoever asks for the wiki comes to the gateway
      if (isPerson && here === 'wiki') return { from: 'browser', to: 'gateway', answered: true };
      return { from: isPerson ? 'browser' : by === 'server' ? 'other' : cast.actor(by), to: here, answered: true };
    }
    case 'cookie':
      return { from: here, to: 'browser', answered: false };
    case 'token':
      return { from: 'pool', to: 'gateway', answered: false };
    case 'trigger':
      return { from: details.messages === undefined ? 'pool' : 'queue', to: 'lambda', answered: true };
    case 'edge':
      return { from: 'docs', to: 'edge', answered: true };
    case 'queue':
      if (details.event === 'sent') return { from: 'lambda', to: 'queue', answered: true };
      return { from: 'queue', to: details.event === 'received' ? 'lambda' : 'queue', answered: false };
    case 'row':
      return { from: 'lambda', to: 'postgres', answered: true };
    default:
      return { from: here, to: here, answered: false };
  }
}
