import type { Clock, Seconds } from '../../../shared/clock.ts';
import { cookieValues } from '../../../shared/cookies/cookie.ts';

/**
 * How somebody got in. `page`: a script of the page brought a code, and has yet to say whether the frame or FedCM gave it.
 */
export type Way = 'frame' | 'fedcm' | 'page' | 'bounce' | 'redirect';

const name = 'globex_way';
const ways: readonly string[] = ['frame', 'fedcm', 'page', 'bounce', 'redirect'] satisfies Way[];

/**
 * Notes beside a sign-in how it came about. Nothing but what the page shows rests on it, so the page's script may write it.
 *
 * @param answer Of the filter's callback; it is changed where a session begins by it.
 */
export function noteWay(request: Request, answer: Response, clock: Clock): Response {
  const isCallback = new URL(request.url).pathname === '/sso/callback';
  const begins = answer.headers.getSetCookie().some((cookie) => /^__Host-app_session=[^;]/.test(cookie));
  if (!isCallback || !begins) return answer;
  // the script marks the page that it leaves for a silent try
  const isSilent = /[?&]sso_tried=1(#|$)/.test(answer.headers.get('location') ?? '');
  const way: Way = request.method === 'POST' ? 'page' : isSilent ? 'bounce' : 'redirect';
  answer.headers.append('Set-Cookie', `${name}=${way}.${clock()}; Path=/; Max-Age=43200; Secure; SameSite=Lax`);
  return answer;
}

/** `undefined`: nobody noted it, or somebody noted nonsense. */
export function readWay(header: string | null): { readonly way: Way; readonly at: Seconds } | undefined {
  const [way = '', at = ''] = (cookieValues(header ?? undefined, name)[0] ?? '').split('.');
  return ways.includes(way) && /^\d{1,11}$/.test(at) ? { way: way as Way, at: Number(at) } : undefined;
}
