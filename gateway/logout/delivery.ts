import type { Milliseconds, Seconds } from '../../shared/clock.ts';
import type { LogoutNotice, LogoutResult } from '../../shared/store/hand-off.ts';
import type { Store } from '../../shared/store/store.ts';
import type { GatewayDeps } from '../deps.ts';
import { signLogoutToken } from './logout-token.ts';

/** Tells clients of the end of sessions, from any process and until they have heard. */
export type Logouts = {
  /** Begins to tell, and lets nobody wait for it: call it whenever a session has ended. */
  wake(): void;
  /** Tries everything that is due now. Rejects where the store is down; what was due stays due. */
  deliver(): Promise<void>;
  /** Goes on trying what is due. Returns a function that stops it, once what is under way is over. */
  follow(): () => Promise<void>;
};

/** Where nothing is shared no app has been given a session's tokens, and none has to be told. */
export const noLogouts: Logouts = { wake: () => {}, deliver: async () => {}, follow: () => async () => {} };

/** How long a client may take to answer. */
const usualDeadline: Milliseconds = 5000;
/** After so long a notice that was taken is due again: longer than any deadline. */
const lease: Seconds = 60;
/** Notices that are tried side by side, so that a silent client holds up few others. */
const batch = 50;
const mostBatches = 4;
const lookEvery: Milliseconds = 5000;
/** Seconds to the next try, after the first, the second and so on; the last one stays. */
const pauses: readonly Seconds[] = [5, 15, 60, 300, 900, 3600];

/**
 * Makes the delivery of one process. What is to be told stands in the store, so any process takes up what another left.
 *
 * Tokens go to the registered address alone: it was judged at start, and no redirect is followed.
 *
 * @param options.deadline For tests.
 * @see OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8
 */
export function createLogouts(
  { background, clients, clock, config, fetch, keyring, log, store }: GatewayDeps & { readonly store: Store },
  { deadline = usualDeadline }: { readonly deadline?: Milliseconds } = {},
): Logouts {
  let again = false;
  const underWay = new Map<Promise<void>, Seconds>();

  const tell = async (notice: LogoutNotice): Promise<LogoutResult> => {
    const client = clients.byId(notice.clientId);
    const uri = client?.backchannelLogoutUri;
    if (!client || uri === undefined) return { kind: 'nowhere' };
    const now = clock();
    const says = await post(uri, signLogoutToken(client, notice, now, { config, keyring }));
    if (says === undefined) return { kind: 'delivered' };
    const pause = pauses[Math.min(notice.attempt, pauses.length) - 1] ?? lease;
    log.warn('client not told of a sign-out', { client: client.id, sid: notice.sid, attempt: notice.attempt, says });
    return { kind: 'failed', says, retryAt: clock() + pause };
  };

  /** @returns What went wrong, in words without anything of the answer; `undefined`: nothing. */
  const post = async (uri: string, token: string): Promise<string | undefined> => {
    try {
      const response = await fetch(uri, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
        body: new URLSearchParams({ logout_token: token }).toString(),
        redirect: 'manual',
        signal: AbortSignal.timeout(deadline),
      });
      // nobody reads it, however long it is
      await response.body?.cancel();
      return response.ok ? undefined : `status ${response.status}`;
    } catch (error) {
      return kindOf(error);
    }
  };

  const settle = async (notice: LogoutNotice): Promise<void> => {
    const result = await tell(notice);
    await store.noteLogout(notice, result, clock());
    if (result.kind === 'delivered')
      log.info('client told of a sign-out', { client: notice.clientId, sid: notice.sid });
  };

  const deliver = async (): Promise<void> => {
    for (;;) {
      const now = clock();
      const notices = await store.takeLogouts(now, now + lease, batch);
      const settled = await Promise.allSettled(notices.map(settle));
      // what could not be noted comes again when its lease is over
      const lost = settled.find((one) => one.status === 'rejected');
      if (lost) throw lost.reason;
      if (notices.length < batch) return;
    }
  };

  const wake = (): void => {
    const now = clock();
    // where a runtime ended with the request that began it, a batch never comes to an end
    for (const [work, since] of underWay) if (since + lease <= now) underWay.delete(work);
    if (underWay.size >= mostBatches) {
      again = true;
      return;
    }
    const work = deliver()
      .catch((error: unknown) => log.warn('logout tokens cannot be delivered now', {}, error))
      .finally(() => {
        underWay.delete(work);
        if (!again) return;
        again = false;
        wake();
      });
    underWay.set(work, now);
    background?.(work);
  };

  return {
    wake,
    deliver,
    follow() {
      wake();
      const timer = setInterval(wake, lookEvery);
      return async () => {
        clearInterval(timer);
        again = false;
        await Promise.all(underWay.keys());
      };
    },
  };
}

/** `ECONNREFUSED`, `TimeoutError`: what an operator needs, and no address or answer. */
function kindOf(error: unknown): string {
  const { cause, name } = error instanceof Error ? error : { cause: undefined, name: 'unknown' };
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9_]+$/.test(code) ? code : name;
}
