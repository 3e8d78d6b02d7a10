import { edgeDeps } from '../deps.ts';
import { createSignOutAtGateway } from '../sign-out-at-gateway.ts';
import { readSlot } from '../slot.ts';

/** For viewer-request of the address that signs out, at sites behind a gateway. */
export const handler = createSignOutAtGateway(readSlot(), edgeDeps());
