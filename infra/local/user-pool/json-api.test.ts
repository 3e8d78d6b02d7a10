import {
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  AdminDisableUserCommand,
  AdminEnableUserCommand,
  AdminGetUserCommand,
  AdminSetUserPasswordCommand,
  AdminUpdateUserAttributesCommand,
  AdminUserGlobalSignOutCommand,
  type CognitoIdentityProviderClient,
  DescribeUserPoolCommand,
  ListUsersCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cognitoAt, poolId as UserPoolId } from './json-api.testing.ts';
import { developmentCredentials } from './settings.ts';
import { ann, bob, type PoolServer, password, relyingParty, servePool } from './user-pool.testing.ts';

let server: PoolServer;
let cognito: CognitoIdentityProviderClient;
let throttled = 0;

beforeAll(async () => {
  server = await servePool({ passwordCost: 2, throttle: () => throttled-- > 0 });
  cognito = cognitoAt(server.origin);
});
beforeEach(() => {
  throttled = 0;
});
afterAll(() => server.stop());

const attributes = (given: Record<string, string>) => Object.entries(given).map(([Name, Value]) => ({ Name, Value }));
const create = (Username: string, given: Record<string, string> = {}) =>
  cognito.send(new AdminCreateUserCommand({ UserPoolId, Username, UserAttributes: attributes(given) }));
const get = (Username: string) => cognito.send(new AdminGetUserCommand({ UserPoolId, Username }));
const list = (given: object = {}) => cognito.send(new ListUsersCommand({ UserPoolId, ...given }));
const usernames = async (Filter: string) => (await list({ Filter })).Users?.map((user) => user.Username).sort();

