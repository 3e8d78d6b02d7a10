import type { Clock, Seconds } from '../../shared/clock.ts';

/** A cookie as a browser keeps it. */
export type KeptCookie = {
  readonly name: string;
  readonly value: string;
  /** Host that set it, or the `Domain` that it named. */
  readonly domain: string;
  readonly hostOnly: boolean;
  readonly path: string;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: 'strict' | 'lax' | 'none';
  /** Absent: until the browser closes. */
  readonly expiresAt?: Seconds;
};

/** On whose behalf a request is made, as far as `SameSite` asks. */
export type CookieUse = {
  /** Same site with whoever began it; a person's own navigation counts as such. */
  readonly sameSite: boolean;
  /** A top-level navigation by a safe method: `Lax` cookies go along even from another site. */
  readonly topLevelGet: boolean;
};

/** The cookies of one browser, shared by its tabs. */
export type CookieJar = {
  /**
   * Takes a `Set-Cookie` line in, or drops it as a browser would.
   *
   * @param date The answer's `Date`: `Expires` counts from it, as in Chromium, so that clocks need not agree.
   */
  keep(line: string, from: URL, use?: CookieUse, date?: string | null): void;
  /** The `Cookie` header for a request; `undefined` where there are none. */
  header(to: URL, use?: CookieUse): string | undefined;
  /** What would be sent to an address, in that order. */
  sent(to: URL, use?: CookieUse): readonly KeptCookie[];
  /** Every cookie that has not expired. */
  all(): readonly KeptCookie[];
  /** The value of the first cookie of that name that an address would get. */
  value(name: string, to: string): string | undefined;
  /** Forgets cookies of that name. */
  forget(name: string): void;
};

const own: CookieUse = { sameSite: true, topLevelGet: true };
/** Chromium's limits, in characters. */
const longestPair = 4096;
const longestAttribute = 1024;

/** Registrable domain: everything here has a one-label public suffix (`localhost`, `test`). */
export const siteOf = (host: string): string => host.split('.').slice(-2).join('.');

/**
 * Keeps cookies as Chromium does, so far as this house relies on it: `Domain`, `Path`, `Secure`, `Max-Age`, the
 * prefixes `__Host-` and `__Secure-`, `SameSite` with `Lax` as default. Plain http on `*.localhost` counts as secure.
 *
 * @see RFC 6265bis §5.6, §5.7
 */
export function createCookieJar(clock: Clock): CookieJar {
  let kept: KeptCookie[] = [];

  const living = () => {
    kept = kept.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > clock());
    return kept;
  };

  const sent = (to: URL, { sameSite, topLevelGet }: CookieUse = own): readonly KeptCookie[] => {
    const fits = (cookie: KeptCookie) =>
      (cookie.hostOnly ? to.hostname === cookie.domain : isBelow(to.hostname, cookie.domain)) &&
      isPathBelow(to.pathname, cookie.path) &&
      (!cookie.secure || isTrustworthy(to)) &&
      (sameSite || cookie.sameSite === 'none' || (cookie.sameSite === 'lax' && topLevelGet));
    // longer paths first, then the older one: the array is in the order of creation, and sorting is stable
    return living()
      .filter(fits)
      .sort((a, b) => b.path.length - a.path.length);
  };

  return {
    keep(line, from, use = own, date = null) {
      const cookie = parse(line, from, clock(), date);
      if (!cookie) return;
      // an answer to a foreign page's subrequest sets none but SameSite=None
      if (!use.sameSite && !use.topLevelGet && cookie.sameSite !== 'none') return;
      const same = (other: KeptCookie) =>
        other.name === cookie.name &&
        other.domain === cookie.domain &&
        other.hostOnly === cookie.hostOnly &&
        other.path === cookie.path;
      const place = kept.findIndex(same);
      // what replaces a cookie keeps its place in the order of creation
      if (place >= 0) kept[place] = cookie;
      else kept.push(cookie);
      living();
    },
    header: (to, use) =>
      sent(to, use)
        .map(({ name, value }) => `${name}=${value}`)
        .join('; ') || undefined,
    sent,
    all: () => [...living()],
    value: (name, to) => sent(new URL(to)).find((cookie) => cookie.name === name)?.value,
    forget(name) {
      kept = kept.filter((cookie) => cookie.name !== name);
    },
  };
}

function parse(line: string, from: URL, now: Seconds, date: string | null): KeptCookie | undefined {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
  const cut = pair.indexOf('=');
  const [name, value] = cut < 0 ? ['', pair] : [pair.slice(0, cut).trim(), pair.slice(cut + 1).trim()];
  if (name.length + value.length > longestPair || (name === '' && value === '')) return undefined;
  const said = new Map<string, string>();
  for (const attribute of attributes) {
    const [key = '', ...rest] = attribute.split('=');
    const text = rest.join('=').trim();
    if (text.length <= longestAttribute) said.set(key.trim().toLowerCase(), text);
  }
  const domain = (said.get('domain') ?? '').replace(/^\./, '').toLowerCase();
  // neither a foreign domain nor a whole public suffix
  if (domain !== '' && (!isBelow(from.hostname, domain) || !domain.includes('.'))) return undefined;
  const path = said.get('path') ?? '';
  const secure = said.has('secure');
  if (secure && !isTrustworthy(from)) return undefined;
  const prefix = name.toLowerCase();
  if (prefix.startsWith('__secure-') && !secure) return undefined;
  if (prefix.startsWith('__host-') && (!secure || domain !== '' || path !== '/')) return undefined;
  const asked = said.get('samesite')?.toLowerCase();
  const sameSite = asked === 'none' || asked === 'strict' ? asked : 'lax';
  if (sameSite === 'none' && !secure) return undefined;
  const maxAge = said.get('max-age');
  const expires = Date.parse(said.get('expires') ?? '') / 1000;
  const there = date === null ? now : Math.floor(Date.parse(date) / 1000);
  const until =
    maxAge !== undefined && /^-?\d+$/.test(maxAge)
      ? now + Number(maxAge)
      : Number.isNaN(expires)
        ? undefined
        : expires - there + now;
  return {
    name,
    value,
    domain: domain === '' ? from.hostname : domain,
    hostOnly: domain === '',
    path: path.startsWith('/') ? path : defaultPath(from.pathname),
    secure,
    httpOnly: said.has('httponly'),
    sameSite,
    ...(until === undefined ? {} : { expiresAt: until }),
  };
}

const isBelow = (host: string, domain: string): boolean => host === domain || host.endsWith(`.${domain}`);

const isTrustworthy = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || hostname === 'localhost' || hostname.endsWith('.localhost');

const isPathBelow = (path: string, above: string): boolean =>
  path === above || (path.startsWith(above) && (above.endsWith('/') || path[above.length] === '/'));

const defaultPath = (path: string): string => path.slice(0, Math.max(path.lastIndexOf('/'), 1));
