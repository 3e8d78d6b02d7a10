import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAutoLogin } from './core.ts';
import type { SsoFilter } from './decision.ts';
import { openStandIn, type StandIn, start } from './gateway-stand-in.suite.ts';
import { comeBack, cookiesOf, createGatewayDouble } from './hand-off/gateway-double.testing.ts';
import { createHandOff } from './hand-off/hand-off.ts';

type Opened = { readonly filter: SsoFilter; readonly cookie: string; readonly origin: string };
type Options = { readonly optional?: boolean; readonly publicPaths?: readonly string[] };

let standIn: StandIn;

beforeAll(async () => {
  standIn = await openStandIn();
  standIn.now = start;
});
afterAll(async () => await standIn.close());

/** Each kind of app, with the cookie of somebody who is signed in there. */
const apps: readonly (readonly [string, (options?: Options) => Promise<Opened>])[] = [
  [
    'an app below the parent domain',
    async (options = {}) => ({
      filter: createAutoLogin(standIn.options(options)),
      cookie: standIn.domainCookie(),
      origin: 'https://notes.acme.com',
    }),
  ],
  [
    'an app on a domain of its own',
    async (options = {}) => {
      const double = createGatewayDouble();
      // one secret: the session of the first is one of the second
      const cookie = cookiesOf(await comeBack(createHandOff(double.options()))).join('; ');
      return { filter: createHandOff(double.options(options)), cookie, origin: 'https://www.globex.com' };
    },
  ],
];

const handshake = { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-version': '13' };

/** What the filter makes of a handshake with somebody's cookie. `headers`: `own` stands for the app's own origin. */
async function outcome(
  { filter, cookie, origin }: Opened,
  headers: Readonly<Record<string, string | undefined>>,
  target = '/live',
): Promise<string> {
  const sent: Readonly<Record<string, string | undefined>> = { cookie, ...handshake, ...headers };
  const decision = await filter.decide({
    method: 'GET',
    target,
    header: (name) => (sent[name] === 'own' ? origin : sent[name]),
    body: () => Promise.reject(new Error('nobody reads it')),
  });
  return decision.kind === 'respond' ? `${decision.answer.status} ${decision.answer.body}` : decision.kind;
}

describe.each(apps)('a WebSocket of %s', (_, open) => {
  it.each<[string, Readonly<Record<string, string | undefined>>]>([
    ['a sibling', { origin: 'https://evil.acme.com', 'sec-fetch-site': 'same-site' }],
    ['another site', { origin: 'https://evil.test' }],
    ['a sandbox', { origin: 'null' }],
    ['the app without TLS', { origin: 'http://notes.acme.com' }],
    ['the app at another port', { origin: 'https://www.globex.com:8443' }],
    ['a sibling that asks for more than one protocol', { origin: 'https://evil.acme.com', upgrade: 'h2c, WebSocket' }],
    ['a sibling over HTTP/2, where nothing is upgraded', { origin: 'https://evil.acme.com', upgrade: undefined }],
  ])('opened by %s is refused, whoever is signed in', async (_from, headers) => {
    expect(await outcome(await open(), headers)).toMatch(/^403 .*"code":"cross_site_refused"/);
  });

  it('opened by the app’s own page, or by no browser, is its person’s', async () => {
    expect(await outcome(await open(), { origin: 'own' })).toBe('signed-in');
    expect(await outcome(await open(), { origin: undefined })).toBe('signed-in');
  });

  it('that works signed out is nobody’s where another site opens it', async () => {
    for (const options of [{ optional: true }, { publicPaths: ['/live'] }]) {
      expect(await outcome(await open(options), { origin: 'https://evil.acme.com' })).toBe('signed-out');
      expect(await outcome(await open(options), { origin: 'own' })).toBe('signed-in');
    }
  });

  it('is no other request: a page elsewhere that asks by CORS is the app’s to answer', async () => {
    const headers = { origin: 'https://evil.acme.com', upgrade: undefined, 'sec-websocket-version': undefined };
    expect(await outcome(await open(), headers)).toBe('signed-in');
  });
});
