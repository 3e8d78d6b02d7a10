import type { AppSession } from './app-session.ts';
import type { HandOffSettings } from './options.ts';

/** What the app's page may know of its own session. */
export type SessionView = {
  readonly signed_in: boolean;
  readonly gateway: string;
  readonly client_id: string;
  /** A name for this very sign-in, by which a page that comes back notices another one. No credential. */
  readonly session?: string;
  /** Ticket for the frame to watch the gateway's session by; only for the few minutes that it is good. */
  readonly monitor?: string;
};

/** @param session `undefined`: nobody is signed in here. */
export function sessionView(
  session: AppSession | undefined,
  { clientId, clock, gateway }: Pick<HandOffSettings, 'clientId' | 'clock' | 'gateway'>,
): SessionView {
  const { sso_monitor: monitor, exp = 0 } = session?.claims ?? {};
  return {
    signed_in: session !== undefined,
    gateway,
    client_id: clientId,
    ...(session && { session: session.id }),
    ...(monitor !== undefined && exp > clock() && { monitor }),
  };
}
