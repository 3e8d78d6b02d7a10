import type { HeaderList } from '../http/passage.ts';
import { setsGatewayCookie } from './gateway-cookies.ts';
import { valuesOf } from './target.ts';
import type { Upstream } from './upstreams.ts';

/** The headers that a visitor gets of an app's answer. */
export type AnswerHeaders = (
  headers: HeaderList,
  /** Of the request: path, percent-decoded, and whether the answer may be meant for its visitor alone. */
  request: { readonly path: string; readonly isPrivate: boolean },
) => string[];

/** What belongs to the connection to the app, or speaks for all that lies on its host, ours too. */
const dropped = new Set([
  'alt-svc',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Makes {@link AnswerHeaders} of one app: its own, less cookies of the gateway's names, with the headers that the
 * configuration adds. Where the app doesn't say who may keep an answer that is for somebody alone, no shared cache may.
 */
export function createAnswerHeaders({ headers: entries }: Upstream['settings']): AnswerHeaders {
  const rules = entries.map(({ path, set, override }) => ({
    path,
    below: path.endsWith('/*') ? path.slice(0, -2) : undefined,
    override,
    set: Object.entries(set).map(([name, value]) => ({ name, lower: name.toLowerCase(), value })),
  }));
  return (came, { path, isPrivate }) => {
    const named = valuesOf(came, 'connection').flatMap((value) => value.split(','));
    const gone = named.length > 0 ? new Set([...dropped, ...named.map((name) => name.trim().toLowerCase())]) : dropped;
    const kept: string[] = [];
    const has = new Set<string>();
    const keep = (name: string, value: string) => {
      kept.push(name, value);
      has.add(name.toLowerCase());
    };
    for (let i = 0; i < came.length; i += 2) {
      const [name = '', value = ''] = [came[i], came[i + 1]];
      const lower = name.toLowerCase();
      if (gone.has(lower) || (lower === 'set-cookie' && setsGatewayCookie(value))) continue;
      const left = lower === 'clear-site-data' ? withoutCookies(value) : value;
      if (left !== '') keep(name, left);
    }
    if (isPrivate && !has.has('cache-control')) keep('Cache-Control', 'private');
    const decided = new Set<string>();
    let answer = kept;
    for (const rule of rules) {
      if (!matches(rule, path)) continue;
      for (const { name, lower, value } of rule.set) {
        if (decided.has(lower)) continue;
        decided.add(lower);
        if (has.has(lower) && !rule.override) continue;
        answer = answer.filter((_, i) => answer[i - (i % 2)]?.toLowerCase() !== lower);
        if (value !== null) answer.push(name, value);
      }
    }
    return answer;
  };
}

/** Cookies are cleared for the whole parent domain: everybody's sign-in at every app would be among them. */
function withoutCookies(value: string): string {
  return value
    .split(',')
    .map((directive) => directive.trim())
    .flatMap((directive) => (directive === '"*"' ? ['"cache"', '"storage"'] : [directive]))
    .filter((directive) => directive !== '"cookies"' && directive !== '')
    .join(', ');
}

function matches({ path, below }: { readonly path: string; readonly below: string | undefined }, asked: string) {
  if (below === undefined) return asked === path;
  return asked.startsWith(below) && (asked.length === below.length || asked[below.length] === '/');
}
