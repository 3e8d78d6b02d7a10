import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Seconds } from '../../shared/clock.ts';
import { type DomainCookie, type DomainCookieSettings, writeDomainCookie } from '../../shared/cookies/domain-cookie.ts';
import { asSessionId, asUserId } from '../../shared/identity.ts';
import { createKeyring, generateKeyFile, type KeyFile } from '../../shared/keys/keyring.ts';
import type { SigningAlgorithm, SigningKeys } from '../../shared/keys/signing.ts';
import type { AutoLoginOptions } from './options.ts';

/** When every test begins. */
export const start: Seconds = 1_800_000_000;

/** Signing keys for domain cookies, as the real keyring makes them. The first kind of the list signs. */
export function domainKeys(...files: KeyFile[]): SigningKeys {
  const [first = generateKeyFile()] = files;
  return createKeyring(JSON.stringify({ ...first, domainCookie: files.flatMap((file) => file.domainCookie) }))
    .domainCookie;
}

/** Keys of one fresh file. */
export const freshKeys = (algorithm?: SigningAlgorithm): SigningKeys => domainKeys(generateKeyFile(algorithm));

/** A gateway of which only the keys are real: an HTTP server that publishes a JWKS, a clock, and domain cookies. */
export type StandIn = {
  now: Seconds;
  /** Signs, and is published. */
  keys: SigningKeys;
  /** How the JWKS is answered; replace it to break it. */
  answer: (response: ServerResponse, request: IncomingMessage) => void;
  /** Paths asked for so far. */
  readonly asked: string[];
  /** The `name=value` of a fresh domain cookie. */
  domainCookie(claims?: Claims): string;
  /** Options of the app at notes.acme.com. */
  options(more?: Partial<AutoLoginOptions>): AutoLoginOptions;
  close(): Promise<void>;
};

/** What differs from Ann's first half hour. */
export type Claims = {
  readonly uid?: string;
  readonly sid?: string;
  readonly iat?: Seconds;
  readonly exp?: Seconds;
  readonly roles?: readonly string[];
  readonly carries?: DomainCookieSettings['cookie']['claims'];
  readonly keys?: SigningKeys;
  readonly publicUrl?: string;
  readonly domain?: string;
  readonly environment?: string;
};

export const gateway = 'https://auth.acme.com';
export const notes = 'https://notes.acme.com';

/** Opens the stand-in. Its public name is {@link gateway}; requests to it are sent to where it really listens. */
export async function openStandIn(keys: SigningKeys = freshKeys()): Promise<StandIn> {
  const asked: string[] = [];
  const standIn: StandIn = {
    now: start,
    keys,
    asked,
    answer: (response) => {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(standIn.keys.jwks));
    },
    domainCookie(claims = {}) {
      const iat = claims.iat ?? standIn.now;
      const domain = claims.domain ?? 'acme.com';
      const cookie: DomainCookie = {
        uid: asUserId(claims.uid ?? 'ann-id'),
        sid: asSessionId(claims.sid ?? 'sid-of-ann'),
        authTime: iat - 60,
        iat,
        exp: claims.exp ?? iat + 1800,
        email: 'ann@acme.test',
        name: 'Ann Ångström',
        roles: claims.roles ?? ['editor'],
        permissions: ['notes:read', 'notes:write'],
        permissionVersion: 1,
      };
      const settings: DomainCookieSettings = {
        publicUrl: claims.publicUrl ?? gateway,
        environment: claims.environment ?? '',
        cookie: {
          domain,
          algorithm: 'RS256',
          lifetime: 1800,
          renewWithin: 600,
          claims: claims.carries ?? ['email', 'name', 'roles', 'permissions'],
        },
      };
      return pair(writeDomainCookie(settings, claims.keys ?? standIn.keys, cookie, iat + 43_200));
    },
    options: (more = {}) => ({
      gateway,
      url: notes,
      secret: 'the secret of notes, which nobody else has',
      clock: () => standIn.now,
      fetch: (input, init) => {
        const url = new URL(String(input));
        if (url.origin !== gateway) throw new Error(`asked ${url.origin}`);
        return fetch(`http://127.0.0.1:${port}${url.pathname}`, init);
      },
      ...more,
    }),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    standIn.answer(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return standIn;
}

/** `name=value` of a `Set-Cookie`. */
export const pair = (setCookie: string): string => setCookie.split(';')[0] ?? '';

/** Headers of a browser that goes to a page. */
export const navigates: Readonly<Record<string, string>> = {
  accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
};

/** Headers of a script's fetch. */
export const fetches: Readonly<Record<string, string>> = {
  accept: '*/*',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
  'sec-fetch-site': 'same-origin',
};

/** Where a gateway's address returns to. */
export function returnTo(address: string | null | undefined): string | null {
  return address ? new URL(address).searchParams.get('return_to') : null;
}
