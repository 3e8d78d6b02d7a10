import { edgeDeps } from '../deps.ts';
import { createRefreshAuth } from '../refresh-auth.ts';
import { readSlot } from '../slot.ts';

/** For viewer-request of the address that renews a session, or begins one. */
export const handler = createRefreshAuth(readSlot(), edgeDeps());
