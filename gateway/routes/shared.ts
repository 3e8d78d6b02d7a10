import type { Hono } from 'hono';
import type { GatewayEnv } from '../http/context.ts';
import { createRateLimit } from '../http/rate-limit.ts';
import { createIntrospection } from '../introspection/introspection.ts';
import type { SharedParts } from '../session/parts.ts';
import { authorize, postAuthorize } from './authorize.ts';
import { browserScriptFile } from './browser-script.ts';
import { discovery } from './discovery.ts';
import { endSessionEndpoint, postEndSession } from './end-session.ts';
import {
  fedcmAccounts,
  fedcmAssertion,
  fedcmClientMetadata,
  fedcmConfigFile,
  fedcmDisconnect,
  fedcmLogin,
  fedcmSignedIn,
} from './fedcm.ts';
import { checkSession, frame } from './frame.ts';
import { frameCheck } from './frame-check.ts';
import { frameSessionState } from './frame-session-state.ts';
import { frameWatch } from './frame-watch.ts';
import { introspect } from './introspect.ts';
import { jwks } from './jwks.ts';
import { endSessions, sessions } from './sessions.ts';
import { token, tokenPreflight } from './token.ts';
import { userinfo, userinfoPreflight } from './userinfo.ts';

/**
 * Puts what all processes have to share a store for at its addresses: hand-off with all that belongs to OpenID Connect,
 * frame, FedCM, list of sessions. A gateway without a store has none of it.
 */
export function mountShared(app: Hono<GatewayEnv>, parts: SharedParts): void {
  const { keyring } = parts;
  const introspection = createIntrospection(parts);
  const introspections = createRateLimit(60);
  app.get('/.well-known/jwks.json', (c) => jwks(c, keyring.openid.jwks));
  app.get('/.well-known/openid-configuration', (c) => discovery(c, parts));
  app.get('/authorize', (c) => authorize(c, parts));
  app.post('/authorize', (c) => postAuthorize(c, parts));
  app.post('/token', (c) => token(c, parts));
  app.options('/token', (c) => tokenPreflight(c, parts));
  app.on(['GET', 'POST'], '/userinfo', (c) => userinfo(c, parts));
  app.options('/userinfo', (c) => userinfoPreflight(c, parts));
  app.post('/introspect', (c) => introspect(c, introspection, introspections, parts));
  app.get('/end-session', (c) => endSessionEndpoint(c, parts));
  app.post('/end-session', (c) => postEndSession(c, parts));
  app.get('/browser.js', (c) => browserScriptFile(c));
  app.get('/frame', (c) => frame(c, parts));
  app.get('/check-session', (c) => checkSession(c, parts));
  app.post('/frame/check', (c) => frameCheck(c, parts));
  app.post('/frame/watch', (c) => frameWatch(c, parts));
  app.post('/frame/session-state', (c) => frameSessionState(c, parts));
  app.get('/sessions', (c) => sessions(c, parts));
  app.post('/sessions/end', (c) => endSessions(c, parts));
  app.get('/fedcm/config.json', (c) => fedcmConfigFile(c, parts));
  app.get('/fedcm/accounts', (c) => fedcmAccounts(c, parts));
  app.get('/fedcm/client-metadata', (c) => fedcmClientMetadata(c, parts));
  app.post('/fedcm/assertion', (c) => fedcmAssertion(c, parts));
  app.post('/fedcm/disconnect', (c) => fedcmDisconnect(c, parts));
  app.get('/fedcm/login', (c) => fedcmLogin(c, parts));
  app.get('/fedcm/signed-in', (c) => fedcmSignedIn(c, parts));
}

/** What stands at these addresses, for other methods to be told. */
export const sharedMethods = [
  ['/.well-known/jwks.json', 'GET, HEAD'],
  ['/.well-known/openid-configuration', 'GET, HEAD'],
  ['/authorize', 'GET, POST'],
  ['/token', 'POST, OPTIONS'],
  ['/userinfo', 'GET, POST, OPTIONS'],
  ['/introspect', 'POST'],
  ['/end-session', 'GET, POST'],
  ['/browser.js', 'GET, HEAD'],
  ['/frame', 'GET, HEAD'],
  ['/check-session', 'GET, HEAD'],
  ['/frame/check', 'POST'],
  ['/frame/watch', 'POST'],
  ['/frame/session-state', 'POST'],
  ['/sessions', 'GET, HEAD'],
  ['/sessions/end', 'POST'],
  ['/.well-known/web-identity', 'GET, HEAD'],
  ['/fedcm/config.json', 'GET, HEAD'],
  ['/fedcm/accounts', 'GET'],
  ['/fedcm/client-metadata', 'GET'],
  ['/fedcm/assertion', 'POST'],
  ['/fedcm/disconnect', 'POST'],
  ['/fedcm/login', 'GET'],
  ['/fedcm/signed-in', 'GET'],
] as const;
