import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Account, LoginTaken } from '../accounts.ts';
import type { Pool } from '../pool.ts';
import type { UserPoolClient } from '../settings.ts';
import { register } from '../sign-up.ts';
import { nativeScope, tokenLifetime } from '../tokens.ts';
import { type TokenSource, TriggerError } from '../triggers.ts';
import { ApiFault, invalidParameter, userNotFound } from './fault.ts';
import type { Parameters } from './parameters.ts';
import { checkedPassword, type Operation } from './people.ts';
import { changesOf } from './user.ts';

const notAuthorized = (message: string) => new ApiFault('NotAuthorizedException', message);

/**
 * What people do for themselves, without a signature: it fires the same triggers as the hosted pages do. A client with a
 * secret proves it by `SECRET_HASH`.
 *
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html
 */
export function signInOperations(pool: Pool): Readonly<Record<string, Operation>> {
  const { accounts } = pool;

  async function tokens(source: TokenSource, client: UserPoolClient, account: Account, refreshToken?: string) {
    const scopes = [nativeScope];
    const family = refreshToken === undefined ? undefined : familyOf(pool, refreshToken, client);
    const changes = await pool.triggers.preTokenGeneration(source, client, family?.scopes ?? scopes, account);
    const started =
      family === undefined
        ? pool.grants.start({ sub: account.sub, clientId: client.id, scopes, authTime: pool.clock() })
        : { family, refreshToken: pool.grants.rotate(family, refreshToken ?? '', client) };
    const { accessToken, idToken, accessClaims, idClaims, ignored } = await pool.tokens.issue({
      ...started.family,
      client,
      account,
      changes,
    });
    const details = { client: client.id, username: account.username, idClaims, accessClaims, ignored };
    pool.report(family === undefined ? 'token' : 'refresh', details);
    return {
      AccessToken: accessToken,
      ExpiresIn: tokenLifetime,
      TokenType: 'Bearer',
      ...(idToken !== undefined && { IdToken: idToken }),
      ...(started.refreshToken !== undefined && { RefreshToken: started.refreshToken }),
    };
  }

  async function withPassword(client: UserPoolClient, given: Readonly<Record<string, string>>) {
    const username = given.USERNAME;
    if (username === undefined) throw invalidParameter('Missing required parameter USERNAME');
    if (given.PASSWORD === undefined) throw invalidParameter('Missing required parameter PASSWORD');
    checkSecretHash(client, given.SECRET_HASH, username);
    const refuse = (fault: ApiFault) => {
      pool.report('sign-in-refused', { client: client.id, username, error: fault.message });
      return fault;
    };
    const account = await accounts.verify(username, given.PASSWORD);
    if (account === undefined) throw refuse(notAuthorized('Incorrect username or password.'));
    if (!account.enabled) throw refuse(notAuthorized('User is disabled.'));
    if (account.status === 'UNCONFIRMED') {
      throw refuse(new ApiFault('UserNotConfirmedException', 'User is not confirmed.'));
    }
    if (account.status === 'FORCE_CHANGE_PASSWORD') {
      return { ChallengeName: 'NEW_PASSWORD_REQUIRED', ChallengeParameters: { USER_ID_FOR_SRP: account.username } };
    }
    await pool.triggers.postAuthentication(account, client);
    pool.report('sign-in', { client: client.id, username: account.username });
    const result = await tokens('TokenGeneration_Authentication', client, account);
    return { AuthenticationResult: result, ChallengeParameters: {} };
  }

  async function refresh(client: UserPoolClient, refreshToken: string) {
    const account = accounts.bySub(familyOf(pool, refreshToken, client).sub);
    if (account === undefined) throw notAuthorized('User does not exist.');
    if (!account.enabled) throw notAuthorized('User is disabled.');
    return { AuthenticationResult: await tokens('TokenGeneration_RefreshTokens', client, account, refreshToken) };
  }

  return {
    SignUp: heardOf(async (parameters) => {
      const client = clientOf(pool, parameters);
      const username = parameters.text('Username');
      checkSecretHash(client, parameters.optionalText('SecretHash'), username);
      const isEmail = username.includes('@');
      const given = { ...(isEmail && { email: username }), ...parameters.attributes('UserAttributes') };
      // nobody verifies an address by saying so
      const { email_verified: _, ...attributes } = given as Readonly<Record<string, string>>;
      const { changes, taken } = changesOf(attributes, accounts);
      const { email = '', name = '', more } = changes;
      if (email === '')
        throw invalidParameter('Attributes did not conform to the schema: email: The attribute is required');
      const password = checkedPassword(parameters.text('Password'));
      const exists = new ApiFault('UsernameExistsException', 'User already exists');
      if (taken || accounts.find(username) !== undefined) throw exists;
      const own = { ...(!isEmail && { username }), ...(more !== undefined && { more }) };
      try {
        const account = await register(pool, client, { email, name, password }, own);
        return {
          UserConfirmed: account.status === 'CONFIRMED',
          UserSub: account.sub,
          ...(account.status !== 'CONFIRMED' && {
            CodeDeliveryDetails: { AttributeName: 'email', DeliveryMedium: 'EMAIL', Destination: veiled(email) },
          }),
        };
      } catch (cause) {
        throw cause instanceof LoginTaken ? exists : cause;
      }
    }),

    ConfirmSignUp: heardOf(async (parameters) => {
      const client = clientOf(pool, parameters);
      const username = parameters.text('Username');
      checkSecretHash(client, parameters.optionalText('SecretHash'), username);
      const digits = parameters.text('ConfirmationCode');
      const account = accounts.find(username);
      if (account === undefined) throw userNotFound();
      if (account.status !== 'UNCONFIRMED') {
        throw notAuthorized(`User cannot be confirmed. Current status is ${account.status}`);
      }
      const { code } = account;
      const problem = accounts.redeemCode(account, 'confirm-sign-up', digits);
      if (problem !== undefined) {
        const gone = code === undefined || code.expiresAt <= pool.clock();
        throw new ApiFault(gone ? 'ExpiredCodeException' : 'CodeMismatchException', problem);
      }
      accounts.change(account, { status: 'CONFIRMED', emailVerified: true });
      pool.report('confirm', { client: client.id, username: account.username });
      await pool.triggers.postConfirmation(account, client, 'ConfirmSignUp');
      return {};
    }),

    InitiateAuth: heardOf(async (parameters) => {
      const client = clientOf(pool, parameters);
      const given = parameters.map('AuthParameters');
      const flow = parameters.text('AuthFlow');
      if (flow === 'USER_PASSWORD_AUTH') return withPassword(client, given);
      if (flow !== 'REFRESH_TOKEN_AUTH' && flow !== 'REFRESH_TOKEN') {
        throw invalidParameter(`${flow} flow not enabled for this client`);
      }
      // a client whose tokens rotate can't have this flow: GetTokensFromRefreshToken is its way
      if (client.rotation !== undefined) throw notAuthorized('Auth flow not enabled for this client');
      const refreshToken = given.REFRESH_TOKEN;
      if (refreshToken === undefined) throw invalidParameter('Missing required parameter REFRESH_TOKEN');
      const username = accounts.bySub(familyOf(pool, refreshToken, client).sub)?.username ?? '';
      checkSecretHash(client, given.SECRET_HASH, username);
      return refresh(client, refreshToken);
    }),

    GetTokensFromRefreshToken: heardOf(async (parameters) => {
      const client = clientOf(pool, parameters);
      if (client.secret !== undefined && !sameText(client.secret, parameters.optionalText('ClientSecret') ?? '')) {
        throw notAuthorized(`Unable to verify client secret for client ${client.id}`);
      }
      return refresh(client, parameters.text('RefreshToken'));
    }),
  };
}

