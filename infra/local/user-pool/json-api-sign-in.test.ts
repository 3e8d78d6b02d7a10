import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  AdminDeleteUserCommand,
  type CognitoIdentityProviderClient,
  ConfirmSignUpCommand,
  GetTokensFromRefreshTokenCommand,
  InitiateAuthCommand,
  SignUpCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type InvocationRecord, type LambdaHost, startLambdaHost } from '../lambda-host.ts';
import { cognitoAt, secretHash, poolId as UserPoolId } from './json-api.testing.ts';
import { ann, decode, gateway, type PoolServer, password, rotating, servePool } from './user-pool.testing.ts';

const open = { ...gateway, id: 'open' };
const { secret: _, ...phone } = open;
const fine = 'export const handler = async (event) => event;';
const failing = `export const handler = async (event) => {
  if (event.request.userAttributes.name === 'Unlucky') throw new Error('Try again later.');
  return event;
};`;

const records: InvocationRecord[] = [];
let dir: string;
let host: LambdaHost;
let server: PoolServer;
let cognito: CognitoIdentityProviderClient;

beforeAll(async () => {
  const home = fileURLToPath(new URL('../../../.crossgate', import.meta.url));
  fs.mkdirSync(home, { recursive: true });
  dir = fs.mkdtempSync(path.join(home, 'test-json-api-'));
  const functions = Object.entries({ fine, failing }).map(([name, text]) => {
    fs.writeFileSync(path.join(dir, `${name}.mjs`), text);
    return { name, file: path.join(dir, `${name}.mjs`) };
  });
  host = await startLambdaHost({ functions, onInvoke: (record) => records.push(record) });
  const PreTokenGeneration = { name: 'fine', version: 'V2_0' } as const;
  const others = { PreSignUp: { name: 'fine' }, PostAuthentication: { name: 'fine' } };
  const triggers = { ...others, PostConfirmation: { name: 'failing' }, PreTokenGeneration };
  server = await servePool({
    passwordCost: 2,
    clients: [gateway, rotating, phone],
    lambda: { endpoint: host.endpoint, triggers },
  });
  cognito = cognitoAt(server.origin);
});
beforeEach(() => {
  records.length = 0;
});
afterAll(async () => {
  await server.stop();
  await host.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});

const fired = () => records.map(({ event }) => (event as { triggerSource: string }).triggerSource);
const signUp = (Username: string, more: object = {}) =>
  cognito.send(new SignUpCommand({ ClientId: phone.id, Username, Password: password, ...more }));
const confirm = (Username: string, ConfirmationCode = mailed(Username)) =>
  cognito.send(new ConfirmSignUpCommand({ ClientId: phone.id, Username, ConfirmationCode }));
const signIn = (USERNAME: string, PASSWORD = password) =>
  cognito.send(
    new InitiateAuthCommand({
      ClientId: phone.id,
      AuthFlow: 'USER_PASSWORD_AUTH',
      AuthParameters: { USERNAME, PASSWORD },
    }),
  );
const named = (name: string) => ({ UserAttributes: [{ Name: 'name', Value: name }] });
let outbox: { to: string; code: string }[] = [];
const mailed = (to: string) => outbox.find((mail) => mail.to === to)?.code ?? '';
async function readOutbox() {
  ({ messages: outbox } = (await (await fetch(`${server.origin}/outbox.json`)).json()) as { messages: typeof outbox });
}