describe('an administrator', () => {
  it('finds somebody by username, email in any letters, or sub', async () => {
    for (const login of ['ann', 'ANN@acme.test', ann.sub]) {
      const found = await get(login);
      expect(found).toMatchObject({ Username: 'ann', Enabled: true, UserStatus: 'CONFIRMED' });
      expect(found.UserAttributes).toContainEqual({ Name: 'sub', Value: 'sub-ann' });
      expect(found.UserCreateDate).toEqual(new Date(server.now() * 1000));
    }
  });

  it('makes somebody who must choose a password, and no trigger fires', async () => {
    const { User } = await create('Zoë@acme.test', { name: 'Zoë 🦊', 'custom:team': 'red' });
    expect(User).toMatchObject({ UserStatus: 'FORCE_CHANGE_PASSWORD', Enabled: true });
    expect(User?.Username).toMatch(/^[0-9a-f-]{36}$/);
    expect(User?.Attributes).toEqual(
      expect.arrayContaining(
        attributes({ email: 'Zoë@acme.test', email_verified: 'false', name: 'Zoë 🦊', 'custom:team': 'red' }),
      ),
    );
    const Username = User?.Username ?? '';
    const lasting = { UserPoolId, Username, Password: password, Permanent: true };
    await cognito.send(new AdminSetUserPasswordCommand(lasting));
    expect(await get(Username)).toMatchObject({ UserStatus: 'CONFIRMED' });
    const { claims } = await (await relyingParty(server)).signIn('zoë@acme.test');
    expect(claims).toMatchObject({ name: 'Zoë 🦊' });
    await cognito.send(new AdminDeleteUserCommand({ UserPoolId, Username }));
    await expect(get(Username)).rejects.toMatchObject({ name: 'UserNotFoundException' });
  });

  it('changes attributes; a new address is unverified unless the same call says otherwise', async () => {
    const Username = (await create('dan', { email: 'dan@acme.test', email_verified: 'true' })).User?.Username ?? '';
    const change = async (given: Record<string, string>) => {
      const UserAttributes = attributes(given);
      await cognito.send(new AdminUpdateUserAttributesCommand({ UserPoolId, Username, UserAttributes }));
      const { UserAttributes: now = [] } = await get('dan');
      return Object.fromEntries(now.map(({ Name, Value }) => [Name, Value]));
    };
    server.pass(60);
    expect(await change({ name: 'Dan' })).toMatchObject({
      email: 'dan@acme.test',
      email_verified: 'true',
      name: 'Dan',
    });
    expect((await get('dan')).UserLastModifiedDate).toEqual(new Date(server.now() * 1000));
    expect(await change({ email: 'd@acme.test' })).toMatchObject({ email: 'd@acme.test', email_verified: 'false' });
    expect(await change({ email: 'e@acme.test', email_verified: 'true' })).toMatchObject({ email_verified: 'true' });
    await expect(get('dan@acme.test')).rejects.toMatchObject({ name: 'UserNotFoundException' });
    await expect(change({ email: 'Bob@acme.test' })).rejects.toMatchObject({ name: 'AliasExistsException' });
    await expect(change({ sub: 'x' })).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  it('disables, enables and signs out', async () => {
    const app = await relyingParty(server);
    const { refreshToken } = await app.signIn(bob.email);
    const Bob = { UserPoolId, Username: 'bob' };
    await cognito.send(new AdminDisableUserCommand(Bob));
    await expect(app.refresh(refreshToken)).rejects.toThrow();
    await cognito.send(new AdminEnableUserCommand(Bob));
    await app.refresh(refreshToken);
    await cognito.send(new AdminUserGlobalSignOutCommand(Bob));
    await expect(app.refresh(refreshToken)).rejects.toThrow();
    const operations = server.events.filter(({ type }) => type === 'administration').map(({ details }) => details);
    expect(operations).toContainEqual({ operation: 'AdminDisableUser', username: 'bob' });
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ['a username that is taken', 'UsernameExistsException', () => create('ANN', { email: 'new@acme.test' })],
    ['an email that is taken', 'UsernameExistsException', () => create('ann2', { email: 'Ann@Acme.test' })],
    ['an email that is none', 'InvalidParameterException', () => create('ann2', { email: 'no' })],
    [
      'a password that is too short',
      'InvalidPasswordException',
      () => cognito.send(new AdminSetUserPasswordCommand({ UserPoolId, Username: 'ann', Password: 'short' })),
    ],
    ['nobody', 'UserNotFoundException', () => get('nobody')],
    [
      'another pool',
      'ResourceNotFoundException',
      () => cognito.send(new AdminGetUserCommand({ UserPoolId: 'us-east-1_Another', Username: 'ann' })),
    ],
    ['an empty name', 'InvalidParameterException', () => get('')],
    [
      'an operation that is not offered',
      'UnknownOperationException',
      () => cognito.send(new DescribeUserPoolCommand({ UserPoolId })),
    ],
    ['a page of 61', 'InvalidParameterException', () => list({ Limit: 61 })],
    ['a token of nobody', 'InvalidParameterException', () => list({ PaginationToken: 'bm8' })],
    ['a filter that is none', 'InvalidParameterException', () => list({ Filter: 'email is ann' })],
    ['a filter on a custom attribute', 'InvalidParameterException', () => list({ Filter: '"custom:team" = "red"' })],
    [
      'an attribute that somebody lacks',
      'InvalidParameterException',
      () => list({ AttributesToGet: ['phone_number'] }),
    ],
  ])('is refused %s', async (_, name, call) => {
    await expect(call()).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 400 } });
  });

  it('is slowed down when a test says so', async () => {
    throttled = 1;
    await expect(get('ann')).rejects.toMatchObject({ name: 'TooManyRequestsException' });
    await get('ann');
  });
});

