import { createHttpHeaders } from '../http-headers.ts';
import { readSlot } from '../slot.ts';

/** For viewer-response, or origin-response. */
export const handler = createHttpHeaders(readSlot());
