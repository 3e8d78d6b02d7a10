import * as z from 'zod/mini';
import type { ClientConfig } from '../../shared/config.ts';
import { SsoError } from '../../shared/errors.ts';
import { longestUrl } from '../../shared/return-url.ts';
import { text } from '../../shared/setting.ts';
import { sessionStatePattern } from '../hand-off/session-state.ts';
import { readJson } from '../http/body.ts';
import { type GatewayContext, headerReader } from '../http/context.ts';
import { requestOrigin } from '../http/same-origin.ts';
import type { Parts } from '../session/parts.ts';

/** In bytes. A ticket is the longest thing that comes. */
const longestBody = 8192;

/** Which app the frame stands in, and on which page of it: the browser told the frame, nobody can pretend. */
const asker = {
  client_id: z.string().check(z.maxLength(256)),
  parent_origin: z.string().check(z.maxLength(longestUrl)),
};
/** Whether the frame sees its cookies as if it stood alone (Storage Access API). */
const has_access = z.boolean();
const nonce = text(/^[A-Za-z0-9_-]{22,64}$/, 'a nonce');

const stateQuestion = z.strictObject({ ...asker, want: z.literal('state'), nonce, has_access });
const codeQuestion = z.strictObject({
  ...asker,
  want: z.literal('code'),
  nonce,
  has_access,
  code_challenge: text(/^[A-Za-z0-9_-]{43}$/, 'an S256 challenge'),
  redirect_uri: z.string().check(z.maxLength(longestUrl)),
  scope: z.optional(z.string().check(z.maxLength(512))),
});
/** What a code is asked for by. */
export type CodeQuestion = z.infer<typeof codeQuestion>;

/** `POST /frame/check`: is anybody signed in, and, if a code is wanted, the code for that. */
export const checkQuestion = z.discriminatedUnion('want', [stateQuestion, codeQuestion]);

/** `POST /frame/watch`: the ticket of an ID token, for the monitor cookie. */
export const watchQuestion = z.strictObject({ ...asker, ticket: z.string().check(z.maxLength(4096)) });

/** `POST /frame/session-state`: does the session still go on that this speaks of? */
export const sessionStateQuestion = z.strictObject({
  ...asker,
  session_state: text(sessionStatePattern, 'a session_state'),
  has_access,
});

type Asker = { readonly client_id: string; readonly parent_origin: string };

/**
 * Reads what our frame asks on behalf of the page around it. Only our frame may: from any other page the answers would
 * tell strangers who is signed in, or worse.
 *
 * @throws SsoError `cross_site_refused`, `body_too_large`, `bad_request`, `unknown_client`, `origin_refused`
 */
export async function readQuestion<Q extends Asker>(
  c: GatewayContext,
  schema: z.ZodMiniType<Q>,
  { at, clients }: Pick<Parts, 'at' | 'clients'>,
): Promise<{ readonly question: Q; readonly client: ClientConfig }> {
  if (requestOrigin(headerReader(c), at.origin, () => false) !== 'own')
    throw new SsoError('cross_site_refused', 'not asked by a page of ours');
  const read = schema.safeParse(await readJson(c, longestBody));
  if (!read.success) throw new SsoError('bad_request', 'not what a frame asks');
  const client = clients.byId(read.data.client_id);
  if (!client || client.redirectUris.length === 0)
    throw new SsoError('unknown_client', 'no such app, or one that takes no hand-off');
  if (!client.origins.includes(read.data.parent_origin))
    throw new SsoError('origin_refused', `the page around the frame is none of ${client.id}`);
  return { question: read.data, client };
}