describe('the list of people', () => {
  let many: PoolServer;
  beforeAll(async () => {
    many = await servePool({ passwordCost: 2, seed: [] });
    const their = cognitoAt(many.origin);
    for (let i = 0; i < 130; i++) {
      await their.send(new AdminCreateUserCommand({ UserPoolId, Username: `p${i}@acme.test` }));
    }
  });
  afterAll(() => many.stop());

  it('comes in pages, everybody once, also when somebody is deleted in between', async () => {
    const their = cognitoAt(many.origin);
    const sizes: number[] = [];
    const seen = new Set<string | undefined>();
    let PaginationToken: string | undefined;
    do {
      const page = await their.send(new ListUsersCommand({ UserPoolId, Limit: 60, PaginationToken }));
      sizes.push(page.Users?.length ?? 0);
      for (const user of page.Users ?? []) seen.add(user.Username);
      PaginationToken = page.PaginationToken;
      const Username = page.Users?.at(-1)?.Username;
      if (PaginationToken) await their.send(new AdminDeleteUserCommand({ UserPoolId, Username }));
    } while (PaginationToken !== undefined);
    expect(sizes).toEqual([60, 60, 10]);
    expect(seen.size).toBe(130);
  });

  it('gives tokens that are good for an hour and for their filter', async () => {
    const their = cognitoAt(many.origin);
    const { PaginationToken } = await their.send(new ListUsersCommand({ UserPoolId, Limit: 1 }));
    const next = (given: object) => their.send(new ListUsersCommand({ UserPoolId, PaginationToken, ...given }));
    await expect(next({ Filter: 'email ^= "p"' })).rejects.toMatchObject({ name: 'InvalidParameterException' });
    await next({});
    many.pass(3600);
    await expect(next({})).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  it.each([
    ['email = "ANN@acme.test"', ['ann']],
    ['"email" ^= "bo"', ['bob']],
    ['sub="sub-ann"', ['ann']],
    ['username = "Ann"', []],
    ['username ^= "a"', ['ann']],
    ['name = "Bob"', ['bob']],
    ['name = "B\\"ob"', []],
    ['email = ""', []],
  ])('can be narrowed: %s', async (filter, found) => {
    expect(await usernames(filter)).toEqual(found);
  });

  it('can be narrowed by status and to some attributes', async () => {
    await cognito.send(new AdminDisableUserCommand({ UserPoolId, Username: 'ann' }));
    expect(await usernames('status = "Disabled"')).toEqual(['ann']);
    expect(await usernames('cognito:user_status = "confirmed"')).toEqual(['ann', 'bob']);
    await cognito.send(new AdminEnableUserCommand({ UserPoolId, Username: 'ann' }));
    const { Users } = await list({ Filter: 'sub = "sub-ann"', AttributesToGet: ['email'] });
    expect(Users?.[0]?.Attributes).toEqual([{ Name: 'email', Value: 'ann@acme.test' }]);
  });
});

describe('what is not signed as it should be', () => {
  const { accessKeyId, secretAccessKey } = developmentCredentials;
  const ask = (client: CognitoIdentityProviderClient) => client.send(new ListUsersCommand({ UserPoolId }));

  it.each([
    ['another key', { accessKeyId: 'AKIAWRONG', secretAccessKey }, 'us-east-1', 'UnrecognizedClientException'],
    ['another secret', { accessKeyId, secretAccessKey: 'guessed' }, 'us-east-1', 'InvalidSignatureException'],
    ['another region', developmentCredentials, 'eu-west-1', 'InvalidSignatureException'],
  ])('is refused: %s', async (_, credentials, region, name) => {
    await expect(ask(cognitoAt(server.origin, credentials, region))).rejects.toMatchObject({ name });
  });

  type Headers = Readonly<Record<string, string>>;
  type Forgery = { readonly headers?: (signed: Headers) => Headers; readonly body?: string };

  /** Sends a call whose request somebody changed after it was signed. */
  async function forged({ headers = (signed) => signed, body }: Forgery): Promise<unknown> {
    const client = cognitoAt(server.origin);
    client.middlewareStack.add(
      (next) => async (given) => {
        const request = given.request as { headers: Headers; body: unknown };
        request.headers = headers(request.headers);
        if (body !== undefined) request.body = body;
        return next(given);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    return ask(client);
  }

  it.each<[string, Forgery, string]>([
    ['no signature', { headers: ({ authorization: _, ...rest }) => rest }, 'MissingAuthenticationTokenException'],
    [
      'a bearer token',
      { headers: (signed) => ({ ...signed, authorization: 'Bearer x' }) },
      'IncompleteSignatureException',
    ],
    [
      'another body',
      { body: JSON.stringify({ UserPoolId: UserPoolId.replace('0', '1') }) },
      'InvalidSignatureException',
    ],
    [
      'another operation',
      { headers: (signed) => ({ ...signed, 'x-amz-target': `${signed['x-amz-target']}`.replace('List', 'Kill') }) },
      'UnknownOperationException',
    ],
    [
      'another operation that there is',
      {
        headers: (signed) => ({ ...signed, 'x-amz-target': 'AWSCognitoIdentityProviderService.AdminGetUser' }),
      },
      'InvalidSignatureException',
    ],
    [
      'a signature of another day',
      {
        headers: (signed) => ({
          ...signed,
          'x-amz-date': '20200101T000000Z',
          authorization: `${signed.authorization}`.replace(/\/\d{8}\//, '/20200101/'),
        }),
      },
      'InvalidSignatureException',
    ],
    [
      'a target that is left unsigned',
      { headers: (signed) => ({ ...signed, authorization: `${signed.authorization}`.replace(';x-amz-target', '') }) },
      'IncompleteSignatureException',
    ],
  ])('is refused: %s', async (_, forgery, name) => {
    await expect(forged(forgery)).rejects.toMatchObject({ name });
  });

  it('is refused before anything is said of the body', async () => {
    const response = await fetch(`${server.origin}/`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'AWSCognitoIdentityProviderService.ListUsers',
      },
      body: 'no json',
    });
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { __type: 'MissingAuthenticationTokenException' },
    ]);
  });
});