/** The trigger's refusal as the API says it. */
function heardOf(operation: Operation): Operation {
  return async (parameters) => {
    try {
      return await operation(parameters);
    } catch (cause) {
      if (cause instanceof TriggerError) throw new ApiFault('UserLambdaValidationException', cause.message);
      throw cause;
    }
  };
}

function clientOf(pool: Pool, parameters: Parameters): UserPoolClient {
  const id = parameters.text('ClientId');
  const client = pool.clients.find((known) => known.id === id);
  if (client === undefined) throw new ApiFault('ResourceNotFoundException', `User pool client ${id} does not exist.`);
  return client;
}

function familyOf(pool: Pool, refreshToken: string, client: UserPoolClient) {
  const family = pool.grants.find(refreshToken, client);
  if (typeof family === 'string') throw notAuthorized(family);
  return family;
}

/** @see https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html#cognito-user-pools-computing-secret-hash */
function checkSecretHash({ id, secret }: UserPoolClient, given: string | undefined, username: string): void {
  if (secret === undefined) return;
  if (given === undefined) {
    throw notAuthorized(`Client ${id} is configured with secret but SECRET_HASH was not received`);
  }
  const wanted = createHmac('sha256', secret).update(`${username}${id}`).digest('base64');
  if (!sameText(wanted, given)) throw notAuthorized(`Unable to verify secret hash for client ${id}`);
}

function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHmac('sha256', 'same').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** `a***@a***`, as Cognito shows where a code went. */
function veiled(email: string): string {
  return email.replace(/([^@])[^@]*/g, '$1***');
}
