import type postgres from 'postgres';
import { configSchema, type UsersConfig } from '../../shared/config.ts';
import { asSubject, type UserId } from '../../shared/identity.ts';
import { createPostgresDirectory } from '../../shared/users/postgres.ts';
import type { SeedAccount } from './user-pool/settings.ts';

/** Id of the local user pool in the gateway's configuration. */
const provider = 'cognito';

const password = 'correct horse battery staple';

/** A person who is there from the start: an account in the user pool, and a row with roles in Postgres. */
export type SeedPerson = SeedAccount & { readonly roles: readonly string[] };

/** The people of the local world. Their subjects never change, so that a pool that starts over fits an older database. */
export const seedAccounts: readonly SeedPerson[] = [
  {
    sub: 'a0000000-0000-4000-8000-00000000a111',
    username: 'ann',
    email: 'ann@acme.test',
    name: 'Ann Almond',
    password,
    roles: ['admin'],
  },
  {
    sub: 'b0000000-0000-4000-8000-00000000b0b2',
    username: 'bob',
    email: 'bob@acme.test',
    name: 'Bob Berry',
    password,
    roles: ['editor'],
  },
  {
    sub: 'c0000000-0000-4000-8000-00000000c1d3',
    username: 'cyd',
    email: 'cyd@acme.test',
    name: 'Cyd Clover',
    password,
    roles: [],
  },
];

/** What each role of the local world may do. */
export const seedRoles: Readonly<Record<string, { readonly says: string; readonly permissions: readonly string[] }>> = {
  admin: {
    says: 'May do everything',
    permissions: ['notes:read', 'notes:write', 'photos:read', 'photos:write', 'users:manage'],
  },
  editor: {
    says: 'Writes notes, looks at photos',
    permissions: ['notes:read', 'notes:write', 'photos:read'],
  },
};

/**
 * Writes the seeded people, roles and permissions, by the same directory as the gateway does. What is there stays, and
 * who is no seed is not touched; a seeded role that was taken from a seeded person is given back.
 *
 * @param sql A database whose migrations ran.
 * @param users Default: our own users table.
 * @returns The ids of the people's rows, by email.
 * @throws Error naming the person for whom the users table takes no row.
 */
export async function seedPeople(
  sql: postgres.Sql,
  users: UsersConfig = configSchema.shape.users.parse(undefined),
): Promise<ReadonlyMap<string, UserId>> {
  const directory = createPostgresDirectory(sql, { users, providers: [{ id: provider, trustedEmailDomains: [] }] });
  const ids = new Map<string, UserId>();
  for (const { sub, email, name } of seedAccounts) {
    const identity = { provider, subject: asSubject(sub) };
    const outcome = await directory.heal(identity, { email, emailVerified: true, name });
    if (outcome.kind === 'refused') throw new Error(`The users table takes no row for ${email}: ${outcome.why}.`);
    ids.set(email, outcome.person.id);
  }
  const granted = seedAccounts.flatMap(({ email, roles }) =>
    roles.map((role) => ({ user_id: ids.get(email) ?? '', role })),
  );
  await sql.begin(async (tx) => {
    for (const [role, { says, permissions }] of Object.entries(seedRoles)) {
      await tx`insert into crossgate.roles (name, description) values (${role}, ${says}) on conflict do nothing`;
      for (const permission of permissions) {
        const [resource = '', action = ''] = permission.split(':');
        await tx`
          insert into crossgate.permissions (resource, action) values (${resource}, ${action}) on conflict do nothing`;
        await tx`
          insert into crossgate.role_permissions (role, permission_id)
          select ${role}, id from crossgate.permissions where (resource, action) = (${resource}, ${action})
          on conflict do nothing`;
      }
    }
    await tx`insert into crossgate.user_roles ${tx(granted)} on conflict do nothing`;
  });
  return ids;
}
