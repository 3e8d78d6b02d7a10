import type postgres from 'postgres';
import type { Config } from '../../shared/config.ts';
import { asSubject, asUserId, type UserId } from '../../shared/identity.ts';
import { databaseError } from '../../shared/store/database-error.ts';
import type { Person, UserDirectory } from '../../shared/users/directory.ts';
import { mapUsers } from '../../shared/users/mapping.ts';
import { CliError, exits } from './console.ts';

/**
 * Finds the person whom somebody at the keyboard means.
 *
 * @param who Id, email in any letters, or provider and subject with a colon between.
 * @throws CliError where nobody, or more than one, is meant; SsoError `directory_unavailable`.
 */
export async function findPerson(
  who: string,
  sql: postgres.Sql,
  directory: UserDirectory,
  config: Config,
): Promise<Person> {
  const [, provider = '', subject = ''] = /^([a-z0-9-]+):(.+)$/s.exec(who) ?? [];
  const found =
    (await directory.findById(asUserId(who))) ??
    (config.providers.some(({ id }) => id === provider)
      ? await directory.findByIdentity({ provider, subject: asSubject(subject) })
      : undefined);
  if (found) return found;
  const ids = who.includes('@') ? await idsByEmail(who, sql, config) : [];
  if (ids.length > 1)
    throw new CliError(exits.wrong, `Several people have that email: ${ids.join(', ')}. Say which id.`);
  const person = ids[0] === undefined ? undefined : await directory.findById(ids[0]);
  if (person) return person;
  throw new CliError(exits.wrong, 'Nobody has that id, email, or provider:subject.');
}

async function idsByEmail(email: string, sql: postgres.Sql, config: Config): Promise<UserId[]> {
  const mapping = mapUsers(config.users);
  if (!mapping.email) return [];
  const statement = `select ${mapping.id}::text as id from ${mapping.table}
    where lower(${mapping.email}::text collate "C") = lower($1::text collate "C") order by 1 limit 10`;
  try {
    const rows = await sql.unsafe<{ id: string }[]>(statement, [email]);
    return rows.map(({ id }) => asUserId(id));
  } catch (cause) {
    throw databaseError('directory_unavailable', 'finding a person by email', cause);
  }
}
