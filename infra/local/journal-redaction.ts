/** Stands where something was left out. */
const gap = '…';

/** Of an opaque value this many characters are shown, so that two can be told apart, and only where many more follow. */
const shownCharacters = 6;
const longEnough = 16;

const longestText = 400;
const longestList = 60;
const deepest = 8;

/** Keys whose values are not for showing, written small and without dashes and underscores. */
const opaqueKeys: ReadonlySet<string> = new Set(
  `accesstoken refreshtoken idtoken token tokens codes code state nonce session handle jti originjti athash sid eventid
  codeverifier codechallenge verifier challenge assertion idtokenhint logintoken providertokens sealedprovidertokens`.split(
    /\s+/,
  ),
);
/** Keys of whose values not even a beginning is shown. */
const secretKeys =
  /pass(word|wd|phrase)?$|secret|cookie|authorization|privatekey|apikey|credential|^otp$|csrf|confirmationcode|^digits$/;

/** Query parameters that carry no secret. Of every other one only the name is sure to be shown. */
const plainParameters: ReadonlySet<string> = new Set(
  'client_id response_type response_mode scope prompt provider code_challenge_method error notice identity_provider lang silent button'.split(
    ' ',
  ),
);
/** Query parameters whose value is an address, with parameters of its own. */
const addressParameters: ReadonlySet<string> = new Set(
  'return_to rd redirect_uri logout_uri post_logout_redirect_uri iss resource'.split(' '),
);

/** The beginning of an opaque value, or nothing of it where the beginning would be most of it. */
export function shortened(value: string): string {
  if (isShortened(value)) return value;
  return value.length >= longEnough ? value.slice(0, shownCharacters) + gap : gap;
}

const isShortened = (value: string): boolean => value.length <= shownCharacters + 1 && value.endsWith(gap);

/**
 * Text without what looks like a token, a credential or a key in it, and not longer than a few lines.
 *
 * What is meant by that: JWTs and JWEs, random base64url and hex, `Bearer …`, `password=…` and the like, and the password
 * in a connection string. UUIDs, names and addresses stay.
 */
export function safeText(text: string): string {
  // cut first, so that no input takes long, and never within a word: half a token looks like none
  const start = text.length > 4 * longestText ? text.slice(0, 4 * longestText).replace(/\S*$/, '') : text;
  const clean = start
    .replace(/\/\/[^/@\s]*@/g, `//${gap}@`)
    .replace(/\b(bearer|basic|dpop)\s+[^\s"',;]+/gi, `$1 ${gap}`)
    .replace(
      /\b(\w*(?:pass(?:word|wd)?|secret|token|code|verifier|cookie|state|nonce))(["']?\s*[=:]\s*["']?)([^\s&"',;}]+)/gi,
      (_, name: string, between: string, value: string) => name + between + (isShortened(value) ? value : gap),
    )
    .replace(/eyJ[\w-]*(?:\.[\w-]*)+/g, shortened)
    .replace(/[A-Za-z0-9_-]{20,}/g, (run) => (isOpaque(run) ? shortened(run) : run));
  return clean.length > longestText ? clean.slice(0, longestText) + gap : clean;
}

function isOpaque(run: string): boolean {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(run)) return false;
  return (/[a-z]/.test(run) && /[A-Z]/.test(run) && /[0-9]/.test(run)) || /^[0-9a-f]{32,}$/i.test(run);
}

/** The same for a whole value, by its keys as well as by its texts. Deep, long and wide values are cut. */
export function safeValue(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return safeText(value);
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value !== 'object') return undefined;
  if (depth >= deepest) return gap;
  if (Array.isArray(value)) return value.slice(0, longestList).map((one) => safeValue(one, depth + 1));
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? gap : value.toISOString();
  const entries = Object.entries(value).slice(0, longestList);
  return Object.fromEntries(entries.map(([key, inner]) => [safeText(key), safeMember(key, inner, depth + 1)]));
}

function safeMember(key: string, value: unknown, depth: number): unknown {
  const name = key.toLowerCase().replace(/[^a-z0-9]/g, '');
  if (value === null || value === undefined || typeof value === 'boolean') return value;
  if (secretKeys.test(name)) return gap;
  if (opaqueKeys.has(name)) return typeof value === 'string' ? shortened(value) : gap;
  return safeValue(value, depth);
}

/** A request's path and its parameters as they may be shown. */
export function safeTarget(target: string): { readonly path: string; readonly query: Record<string, string> } {
  const mark = target.indexOf('?');
  const path = safeText(mark < 0 ? target : target.slice(0, mark));
  const query: Record<string, string> = {};
  if (mark < 0) return { path, query };
  for (const [name, value] of [...new URLSearchParams(target.slice(mark + 1, mark + 8192))].slice(0, 20)) {
    query[safeText(name)] = safeParameter(name, value);
  }
  return { path, query };
}

function safeParameter(name: string, value: string): string {
  if (value === '') return '';
  if (plainParameters.has(name)) return safeText(value);
  return addressParameters.has(name) ? safeAddress(value) : shortened(value);
}

/** An address with its parameters as they may be shown. Nothing of its fragment, nor of who is named before its host. */
export function safeAddress(address: string): string {
  const text = address.slice(0, 8192);
  const origin = URL.canParse(text) ? new URL(text).origin : '';
  const { path, query } = safeTarget(origin && origin !== 'null' ? afterOrigin(text) : (text.split('#')[0] ?? ''));
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${value}`);
  return `${origin === 'null' ? '' : origin}${path}${pairs.length > 0 ? `?${pairs.join('&')}` : ''}`;
}

function afterOrigin(text: string): string {
  const { pathname, search } = new URL(text);
  return pathname + search;
}
