import { Hono } from 'hono';
import { html } from 'hono/html';
import { systemClock } from '../../../shared/clock.ts';
import { type Account, createAccounts } from './accounts.ts';
import { createBrowser } from './browser.ts';
import { forgotPasswordRoutes } from './forgot-password.ts';
import { createGrants } from './grants.ts';
import { jsonApiRoutes } from './json-api.ts';
import { oauth2Routes } from './oauth2.ts';
import { createOutbox, outboxRoutes } from './outbox.ts';
import { type Page, page } from './page-layout.ts';
import { openStorage } from './persistence.ts';
import type { Pool } from './pool.ts';
import { checkClients, type UserPoolOptions } from './settings.ts';
import { signInRoutes } from './sign-in.ts';
import { signUpRoutes } from './sign-up.ts';
import { createTokens } from './tokens.ts';
import { createTriggers } from './triggers.ts';

/** An account as an administrator sees it. */
export type AccountView = Pick<
  Account,
  'sub' | 'username' | 'email' | 'name' | 'emailVerified' | 'status' | 'enabled' | 'groups'
>;

/** A stand-in for an Amazon Cognito user pool with a domain. */
export type UserPool = {
  /** `${origin}/${poolId}`. */
  readonly issuer: string;
  /** Answers whatever comes to `origin`. */
  fetch(request: Request): Promise<Response>;
  accounts(): AccountView[];
  /** AdminDisableUser: no sign-in, no refresh, access tokens end. @throws Error for a username that nobody has. */
  disable(username: string): void;
  /** AdminEnableUser. @throws Error for a username that nobody has. */
  enable(username: string): void;
  /**
   * AdminUserGlobalSignOut: ends all refresh and access tokens, but not, as in Cognito, the session that a browser has
   * with the pool. @throws Error for a username that nobody has.
   */
  globalSignOut(username: string): void;
};

/**
 * Creates the pool: hosted pages, OAuth 2.0 endpoints and Lambda triggers with Cognito's behaviour, and its quirks,
 * for people who have no AWS account at hand. Not made to face the internet.
 *
 * @throws Error where a client is configured in a way that Cognito would refuse, or the file can't be read.
 */
export async function createUserPool(options: UserPoolOptions): Promise<UserPool> {
  const {
    origin,
    clients,
    seed = [],
    poolId = 'us-east-1_LocalDev0',
    region = 'us-east-1',
    clock = systemClock,
  } = options;
  checkClients(clients);
  const storage = openStorage(options.file);
  const report: Pool['report'] = (type, details) => options.onEvent?.({ type, at: clock(), details });
  const onFailure = ({ trigger, message }: { trigger: string; message: string }, username: string) =>
    report('trigger-failed', { trigger, message, username });
  const pool: Pool = {
    origin,
    poolId,
    clients,
    seed,
    clock,
    accounts: createAccounts(storage, clock, options.passwordCost),
    grants: createGrants(storage, clock),
    tokens: await createTokens(storage, `${origin}/${poolId}`, clock),
    triggers: createTriggers({ poolId, region, onFailure, ...(options.lambda && { lambda: options.lambda }) }),
    browser: createBrowser(storage, origin, clock),
    outbox: createOutbox(storage, clock),
    report,
  };
  await pool.accounts.seed(seed);

  const app = new Hono();
  app.get('/', (c) => page(c, frontPage(pool)));
  app.route('/', oauth2Routes(pool));
  app.route('/', signInRoutes(pool));
  app.route('/', signUpRoutes(pool));
  app.route('/', forgotPasswordRoutes(pool));
  app.route('/', outboxRoutes(pool.outbox));
  app.route('/', jsonApiRoutes(pool, { ...options, region, now: systemClock }));
  app.notFound((c) =>
    page(c, { title: 'Not found', body: html`<p>There is nothing at this address.</p>`, status: 404 }),
  );

  const account = (username: string): Account => {
    const found = pool.accounts.find(username);
    if (found === undefined) throw new Error(`There is no account ${username} in the user pool ${poolId}.`);
    return found;
  };
  return {
    issuer: pool.tokens.issuer,
    fetch: async (request) => app.fetch(request),
    accounts: () => pool.accounts.all().map(viewOf),
    disable: (username) => pool.accounts.change(account(username), { enabled: false, accessEndedAt: clock() }),
    enable: (username) => pool.accounts.change(account(username), { enabled: true }),
    globalSignOut(username) {
      const { sub } = account(username);
      pool.grants.revokeAllOf(sub);
    },
  };
}

function frontPage({ poolId, clients, tokens }: Pool): Page {
  return {
    title: 'User pool',
    lead: poolId,
    body: html`<p>Apps send people here to sign in: ${clients.map(({ id, name }) => name ?? id).join(', ')}.</p>
<p><a href="${tokens.issuer}/.well-known/openid-configuration">Discovery document</a></p>`,
  };
}

function viewOf({ sub, username, email, name, emailVerified, status, enabled, groups }: Account): AccountView {
  return { sub, username, email, name, emailVerified, status, enabled, groups: [...groups] };
}
