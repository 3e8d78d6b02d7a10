import { writeCrossSiteSession } from '../../shared/cookies/cross-site-session.ts';
import { SsoError } from '../../shared/errors.ts';
import type { Session } from '../../shared/store/store.ts';
import type { Person } from '../../shared/users/directory.ts';
import { accountOf, hintsOf } from '../fedcm/account.ts';
import { readAssertionRequest } from '../fedcm/assertion-request.ts';
import { assertFedcm, readCaller } from '../fedcm/caller.ts';
import { fedcmConfig, webIdentity } from '../fedcm/documents.ts';
import { fedcmError } from '../fedcm/error.ts';
import { createCode } from '../hand-off/code.ts';
import { addCookies, type GatewayContext } from '../http/context.ts';
import { type Parameters, readForm, singleParameters } from '../http/form.ts';
import { closingScriptSource, fedcmSignedInPage } from '../pages/fedcm-signed-in.ts';
import { contentSecurityPolicy } from '../pages/page.ts';
import { confirmSession } from '../session/confirm.ts';
import { endSessionsOf } from '../session/end.ts';
import type { SharedParts } from '../session/parts.ts';
import { readSession, readSessionAcrossSites } from '../session/read.ts';

const longestForm = 8192;

/**
 * `GET /.well-known/web-identity`, under whatever host it is asked: a proxy on the registrable domain hands it on. Public,
 * as the next one: operators look at both.
 */
export function webIdentityFile(c: GatewayContext, parts: SharedParts): Response {
  return published(c, webIdentity(parts));
}

/** `GET /fedcm/config.json` */
export function fedcmConfigFile(c: GatewayContext, parts: SharedParts): Response {
  return published(c, fedcmConfig(parts));
}

function published(c: GatewayContext, document: object): Response {
  c.header('cache-control', 'public, max-age=300');
  c.header('cross-origin-resource-policy', 'cross-origin');
  return c.json(document);
}

/**
 * `GET /fedcm/accounts`: who is signed in in this browser. The browser asks without saying for whom, and shows the answer
 * to the person alone.
 */
export async function fedcmAccounts(c: GatewayContext, parts: SharedParts): Promise<Response> {
  try {
    assertFedcm(c);
    const found = await sessionAndPerson(c, parts);
    if (!found) throw new SsoError('not_signed_in', 'no live session');
    const { session, person } = found;
    if (person?.state !== 'active') {
      await endSessionsOf(session, 'disabled', parts);
      throw new SsoError('not_signed_in', `the person is ${person?.state ?? 'gone'}`);
    }
    return c.json({ accounts: [accountOf(person, parts.clients)] });
  } catch (error) {
    // only where we know: an outage signs nobody out
    if (error instanceof SsoError && error.code === 'not_signed_in') c.header('set-login', 'logged-out');
    return fedcmError(c, error, parts.log);
  }
}

/** `GET /fedcm/client-metadata`: nothing that people would have to be told of the company's own apps. */
export function fedcmClientMetadata(c: GatewayContext, parts: SharedParts): Response {
  try {
    const { client } = readCaller(c, parts.clients);
    if (c.req.query('client_id') !== client.id) throw new SsoError('unknown_client', 'client_id is not that of Origin');
    return c.json({});
  } catch (error) {
    return fedcmError(c, error, parts.log);
  }
}

/** `POST /fedcm/assertion`: the person chose, or the browser did for them; the app gets a code for `/token`. */
export async function fedcmAssertion(c: GatewayContext, parts: SharedParts): Promise<Response> {
  try {
    const { client, origin } = readCaller(c, parts.clients);
    const request = readAssertionRequest(await form(c), client, origin);
    const found = await sessionAndPerson(c, parts);
    if (!found) throw new SsoError('login_required', 'no live session');
    const { session, person } = found;
    if (request.accountId !== session.userId) throw new SsoError('forbidden', 'account_id is not who is signed in');
    if (!(await confirmSession(session, person, parts))) throw new SsoError('login_required', 'the session has ended');
    const code = await createCode(request, session.sid, parts.clock(), parts);
    parts.log.info('code given', { client: client.id, uid: session.userId, by: 'FedCM' });
    return c.json({ token: code });
  } catch (error) {
    return fedcmError(c, error, parts.log);
  }
}

/**
 * `POST /fedcm/disconnect`: the browser forgets that it showed the account to an app. There is no consent here that could
 * be taken back, so nothing ends.
 */
export async function fedcmDisconnect(c: GatewayContext, parts: SharedParts): Promise<Response> {
  try {
    const { client } = readCaller(c, parts.clients);
    const fields = await form(c);
    if (fields.get('client_id') !== client.id) throw new SsoError('unknown_client', 'client_id is not that of Origin');
    const found = await sessionAndPerson(c, parts);
    if (found?.person?.state !== 'active') throw new SsoError('login_required', 'nobody who may come in');
    const { person } = found;
    if (!hintsOf(person).includes(fields.get('account_hint') ?? ''))
      throw new SsoError('forbidden', 'account_hint is not who is signed in');
    return c.json({ account_id: person.id });
  } catch (error) {
    return fedcmError(c, error, parts.log);
  }
}

/** `GET /fedcm/login`: what the browser opens where it believed somebody signed in who isn't. */
export function fedcmLogin(c: GatewayContext, { at }: SharedParts): Response {
  const hint = c.req.query('login_hint');
  const parameters = { return_to: at.url('/fedcm/signed-in'), login_hint: hint === '' ? undefined : hint };
  return c.redirect(at.url('/login', parameters), 302);
}

/**
 * `GET /fedcm/signed-in`: ends the browser's window, which goes on with FedCM then. Says and sets anew what FedCM goes by,
 * in case the browser had lost it.
 */
export async function fedcmSignedIn(c: GatewayContext, parts: SharedParts): Promise<Response> {
  const { clock, config, keyring, names } = parts;
  c.set('retry', parts.at.url('/fedcm/login'));
  const reading = await readSession(c.req.header('cookie'), parts);
  if (!reading) throw new SsoError('not_signed_in', 'no session at the end of a sign-in');
  const { sid, endsAt } = reading.session;
  addCookies(c, [await writeCrossSiteSession({ sid }, names.crossSite, keyring.sealing, clock(), endsAt)]);
  c.header('set-login', 'logged-in');
  c.header('content-security-policy', contentSecurityPolicy({ formAction: [], script: closingScriptSource }));
  return c.html(await fedcmSignedInPage({ base: config.publicUrl }));
}

async function form(c: GatewayContext): Promise<Parameters> {
  const posted = await readForm(c, longestForm);
  if (!posted) throw new SsoError('bad_request', 'no form');
  return singleParameters(posted);
}

/** Who is signed in, as store and directory say right now. */
async function sessionAndPerson(
  c: GatewayContext,
  parts: SharedParts,
): Promise<{ readonly session: Session; readonly person: Person | undefined } | undefined> {
  const session = await readSessionAcrossSites(c.req.header('cookie'), parts);
  return session && { session, person: await parts.users.findById(session.userId) };
}
