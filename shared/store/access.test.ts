import { LambdaClient } from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { databaseAccess } from './access.ts';
import { awsCredentials } from './aws-credentials.ts';
import { connectDatabase, type DatabaseSettings } from './connect.ts';
import { iamToken } from './iam-token.ts';

const rds = 'postgres://app@db.c1.eu-central-1.rds.amazonaws.com:5433/acme';
const settings = (url: string, more: Partial<DatabaseSettings> = {}): DatabaseSettings => ({
  url,
  poolSize: 1,
  connectTimeout: 1,
  statementTimeout: 1,
  ...more,
});
const pem = '-----BEGIN CERTIFICATE-----\n…';
const credentials = {
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'secret/+',
  AWS_SESSION_TOKEN: 'tok/en=',
};

type Presigner = { presign(request: object, options: object): Promise<{ query?: Record<string, string> }> };

const accessTo = (database: DatabaseSettings, files: Record<string, string> = {}, env = {}, urlFile?: string) =>
  databaseAccess(database, {
    readFile: (name) => {
      const text = files[name];
      if (text === undefined) throw new Error('ENOENT');
      return text;
    },
    env,
    clock: () => 1_800_000_000,
    ...(urlFile !== undefined && { urlFile }),
  });

describe('a token of AWS IAM', () => {
  it.each([
    ['with the credentials of a function', { ...credentials }],
    ['with those of a person', { ...credentials, AWS_SESSION_TOKEN: '' }],
  ])('is what the AWS SDK signs, %s', async (_, env) => {
    const by = await awsCredentials(env);
    const to = { host: 'db.c1.eu-central-1.rds.amazonaws.com', port: 5433, user: 'app user', region: 'eu-central-1' };
    const client = new LambdaClient({
      region: to.region,
      credentials: { ...by } as typeof by & { sessionToken: string },
    });
    const signer = await client.config.signer();
    // the SDK's own, which its types don't show
    const { query = {} } = await (signer as unknown as Presigner).presign(
      {
        method: 'GET',
        protocol: 'https:',
        hostname: to.host,
        port: to.port,
        path: '/',
        headers: { host: `${to.host}:${to.port}` },
        query: { Action: 'connect', DBUser: to.user },
      },
      { expiresIn: 900, signingService: 'rds-db', signingDate: new Date(1_800_000_000_000) },
    );
    const ours = new URL(`https://${iamToken(to, by, 1_800_000_000)}`);
    expect(Object.fromEntries(ours.searchParams)).toEqual(query);
    expect(ours.host).toBe(`${to.host}:${to.port}`);
  });

  it('is made anew for each connection, for the user and the region of the URL', async () => {
    const database = settings(rds, { auth: 'iam', caFile: 'rds.pem' });
    const { password } = accessTo(database, { 'rds.pem': pem }, { ...credentials, AWS_REGION: 'us-east-1' });
    expect(await password?.()).toMatch(/^db\.c1\.eu-central-1\.rds\.amazonaws\.com:5433\/\?Action=connect&DBUser=app&/);
    expect(await password?.()).toContain('%2Feu-central-1%2Frds-db%2F');
  });

  it.each<[string, DatabaseSettings, RegExp]>([
    ['no user', settings(rds.replace('app@', ''), { auth: 'iam' }), /host and a user/],
    ['two hosts', settings('postgres://app@a:1,b:2/x', { auth: 'iam' }), /one host/],
    ['no region', settings('postgres://app@db.acme.internal/x', { auth: 'iam' }), /AWS_REGION/],
  ])('cannot be made: %s', (_, database, says) => {
    expect(() => accessTo(database, {}, credentials)).toThrow(says);
  });
});

describe('the certificates', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    ['no such file', {}, /cannot be read: rds\.pem/],
    ['a file that holds something else', { 'rds.pem': 'AccessDenied' }, /no certificate in it/],
  ])('%s', (_, files, says) => {
    expect(() => accessTo(settings(rds, { caFile: 'rds.pem' }), files)).toThrow(says);
  });
});

describe('a URL in a file', () => {
  it.each<[string, string, string | RegExp]>([
    ['gives its password', 'postgres://app:new@db/x\n', 'new'],
    ['percent-decoded', 'postgres://app:a%40%2F%25@db/x', 'a@/%'],
    ['of several hosts too', 'postgres://app:new@a:1,b:2/x', 'new'],
    ['without one is not guessed at', 'postgres://app@db/x', /no password/],
  ])('%s', async (_, text, expected) => {
    const files: Record<string, string> = { url: text };
    const { password } = accessTo(settings('postgres://app:old@db/x'), files, {}, 'url');
    if (typeof expected === 'string') expect(await password?.()).toBe(expected);
    else await expect(password?.()).rejects.toThrow(expected);
  });
});

describe('what connectDatabase refuses', () => {
  const password = async () => 'token';
  it.each<[string, DatabaseSettings, object, RegExp]>([
    ['TLS that verifies nobody', settings(`${rds}?sslmode=require`), {}, /sslmode=require would not verify/],
    ['TLS only if the server likes', settings(`${rds}?sslmode=prefer`), {}, /would not verify/],
    ['the same by its other name', settings(`${rds}?ssl=require`), {}, /would not verify/],
    ['certificates that nobody read', settings(rds, { caFile: 'rds.pem' }), {}, /caFile/],
    ['IAM tokens in the clear', settings(rds, { auth: 'iam' }), { password }, /caFile: is needed/],
    ['IAM by a program that makes no tokens', settings(rds, { auth: 'iam', caFile: 'x' }), { ca: pem }, /IAM tokens/],
  ])('%s', (_, database, access, says) => {
    expect(() => connectDatabase(database, access)).toThrow(says);
  });
});
