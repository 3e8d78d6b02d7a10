import { parseConfig } from '../../shared/config.ts';
import { writeDomainCookie } from '../../shared/cookies/domain-cookie.ts';
import { asSessionId, asUserId } from '../../shared/identity.ts';
import type { Keyring } from '../../shared/keys/keyring.ts';

/** The configuration of the gateway under test: a few apps, a rule that asks for a permission, one trusted proxy. */
export const benchConfig = (keys: string) =>
  parseConfig({
    publicUrl: 'https://auth.acme.test',
    keys,
    providers: [{ id: 'pool', issuer: 'https://provider.test', clientId: 'crossgate' }],
    database: { url: 'postgres://nobody-connects' },
    check: { trustedProxies: ['127.0.0.1'] },
    cookie: { lifetime: 7200 },
    rules: [
      { host: 'notes.acme.test', path: '/health', allow: 'public' },
      { host: 'notes.acme.test', path: '/admin/*', allow: 'role:admin' },
      { host: 'notes.acme.test', path: '/documents/*', allow: ['role:admin', 'permission:documents:read'] },
      { host: 'photos.acme.test', allow: 'signed-in' },
      { host: '*.acme.test', allow: 'role:admin' },
    ],
  });

/** Somebody with a domain cookie. */
export type Visitor = {
  /** What `Remote-User` has to say. */
  readonly uid: string;
  /** The `Cookie` header. */
  readonly cookie: string;
};

/** Signs a person in: a cookie as the gateway writes it, beside two of the app's own. */
export function signIn(index: number, keyring: Keyring, config: ReturnType<typeof benchConfig>, now: number): Visitor {
  const uid = String(10_000 + index);
  const person = {
    uid: asUserId(uid),
    sid: asSessionId(`sid-${'x'.repeat(18)}-${index}`),
    authTime: now,
    iat: now,
    exp: now + config.cookie.lifetime,
    email: `person-${index}@acme.test`,
    name: `Person Number ${index}`,
    roles: ['editor', 'viewer'],
    permissions: ['notes:read', 'notes:write', 'photos:read', 'documents:read'],
    permissionVersion: 3,
  };
  const [pair] = writeDomainCookie(config, keyring.domainCookie, person, now + config.session.lifetime).split(';');
  return { uid, cookie: `_ga=GA1.1.1203984712.1790000000; ${pair}; theme=dark` };
}

/** What the bare server and the gateway answer with, for the first person. */
export const bareHeaders: readonly string[] = [
  ...['Remote-User', '10000', 'Remote-Email', 'person-0@acme.test', 'Remote-Name', 'Person Number 0'],
  ...[
    'Remote-Groups',
    'editor,viewer',
    'Cache-Control',
    'no-store',
    'Vary',
    'Cookie, Sec-Fetch-Mode, Sec-Fetch-Dest, Accept',
  ],
];

/** A `GET /check` as nginx's `auth_request` sends it: the browser's headers passed on, the four forwarded ones on top. */
export function checkRequest(visitor: Visitor, forwarded: boolean): string {
  const lines = [
    'GET /check HTTP/1.1',
    'Host: auth.acme.test',
    ...(forwarded
      ? [
          'X-Forwarded-Method: GET',
          'X-Forwarded-Proto: https',
          'X-Forwarded-Host: notes.acme.test',
          'X-Forwarded-Uri: /documents/2026/plan?tab=notes&page=2',
        ]
      : []),
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'Accept-Language: en-GB,en;q=0.9',
    'Sec-Fetch-Site: same-origin',
    'Sec-Fetch-Mode: navigate',
    'Sec-Fetch-Dest: document',
    `Cookie: ${visitor.cookie}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
