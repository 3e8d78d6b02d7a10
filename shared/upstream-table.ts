import * as z from 'zod/mini';
import { isLoopback } from './loopback.ts';
import { flag, list, setting, whole } from './setting.ts';

const headerValue = () => z.string().check(z.regex(/^[\x20-\x7e]+$/, 'must be printable ASCII'));

/** Settings of an app that the gateway stands in front of. */
export const upstream = z.strictObject({
  url: setting(z.url({ protocol: /^https?$/ }), 'Origin of the app itself, which nobody else should reach.'),
  host: setting(
    z._default(z.enum(['visitor', 'upstream']), 'visitor'),
    "Which `Host` it is sent: the visitor's, or its own. On Cloudflare Workers it is always its own.",
  ),
  timeout: setting(
    z._default(whole(1, 3600), 30),
    'Seconds to wait for the beginning of an answer, or for more of what a visitor uploads.',
  ),
  domainCookie: setting(
    flag(),
    'Whether it is sent the domain cookie too, to verify by itself. Other cookies of the gateway never are.',
  ),
  headers: setting(
    z._default(
      list(
        z.strictObject({
          path: setting(
            z._default(z.string().check(z.startsWith('/', 'must start with "/"')), '/*'),
            'Exact path, or a prefix ending in `/*`.',
          ),
          set: setting(z.record(z.string(), z.nullable(headerValue())), 'Headers by name. `null`: none.'),
          override: setting(flag(), 'Whether they go before what the app itself says.'),
        }),
      ),
      [],
    ),
    'Headers of its answers: of each the first entry that matches the path and names it decides.',
  ),
});

type Fronted = {
  readonly origins: readonly string[];
  readonly upstream?: z.infer<typeof upstream> | undefined;
};

/** What is known elsewhere of the addresses around an upstream. */
export type Surroundings = {
  readonly publicUrl: URL;
  readonly listen: { readonly host: string; readonly port: number };
  /** Hosts of the rules. */
  readonly ruled: readonly string[];
};

/** What neither an app nor a section can know alone: whom a request to the app would reach. */
export function findUpstreamMistakes(
  clients: readonly Fronted[],
  { publicUrl, listen, ruled }: Surroundings,
  say: (where: string, says: string) => void,
): void {
  const fronted = clients.flatMap(({ origins, upstream }) => (upstream ? origins : []));
  clients.forEach(({ origins, upstream }, i) => {
    if (!upstream) return;
    const at = `clients.${i}.upstream`;
    const url = new URL(upstream.url);
    if (url.origin !== upstream.url.replace(/\/$/, '')) say(`${at}.url`, `must be an origin, such as ${url.origin}`);
    const listens = url.port === String(listen.port) && (isLoopback(url.hostname) || url.hostname === listen.host);
    if (listens || url.origin === publicUrl.origin || fronted.includes(url.origin))
      say(`${at}.url`, 'leads back to the gateway');
    for (const origin of origins) {
      const { host, hostname } = new URL(origin);
      if (!ruled.some((rule) => rule === hostname || (rule.startsWith('*.') && hostname.endsWith(rule.slice(1)))))
        say(at, `needs a rule for ${hostname}: without one nobody gets through`);
      if (host === publicUrl.host && publicUrl.pathname === '/')
        say(at, 'is on the host of the gateway, so publicUrl needs a path such as /_sso');
      if (fronted.find((other) => new URL(other).host === host) !== origin)
        say(at, `is not the only one for requests to ${host}`);
    }
    upstream.headers.forEach(({ path, set }, j) => {
      if (path.slice(0, -1).includes('*') || (path.endsWith('*') && !path.endsWith('/*')))
        say(`${at}.headers.${j}.path`, 'may have * only as its last character, after /');
      for (const name of Object.keys(set)) {
        if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name) || notToSet.test(name))
          say(`${at}.headers.${j}.set.${name}`, 'is not a header that can be set');
      }
    });
  });
}

/** What frames a message, or sets a cookie. */
const notToSet =
  /^(connection|content-encoding|content-length|keep-alive|set-cookie|te|trailer|transfer-encoding|upgrade)$/i;
