import { checkAll, loadDatabaseAccess, readConfigInput } from '../../gateway/runtimes/node/load-config.ts';
import { parseConfig } from '../../shared/config.ts';
import { connectDatabase } from '../../shared/store/connect.ts';
import type { Person } from '../../shared/users/directory.ts';
import { createPostgresDirectory } from '../../shared/users/postgres.ts';
import { type ClaimSizes, claimMeasure, type Measured } from './claim-sizes.ts';
import { CliError, type Console, exits } from './console.ts';
import { findPerson } from './find-person.ts';
import { largestPeople } from './largest-people.ts';

export type ClaimsOptions = {
  readonly config?: string;
  /** Id, email, or provider and subject with a colon between. */
  readonly user?: string;
  readonly all?: boolean;
  readonly json?: boolean;
};

/** How many people `--all` shows. */
const shown = 20;

/**
 * Shows what the tokens and the cookie of one person would carry, or who has the most to carry. Reads only. Needs the
 * configuration of the gateway less its keys.
 */
export async function runClaims(options: ClaimsOptions, console: Console): Promise<number> {
  const { user, all } = options;
  if ((user === undefined) === !all) throw new CliError(exits.usage, 'Say whom: --user WHO, or --all.');
  const read = readConfigInput(options.config, console);
  // only lengths count, and whoever looks at people needs no keys
  const config = checkAll(read, (input) => parseConfig({ ...(input as object | undefined), keys: '{}' }));
  const sql = connectDatabase(
    { ...config.database, poolSize: 1, statementTimeout: 60 },
    loadDatabaseAccess(config.database, read, console),
  );
  try {
    const directory = createPostgresDirectory(sql, config);
    const measure = claimMeasure(config);
    const people =
      user === undefined
        ? await largestPeople(sql, directory, shown)
        : [await findPerson(user, sql, directory, config)];
    const reports = people.map((person) => ({ person, ...measure(person) }));
    if (options.json) console.out(JSON.stringify(user === undefined ? reports.map(asJson) : reports.map(asJson)[0]));
    else if (user === undefined) for (const line of table(reports)) console.out(line);
    else for (const report of reports) for (const line of inFull(report)) console.out(line);
    return exits.fine;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

type Report = ClaimSizes & { readonly person: Person };

function asJson({ person, tokens, cookie, headers }: Report) {
  const { id, state, email, roles, permissions } = person;
  return { id, state, email, roles: roles.length, permissions: permissions.length, tokens, cookie, headers };
}

const bytes = ({ bytes: have, of }: Measured): string => `${have} of ${of} bytes`;

function inFull({ person, tokens, cookie, headers }: Report): string[] {
  const { id, state, email, roles, permissions, permissionVersion } = person;
  const left = (names: readonly string[], why: string) =>
    names.length > 0 ? `; left out: ${names.join(', ')} (${why}, looked up where asked for)` : '';
  const why = 'over triggers.claimBudget';
  return [
    `person         ${id}${email === undefined ? '' : `, ${email}`}, ${state}${state === 'active' ? '' : ': gets no token'}`,
    `roles          ${roles.length}${roles.length > 0 ? `: ${roles.slice(0, 10).join(', ')}${roles.length > 10 ? ', …' : ''}` : ''}`,
    `permissions    ${permissions.length}, version ${permissionVersion}`,
    `token, V1      ${bytes(tokens.V1)}${left(tokens.V1.leftOut, why)}`,
    `token, V2, V3  ${bytes(tokens.V2)}${left(tokens.V2.leftOut, why)}`,
    `domain cookie  ${bytes(cookie)}, of which browsers take ${cookie.browser}${left(cookie.leftOut, 'would not fit')}`,
    `headers        about ${bytes(headers)} at API Gateway, with an access token (V2) and the domain cookie`,
  ];
}

function table(reports: readonly Report[]): string[] {
  const rows = reports.map(({ person, tokens, cookie, headers }) => [
    person.id,
    String(person.roles.length),
    String(person.permissions.length),
    `${tokens.V2.bytes}${tokens.V2.leftOut.map((name) => ` −${name}`).join('')}`,
    `${cookie.bytes}${cookie.leftOut.map((name) => ` −${name}`).join('')}`,
    String(headers.bytes),
  ]);
  const all = [['id', 'roles', 'permissions', 'token (V2)', 'domain cookie', 'headers'], ...rows];
  const widths = all[0]?.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0))) ?? [];
  return all.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