describe('somebody without a browser', () => {
  it('signs up, confirms, signs in and refreshes, and the triggers fire as they do for the pages', async () => {
    const { UserSub, UserConfirmed } = await signUp('eve@acme.test', named('Eve 🌱'));
    expect(UserConfirmed).toBe(false);
    await expect(signIn('eve@acme.test')).rejects.toMatchObject({ name: 'UserNotConfirmedException' });
    await readOutbox();
    await confirm('eve@acme.test');
    const { AuthenticationResult: tokens } = await signIn('EVE@acme.test');
    expect(decode(tokens?.IdToken ?? '')).toMatchObject({ sub: UserSub, name: 'Eve 🌱', email_verified: true });
    expect(decode(tokens?.AccessToken ?? '')).toMatchObject({ scope: 'aws.cognito.signin.user.admin' });
    const refreshed = await cognito.send(
      new InitiateAuthCommand({
        ClientId: phone.id,
        AuthFlow: 'REFRESH_TOKEN_AUTH',
        AuthParameters: { REFRESH_TOKEN: tokens?.RefreshToken ?? '' },
      }),
    );
    expect(refreshed.AuthenticationResult).toMatchObject({ IdToken: expect.any(String), ExpiresIn: 3600 });
    expect(refreshed.AuthenticationResult).not.toHaveProperty('RefreshToken');
    expect(fired()).toEqual([
      'PreSignUp_SignUp',
      'PostConfirmation_ConfirmSignUp',
      'PostAuthentication_Authentication',
      'TokenGeneration_Authentication',
      'TokenGeneration_RefreshTokens',
    ]);
  });

  it('hears what the trigger said, and stays confirmed all the same', async () => {
    await signUp('una@acme.test', named('Unlucky'));
    await readOutbox();
    await expect(confirm('una@acme.test')).rejects.toMatchObject({
      name: 'UserLambdaValidationException',
      message: 'PostConfirmation failed with error Try again later..',
    });
    await signIn('una@acme.test');
  });

  it('proves the secret of the client where there is one, and refreshes tokens that rotate', async () => {
    const withHash = (AuthParameters: Record<string, string>, AuthFlow = 'USER_PASSWORD_AUTH' as const) =>
      cognito.send(new InitiateAuthCommand({ ClientId: rotating.id, AuthFlow, AuthParameters }));
    const person = { USERNAME: ann.email, PASSWORD: password };
    await expect(withHash(person)).rejects.toMatchObject({ name: 'NotAuthorizedException' });
    await expect(withHash({ ...person, SECRET_HASH: 'guess' })).rejects.toMatchObject({
      name: 'NotAuthorizedException',
    });
    const { AuthenticationResult } = await withHash({ ...person, SECRET_HASH: secretHash(rotating, ann.email) });
    const RefreshToken = AuthenticationResult?.RefreshToken ?? '';
    const refresh = (ClientSecret: string) =>
      cognito.send(new GetTokensFromRefreshTokenCommand({ ClientId: rotating.id, ClientSecret, RefreshToken }));
    await expect(refresh('guess')).rejects.toMatchObject({ name: 'NotAuthorizedException' });
    const next = await refresh(rotating.secret ?? '');
    expect(next.AuthenticationResult?.RefreshToken).toEqual(expect.any(String));
    expect(next.AuthenticationResult?.RefreshToken).not.toBe(RefreshToken);
    server.pass(11);
    await expect(refresh(rotating.secret ?? '')).rejects.toMatchObject({ name: 'NotAuthorizedException' });
  });

  it('gets one account of twenty that are asked for at once', async () => {
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => signUp('gus@acme.test')));
    const refused = asked.filter((one) => one.status === 'rejected').map((one) => one.reason.name);
    expect(refused).toEqual(Array(19).fill('UsernameExistsException'));
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ['a wrong password', 'NotAuthorizedException', () => signIn(ann.email, 'wrong')],
    ['nobody', 'NotAuthorizedException', () => signIn('nobody@acme.test')],
    ['an email that is taken', 'UsernameExistsException', () => signUp('ANN@acme.test')],
    [
      'a username that is taken',
      'UsernameExistsException',
      () => signUp('Ann', { UserAttributes: [{ Name: 'email', Value: 'a@acme.test' }] }),
    ],
    ['a password that is too short', 'InvalidPasswordException', () => signUp('f@acme.test', { Password: 'short' })],
    ['no email', 'InvalidParameterException', () => signUp('fred')],
    ['a wrong code', 'CodeMismatchException', () => confirm('gus@acme.test', '000')],
    ['somebody who is confirmed', 'NotAuthorizedException', () => confirm('ann', '000000')],
    ['a client that is none', 'ResourceNotFoundException', () => signUp('f@acme.test', { ClientId: 'other' })],
  ])('is refused: %s', async (_case, name, call) => {
    await expect(call()).rejects.toMatchObject({ name });
  });

  it('is not verified by saying so', async () => {
    const Value = 'true';
    await signUp('ida@acme.test', { UserAttributes: [{ Name: 'email_verified', Value }] });
    expect(server.pool.accounts().find(({ email }) => email === 'ida@acme.test')).toMatchObject({
      emailVerified: false,
    });
  });

  it('is refused once deleted, with the refresh token too', async () => {
    const { AuthenticationResult } = await signIn('eve@acme.test');
    await cognito.send(new AdminDeleteUserCommand({ UserPoolId, Username: 'eve@acme.test' }));
    const refreshed = new InitiateAuthCommand({
      ClientId: phone.id,
      AuthFlow: 'REFRESH_TOKEN_AUTH',
      AuthParameters: { REFRESH_TOKEN: AuthenticationResult?.RefreshToken ?? '' },
    });
    await expect(cognito.send(refreshed)).rejects.toMatchObject({ name: 'NotAuthorizedException' });
  });
});
