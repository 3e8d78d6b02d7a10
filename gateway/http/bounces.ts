import type { Seconds } from '../../shared/clock.ts';
import { clearCookie, cookieValues, setCookie } from '../../shared/cookies/cookie.ts';
import type { SealingKeys } from '../../shared/keys/keyring.ts';
import { seal, unseal } from '../../shared/tokens/sealed.ts';

const window: Seconds = 60;
const mostReturns = 3;
const mostApps = 10;

type Counter = { readonly at: Readonly<Record<string, readonly Seconds[]>> };

/** What counting one more automatic return amounts to. */
export type Bounce = {
  /** The fourth for one app within a minute: stop, and say what may be wrong. */
  readonly looping: boolean;
  /** `Set-Cookie` to send either way. */
  readonly cookie: string;
};

/**
 * Counts an automatic return to an app: one for which the person did nothing. Kept in a sealed cookie, so that a loop is
 * noticed on every runtime and no sibling can reset it.
 *
 * @param origin Origin of the app that is returned to.
 */
export async function countBounce(
  origin: string,
  header: string | undefined,
  name: string,
  keys: SealingKeys,
  now: Seconds,
): Promise<Bounce> {
  const [sealed] = cookieValues(header, name);
  const known = sealed === undefined ? undefined : await unseal<Counter>(keys, 'bounces', sealed, now);
  const recent = new Map(
    Object.entries(known?.at ?? {})
      .map(([app, times]) => [app, times.filter((time) => time > now - window)] as const)
      .filter(([, times]) => times.length > 0)
      .slice(-mostApps),
  );
  const times = [...(recent.get(origin) ?? []), now];
  if (times.length > mostReturns) return { looping: true, cookie: clearCookie(name) };
  recent.delete(origin);
  recent.set(origin, times);
  const counter: Counter = { at: Object.fromEntries(recent) };
  return {
    looping: false,
    cookie: setCookie(name, await seal(keys, 'bounces', counter, now, now + window), { maxAge: window }),
  };
}
