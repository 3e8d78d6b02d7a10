import { isForeignSocket } from '../../shared/navigation.ts';
import { refusal } from './answer.ts';
import type { Decision } from './decision.ts';
import type { Incoming } from './incoming.ts';

/**
 * What becomes of a WebSocket that a page elsewhere opens here: it is refused, or nobody is signed in where that is enough.
 *
 * @param origin The app's own.
 * @param isOptional Does it work signed out?
 * @returns `undefined`: no WebSocket, or the app's own page opens it.
 */
export function refuseSocket(incoming: Incoming, origin: string, isOptional: () => boolean): Decision | undefined {
  if (!isForeignSocket(incoming.header, (from) => from === origin)) return undefined;
  const answer = refusal('cross_site_refused', incoming);
  return isOptional()
    ? { kind: 'signed-out', cookies: [], headers: [], challenge: () => answer }
    : { kind: 'respond', answer };
}
