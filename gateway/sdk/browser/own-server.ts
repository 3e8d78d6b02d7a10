import type { State } from './ladder.ts';
import type { Notice } from './notices.ts';
import type { Settings } from './options.ts';

/** What a code is bound to. The secret half stays with the app's server. */
export type Challenge = {
  readonly client_id: string;
  readonly redirect_uri: string;
  readonly code_challenge: string;
  readonly nonce: string;
  readonly scope: string;
};

/** The app's own session. */
export type OwnSession = {
  readonly state: State;
  /** Ticket for the frame, by which it may watch the session. */
  readonly monitor?: string | undefined;
  /** Names the session, so that another one is not taken for it. */
  readonly session?: string | undefined;
};

/** What it says: our own server, so that its word on types is taken. */
type Said = Challenge & {
  readonly signed_in: boolean;
  readonly gateway: string;
  readonly monitor: string | undefined;
  readonly session: string | undefined;
};

/** The app's server side: `handOff()`, on this origin. Nothing here rejects. */
export type OwnServer = {
  /** `unknown`: it doesn't answer, or not as `handOff()` does. */
  session(): Promise<OwnSession>;
  /** A fresh one each time, good for ten minutes; a browser keeps three. */
  challenge(): Promise<Challenge | undefined>;
  /**
   * Redeems the code that a challenge was answered with.
   *
   * @returns The app's session after that, whatever came of it: another tab may have been faster.
   */
  redeem(code: string | undefined, challenge: Challenge | undefined): Promise<OwnSession>;
  /** Ends the app's session alone. */
  end(): Promise<boolean>;
};

/** Longest wait for the app's own server. */
const patience = 10_000;

export function createOwnServer(base: string, settings: Settings, warn: Notice): OwnServer {
  /** @returns `undefined`: refused, not reached, or no answer of ours. */
  async function ask(method: 'GET' | 'POST', path: string, body?: object): Promise<Partial<Said> | undefined> {
    try {
      const response = await fetch(base + path, {
        method,
        ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
        cache: 'no-store',
        redirect: 'error',
        signal: AbortSignal.timeout(patience),
      });
      if (response.status === 204) return {};
      const isJson = response.headers.get('content-type')?.includes('json');
      // an app that has one page for every address answers with that
      if (response.status === 404 || (response.ok && !isJson))
        warn(`${base}${path} isn't there: mount handOff() at ${base}, or say by \`base\` where it is`);
      return response.ok ? await response.json() : undefined;
    } catch {
      // offline, on the way to another page, or no JSON: nothing is known by it
      return undefined;
    }
  }

  async function session(): Promise<OwnSession> {
    const { signed_in, gateway, client_id, ...more } = (await ask('GET', '/session')) ?? {};
    if (typeof signed_in !== 'boolean') return { state: 'unknown' };
    const { gateway: ours, clientId } = settings;
    if (gateway !== ours || client_id !== clientId)
      warn(`handOff() is ${client_id} at ${gateway}, this script ${clientId} at ${ours}`);
    return signed_in ? { ...more, state: 'signed-in' } : { state: 'signed-out' };
  }

  return {
    session,
    challenge: async () => (await ask('POST', '/challenge')) as Challenge | undefined,
    async redeem(code, challenge) {
      const answer = await ask('POST', '/callback', { code, nonce: challenge?.nonce });
      const now = await session();
      if (now.state === 'signed-out' && answer?.signed_in !== false)
        warn(`${base}/callback ${answer ? 'set a cookie that was not kept' : 'refused the code: see its log'}`);
      return now;
    },
    end: async () => (await ask('POST', '/end')) !== undefined,
  };
}
