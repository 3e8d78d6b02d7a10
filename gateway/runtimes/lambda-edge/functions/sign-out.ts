import { edgeDeps } from '../deps.ts';
import { createSignOut } from '../sign-out.ts';
import { readSlot } from '../slot.ts';

/** For viewer-request of the addresses that sign out, at a site that signs people in by itself. */
export const handler = createSignOut(readSlot(), edgeDeps());
