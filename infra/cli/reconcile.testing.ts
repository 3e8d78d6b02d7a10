import {
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  AdminDisableUserCommand,
  AdminSetUserPasswordCommand,
  AdminUpdateUserAttributesCommand,
  type AttributeType,
  SignUpCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import postgres from 'postgres';
import { configSchema, type UsersConfig } from '../../shared/config.ts';
import { asSubject } from '../../shared/identity.ts';
import { migrate } from '../../shared/migrations/migrate.ts';
import type { UserDirectory } from '../../shared/users/directory.ts';
import { createPostgresDirectory } from '../../shared/users/postgres.ts';
import { freshDatabase } from '../local/postgres.testing.ts';
import { cognitoAt, poolId as UserPoolId } from '../local/user-pool/json-api.testing.ts';
import { developmentCredentials, type UserPoolOptions } from '../local/user-pool/settings.ts';
import { gateway, type PoolServer, password, servePool } from '../local/user-pool/user-pool.testing.ts';
import { type Ran, runCommand } from './console.testing.ts';

const { secret: _, ...phone } = gateway;

/** How a test wants somebody. */
export type Someone = {
  readonly email: string;
  readonly name?: string;
  /** Default: `true`. */
  readonly emailVerified?: boolean;
  /** Default: made by an administrator with a lasting password. */
  readonly as?: 'confirmed' | 'unconfirmed' | 'invited';
};

/** A pool behind HTTP, a database, and the command between them. */
export type Reconciled = {
  readonly server: PoolServer;
  readonly sql: postgres.Sql;
  readonly directory: UserDirectory;
  readonly env: Readonly<Record<string, string>>;
  readonly url: string;
  /** Makes somebody in the pool; returns their sub. */
  inPool(someone: Someone): Promise<string>;
  /** Makes somebody in the pool and in the table; returns their sub. */
  inBoth(someone: Someone): Promise<string>;
  disable(username: string): Promise<void>;
  remove(username: string): Promise<void>;
  setEmail(username: string, email: string, verified?: boolean): Promise<void>;
  /** Arguments that every run needs. */
  readonly args: readonly string[];
  /** Runs the command without grace. */
  run(...more: string[]): Promise<Ran>;
  /** What `--json` printed, and its summary. */
  found(...more: string[]): Promise<{ exit: number; differences: Json[]; summary: Json; err: string }>;
  close(): Promise<void>;
};

export type Json = Readonly<Record<string, unknown>>;

/** The environment by which the AWS SDK finds the stand-in's credentials. */
export const awsEnvironment = {
  AWS_ACCESS_KEY_ID: developmentCredentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: developmentCredentials.secretAccessKey,
};

const ownUsers = configSchema.shape.users;

/** @param table Their users table. Absent: our own. */
export async function openReconciled(
  options: Partial<UserPoolOptions> = {},
  table?: { readonly ddl: readonly string[]; readonly users: UsersConfig },
): Promise<Reconciled> {
  const server = await servePool({ seed: [], clients: [phone], passwordCost: 2, ...options });
  const cognito = cognitoAt(server.origin);
  const database = await freshDatabase();
  const sql = postgres(database.url, { max: 4, onnotice: () => {} });
  for (const statement of table?.ddl ?? []) await sql.unsafe(statement);
  const users = table?.users ?? ownUsers.parse({ linkLegacyRows: true });
  await migrate(sql, users);
  const providers = [{ id: 'cognito', trustedEmailDomains: ['acme.test'] }];
  const directory = createPostgresDirectory(sql, { users, providers });
  const known = { id: 'cognito', kind: 'cognito', issuer: server.pool.issuer, clientId: phone.id };
  const env = {
    CROSSGATE_DATABASE_URL: database.url,
    CROSSGATE_USERS: JSON.stringify(users),
    CROSSGATE_PROVIDERS: JSON.stringify([{ ...known, trustedEmailDomains: ['acme.test'] }]),
  };
  const args = ['reconcile', '--endpoint', server.origin, '--grace', '0', '--limit-rate', '5000'];

  async function inPool({ email, name = '', emailVerified = true, as = 'confirmed' }: Someone): Promise<string> {
    const given = (attributes: Record<string, string>): AttributeType[] =>
      Object.entries(attributes).map(([Name, Value]) => ({ Name, Value }));
    if (as === 'unconfirmed') {
      const UserAttributes = given({ name });
      const signUp = new SignUpCommand({ ClientId: phone.id, Username: email, Password: password, UserAttributes });
      return (await cognito.send(signUp)).UserSub ?? '';
    }
    const UserAttributes = given({ email, email_verified: String(emailVerified), name });
    const { User } = await cognito.send(new AdminCreateUserCommand({ UserPoolId, Username: email, UserAttributes }));
    const Username = User?.Username ?? '';
    if (as === 'confirmed') {
      await cognito.send(
        new AdminSetUserPasswordCommand({ UserPoolId, Username, Password: password, Permanent: true }),
      );
    }
    return Username;
  }

  const run = (...more: string[]) => runCommand([...args, ...more], { env });
  return {
    server,
    sql,
    directory,
    env,
    url: database.url,
    args,
    run,
    inPool,
    async inBoth(someone) {
      const sub = await inPool(someone);
      const { email, name } = someone;
      const identity = { provider: 'cognito', subject: asSubject(sub) };
      await directory.heal(identity, { email, emailVerified: true, ...(name && { name }) });
      return sub;
    },
    disable: async (Username) => void (await cognito.send(new AdminDisableUserCommand({ UserPoolId, Username }))),
    remove: async (Username) => void (await cognito.send(new AdminDeleteUserCommand({ UserPoolId, Username }))),
    async setEmail(Username, email, verified = true) {
      const UserAttributes = [
        { Name: 'email', Value: email },
        { Name: 'email_verified', Value: String(verified) },
      ];
      await cognito.send(new AdminUpdateUserAttributesCommand({ UserPoolId, Username, UserAttributes }));
    },
    async found(...more) {
      const { exit, out, err } = await run('--json', ...more);
      const lines = out.split('\n').filter(Boolean);
      const parsed = lines.map((line) => JSON.parse(line) as Json);
      return { exit, differences: parsed.slice(0, -1), summary: parsed.at(-1) ?? {}, err };
    },
    async close() {
      await server.stop();
      await sql.end();
      await database.drop();
    },
  };
}
