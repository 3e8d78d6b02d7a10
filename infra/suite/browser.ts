import type { Clock } from '../../shared/clock.ts';
import { type CookieJar, createCookieJar, siteOf } from './cookie-jar.ts';
import { type Answer, ask } from './exchange.ts';

/** One request of a browser and its answer. */
export type Hop = Answer & {
  readonly method: string;
  readonly url: string;
  /** Headers as sent, `Cookie` among them. */
  readonly sent: Readonly<Record<string, string>>;
};

/** What a tab shows in the end, and how it came there. */
export type Page = Hop & {
  readonly hops: readonly Hop[];
  /** Where the last answer leads, if the tab was told not to go there. */
  readonly next: string | undefined;
};

export type Visit = {
  /** Redirects to addresses that begin so are not followed. */
  readonly stopAt?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

export type Post = Visit & {
  /** `no-referrer`: the page hides where it is, so the browser says `Origin: null`. */
  readonly referrer?: 'no-referrer';
  readonly type?: string;
};

/** How a page loads something without going there. */
export type Load = 'fetch' | 'iframe' | 'image' | 'prefetch';

/** One tab. Tabs of one browser share the cookies. */
export type Tab = {
  /** What it shows. */
  readonly page: Page;
  /** Goes to an address as a person does: typed, bookmarked, from another program. */
  goto(url: string, visit?: Visit): Promise<Page>;
  /** Goes on from the page that it shows, as its links and scripts do. */
  click(url: string, visit?: Visit): Promise<Page>;
  /** Clicks the link that has this text. */
  follow(text: string, visit?: Visit): Promise<Page>;
  /** Sends the page's form; fields that are left out are sent as the page has them. */
  submit(fields?: Readonly<Record<string, string>>, post?: Post): Promise<Page>;
  /** Posts a form of the shown page to any address. */
  post(url: string, fields: Readonly<Record<string, string>>, post?: Post): Promise<Page>;
  /** Loads something as part of the shown page; redirects are not followed. Credentials go along. */
  load(how: Load, url: string, more?: { method?: string; headers?: Record<string, string> }): Promise<Hop>;
};

/** A small imitation of Chromium: cookies, redirects, forms, Fetch Metadata. It runs no scripts. */
export type Browser = {
  readonly jar: CookieJar;
  tab(): Tab;
  /** Sets a cookie as a server at that origin would: a sibling may name the parent domain. */
  toss(from: string, setCookie: string): void;
};

type Request = {
  readonly method: string;
  readonly url: URL;
  readonly dest: 'document' | 'iframe' | 'image' | 'empty';
  /** Origin of the page that began it; `undefined`: the person. */
  readonly initiator: string | undefined;
  readonly body?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What the initiator says of itself; `null`: it hides. */
  readonly origin?: string;
};

const accepts = {
  document: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  iframe: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  image: 'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8',
  empty: '*/*',
};
const modes = { document: 'navigate', iframe: 'navigate', image: 'no-cors', empty: 'cors' };
const mostRedirects = 20;

/** @param headers Sent with every request, for a load balancer to choose by. */
export function createBrowser(clock: Clock, headers: Readonly<Record<string, string>> = {}): Browser {
  const jar = createCookieJar(clock);

  const send = async (request: Request, chain: readonly URL[]): Promise<Hop> => {
    const { method, url, dest, initiator } = request;
    const site = fetchSite(initiator, chain);
    const use = {
      sameSite: initiator === undefined || siteOf(new URL(initiator).hostname) === siteOf(url.hostname),
      topLevelGet: dest === 'document' && (method === 'GET' || method === 'HEAD'),
    };
    const cookie = jar.header(url, use);
    const sent: Record<string, string> = {
      'user-agent':
        'Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
      accept: accepts[dest],
      'accept-language': 'en',
      'sec-fetch-site': site,
      'sec-fetch-mode': modes[dest],
      'sec-fetch-dest': dest,
      ...(dest === 'document' ? { 'upgrade-insecure-requests': '1' } : {}),
      ...(request.origin === undefined ? {} : { origin: request.origin }),
      ...headers,
      ...request.headers,
      ...(cookie === undefined ? {} : { cookie }),
    };
    const answer = await ask(url, {
      method,
      headers: sent,
      ...(request.body === undefined ? {} : { body: request.body }),
    });
    for (const line of answer.cookies) jar.keep(line, url, use, answer.headers.get('date'));
    return { ...answer, method, url: url.href, sent };
  };

  const navigate = async (first: Request, { stopAt }: Visit): Promise<Page> => {
    const hops: Hop[] = [];
    const chain: URL[] = [];
    let request = first;
    for (;;) {
      chain.push(request.url);
      const hop = await send(request, chain);
      hops.push(hop);
      const location = hop.headers.get('location');
      if (location === null || hop.status < 300 || hop.status > 399) return { ...hop, hops, next: undefined };
      const next = new URL(location, request.url);
      if (next.hash === '') next.hash = request.url.hash;
      if (stopAt !== undefined && next.href.startsWith(stopAt)) return { ...hop, hops, next: next.href };
      if (hops.length > mostRedirects) throw new Error(`too many redirects, the last to ${next.href}`);
      const { body, origin, method, ...rest } = request;
      const again = hop.status === 307 || hop.status === 308;
      request = again ? { ...request, url: next } : { ...rest, method: 'GET', url: next };
    }
  };

  const tab = (): Tab => {
    let shown: Page | undefined;
    const page = () => {
      if (!shown) throw new Error('the tab shows nothing yet');
      return shown;
    };
    const here = () => new URL(page().url).origin;
    const go = async (request: Request, visit: Visit) => {
      shown = await navigate(request, visit);
      return shown;
    };
    const click = (url: string, visit: Visit = {}) =>
      go(
        {
          method: 'GET',
          url: new URL(url, page().url),
          dest: 'document',
          initiator: here(),
          headers: visit.headers ?? {},
        },
        visit,
      );
    const post = (url: string, fields: Readonly<Record<string, string>>, options: Post = {}) => {
      const type = options.type ?? 'application/x-www-form-urlencoded';
      const request: Request = {
        method: 'POST',
        url: new URL(url, page().url),
        dest: 'document',
        initiator: here(),
        body: new URLSearchParams(fields).toString(),
        headers: { 'content-type': type, ...options.headers },
        origin: options.referrer === 'no-referrer' ? 'null' : here(),
      };
      return go(request, options);
    };
    return {
      get page() {
        return page();
      },
      goto: (url, visit = {}) =>
        go(
          {
            method: 'GET',
            url: new URL(url),
            dest: 'document',
            initiator: undefined,
            headers: { 'sec-fetch-user': '?1', ...visit.headers },
          },
          visit,
        ),
      click,
      follow(text, visit) {
        const link = [...page().body.matchAll(/<a [^>]*href="([^"]+)"[^>]*>([\s\S]*?)<\/a>/g)].find(
          (found) => decode(found[2] ?? '').trim() === text,
        );
        if (!link) throw new Error(`no link "${text}" on ${page().url}: ${textOf(page().body)}`);
        return click(decode(link[1] ?? ''), visit);
      },
      submit(fields = {}, options = {}) {
        const form = /<form ([^>]*)>([\s\S]*?)<\/form>/.exec(page().body);
        const action = /action="([^"]+)"/.exec(form?.[1] ?? '')?.[1];
        if (!form) throw new Error(`no form on ${page().url}: ${textOf(page().body)}`);
        const inputs = [...(form[2] ?? '').matchAll(/<input [^>]*>/g)].map(([tag]): [string, string] => [
          /name="([^"]*)"/.exec(tag)?.[1] ?? '',
          decode(/value="([^"]*)"/.exec(tag)?.[1] ?? ''),
        ]);
        return post(decode(action ?? page().url), { ...Object.fromEntries(inputs), ...fields }, options);
      },
      post,
      load(how, url, { method = 'GET', headers: more = {} } = {}) {
        const target = new URL(url, page().url);
        const dest = how === 'iframe' || how === 'image' ? how : how === 'prefetch' ? 'document' : 'empty';
        const cross = how === 'fetch' && (target.origin !== here() || method !== 'GET');
        const request: Request = {
          method,
          url: target,
          dest,
          initiator: here(),
          headers: { ...(how === 'prefetch' ? { 'sec-purpose': 'prefetch' } : {}), ...more },
          ...(cross ? { origin: here() } : {}),
        };
        return send(request, [target]);
      },
    };
  };

  return { jar, tab, toss: (from, line) => jar.keep(line, new URL(from)) };
}

/** @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header: every address of a chain of redirects counts. */
function fetchSite(initiator: string | undefined, chain: readonly URL[]): string {
  if (initiator === undefined) return 'none';
  const from = new URL(initiator);
  if (chain.every(({ origin }) => origin === from.origin)) return 'same-origin';
  const same = chain.every((url) => siteOf(url.hostname) === siteOf(from.hostname) && url.protocol === from.protocol);
  return same ? 'same-site' : 'cross-site';
}

/** What a person would read of a page. */
export const textOf = (html: string): string =>
  decode(html.replace(/<(style|svg|script)[\s\S]*?<\/\1>/g, ' ').replace(/<[^>]*>/g, ' '))
    .replace(/\s+/g, ' ')
    .trim();

const entities: Readonly<Record<string, string>> = { amp: '&', quot: '"', lt: '<', gt: '>', '#39': "'", '#x27': "'" };

function decode(text: string): string {
  return text.replace(/&(amp|quot|lt|gt|#39|#x27);/g, (whole, name: string) => entities[name] ?? whole);
}
