import { createCheckAuth } from '../check-auth.ts';
import { edgeDeps } from '../deps.ts';
import { readSlot } from '../slot.ts';

/** For viewer-request of everything that is guarded. */
export const handler = createCheckAuth(readSlot(), edgeDeps());
