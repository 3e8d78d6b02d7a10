import { edgeDeps } from '../deps.ts';
import { createParseAuth } from '../parse-auth.ts';
import { readSlot } from '../slot.ts';

/** For viewer-request of the callback. */
export const handler = createParseAuth(readSlot(), edgeDeps());
