/** Somebody with an account at the provider under test, and perhaps a row in the users table. */
export type SuitePerson = {
  /** The provider's subject. */
  readonly sub: string;
  readonly username: string;
  readonly email: string;
  readonly name: string;
  readonly password: string;
  readonly roles: readonly string[];
};

const person = (digit: string, username: string, name: string, roles: readonly string[]): SuitePerson => ({
  sub: `${digit.repeat(8)}-0000-4000-8000-000000000000`,
  username,
  email: `${username}@acme.test`,
  name,
  password: 'correct horse battery staple',
  roles,
});

/** Who has a row from the start. */
export const people = {
  ann: person('a', 'ann', 'Ann Almond', ['admin']),
  bob: person('b', 'bob', 'Bob Berry', ['editor']),
  cyd: person('c', 'cyd', 'Cyd Clover', []),
  dan: person('d', 'dan', 'Dan Dill', ['editor']),
  eve: person('e', 'eve', 'Eve Elder', ['editor']),
} as const;

/** Has an account at the provider, and no row yet. */
export const newcomer = person('f', 'fay', 'Fay Fennel', []);

export const everybody: readonly SuitePerson[] = [...Object.values(people), newcomer];

/** What each role may do. */
export const rolePermissions: Readonly<Record<string, readonly string[]>> = {
  admin: ['notes:read', 'notes:write', 'users:manage'],
  editor: ['notes:read', 'notes:write'],
};

export const permissionsOf = (roles: readonly string[]): string[] =>
  roles.flatMap((role) => rolePermissions[role] ?? []);
