import * as z from 'zod/mini';
import { ConfigError, type ConfigMistake, configSchema } from './config.ts';

/** What a setting takes. `list` and `object` are written as JSON in an environment variable. */
export type SettingType = 'text' | 'whole number' | 'true or false' | 'list' | 'object' | 'text or list';

/** One setting, as the schema has it. */
export type Setting = {
  /** Keys from the top; `*` stands for an index. */
  readonly path: readonly string[];
  readonly type: SettingType;
  /** Absent: there is none, and the setting is {@link Setting.required} or off. */
  readonly default?: unknown;
  readonly required: boolean;
  /** Unit included. */
  readonly description: string;
  readonly secret: boolean;
  /** Values that are allowed, where they can be listed. */
  readonly choices?: readonly string[];
  /** Name of the environment variable; `<n>` stands for an index. */
  readonly variable: string;
};

/** Where one value came from: the name of an environment variable, and the file that it named, if it named one. */
export type Source = { readonly setting: string; readonly variable: string; readonly file?: string };

const prefix = 'CROSSGATE_';
/** Says which file to read; no setting of the file itself. */
export const configFileVariable = `${prefix}CONFIG`;

let listed: readonly Setting[] | undefined;

/** Every setting, sections and lists included, in the order of the schema. */
export function settings(): readonly Setting[] {
  listed ??= [...walk(configSchema, [])];
  return listed;
}

/** JSON Schema of a configuration file. Secrets are `writeOnly`. */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      if (jsonSchema.secret !== true) return;
      delete jsonSchema.secret;
      jsonSchema.writeOnly = true;
    },
  });
  return { ...schema, title: 'Crossgate', properties: { $schema: { type: 'string' }, ...schema.properties } };
}

/** The settings as a Markdown table: leaves only, for a section says nothing that its settings don't. */
export function settingsTable(): string {
  const rows = settings()
    .filter((one) => one.type !== 'object')
    .filter((one) => !(one.path.at(-1) === '*'))
    .filter((one) => !settings().some((other) => isBelow(other, one) && other.path.at(-1) !== '*'))
    .map((one) => {
      const initial = one.required ? '**needed**' : one.default === undefined ? '' : code(one.default);
      const choices = one.choices ? ` One of ${one.choices.map((choice) => `\`${choice}\``).join(', ')}.` : '';
      const file = one.secret ? ` Secret: \`${one.variable}_FILE\` may name a file.` : '';
      const cells = [`\`${dotted(one.path)}\``, one.type, initial, `${one.description}${choices}${file}`];
      return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
    });
  return ['| setting | type | default | what it is |', '|---|---|---|---|', ...rows].join('\n');
}

/**
 * Lays the environment over a configuration file, which stays as it was.
 *
 * `cookie.renewWithin` is `CROSSGATE_COOKIE_RENEW_WITHIN`; a member of a list goes by its index
 * (`CROSSGATE_PROVIDERS_0_CLIENT_SECRET`); a whole list or section is JSON, and what lies inside it may be set besides. An
 * empty variable is the same as none. `…_FILE` names a file for a secret; one line break at its end is not part of it.
 *
 * @param file Parsed JSON; `undefined`: there is no file.
 * @param readFile Reads a file as UTF-8 and throws if it can't: nothing here knows a file system.
 * @returns What {@link parseConfig} takes.
 * @throws ConfigError that lists every mistake at once: unknown names, values of the wrong type, unreadable files. No
 *   value is quoted.
 */
export function overlayEnvironment(
  file: unknown,
  env: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string,
): unknown {
  const { value, mistakes } = layEnvironment(file, env, readFile);
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return value;
}

/** The same without throwing, so that a caller can list the mistakes of the rest as well, and say what came from where. */
export function layEnvironment(
  file: unknown,
  env: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string,
): { readonly value: unknown; readonly mistakes: readonly ConfigMistake[]; readonly sources: readonly Source[] } {
  const mistakes: ConfigMistake[] = [];
  const sources: Source[] = [];
  const say = (where: string, says: string) => mistakes.push({ where, says });
  if (file !== undefined && !isRecord(file)) return { value: file, mistakes, sources };
  const value: Record<string, unknown> = structuredClone(file ?? {});
  delete value.$schema; // editors put it there

  const found: { name: string; setting: Setting; path: (string | number)[]; text: string; file?: string }[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(prefix) || name === configFileVariable || text === undefined) continue;
    const plain = match(name);
    const named = name.endsWith('_FILE') ? match(name.slice(0, -'_FILE'.length)) : undefined;
    if (plain) {
      if (text !== '') found.push({ name, ...plain, text });
    } else if (named?.setting.secret) {
      if (text === '') continue;
      if (env[name.slice(0, -'_FILE'.length)]) {
        say(name, 'is set together with the same name without _FILE: use one');
        continue;
      }
      try {
        found.push({ name, ...named, text: readFile(text).replace(/\r?\n$/, ''), file: text });
      } catch {
        say(name, `names a file that cannot be read: ${text}`);
      }
    } else if (named) {
      say(name, 'is no secret, so it has no _FILE form');
    } else {
      const near = nearest(name);
      say(name, near ? `is not a setting. Did you mean ${near}?` : 'is not a setting');
    }
  }
  // sections before what lies in them, and members of a list in their order
  found.sort((a, b) => a.path.length - b.path.length || compare(a.path, b.path));
  for (const { name, setting, path, text, file: named } of found) {
    const coerced = coerce(setting.type, text);
    if (coerced === undefined) say(name, wrong[setting.type]);
    else {
      const problem = put(value, path, coerced);
      if (problem) say(name, problem);
      else sources.push({ setting: path.join('.'), variable: name, ...(named !== undefined && { file: named }) });
    }
  }
  return { value, mistakes, sources };
}

/** A schema as zod keeps it: what wraps another one (a default, optional) has it as `innerType`. */
type Schema = z.core.$ZodTypes;

function* walk(schema: Schema, path: readonly string[]): Generator<Setting> {
  const { description = '', secret } = z.globalRegistry.get(schema) ?? {};
  let inner = schema;
  let required = true;
  let initial: unknown;
  while (
    inner._zod.def.type === 'default' ||
    inner._zod.def.type === 'prefault' ||
    inner._zod.def.type === 'optional'
  ) {
    required = false;
    if (inner._zod.def.type === 'default') initial = inner._zod.def.defaultValue;
    inner = inner._zod.def.innerType as Schema;
  }
  const { def } = inner._zod;
  if (path.length > 0) {
    yield {
      path,
      type: types[def.type] ?? 'text',
      required,
      description,
      secret: secret === true,
      variable: prefix + path.map((key) => (key === '*' ? '<n>' : snake(key))).join('_'),
      ...(initial === undefined ? {} : { default: initial }),
      ...(def.type === 'enum' ? { choices: Object.values(def.entries).map(String) } : {}),
    };
  }
  if (def.type === 'object') {
    for (const [key, below] of Object.entries(def.shape)) yield* walk(below as Schema, [...path, key]);
  }
  if (def.type === 'array') yield* walk(def.element as Schema, [...path, '*']);
}

/** What zod's types are called here; text is what isn't named. */
const types: Readonly<Record<string, SettingType>> = {
  number: 'whole number',
  boolean: 'true or false',
  array: 'list',
  object: 'object',
  union: 'text or list',
};

const snake = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
const dotted = (path: readonly string[]): string => path.join('.').replaceAll('.*', '[]');
const code = (value: unknown): string => `\`${JSON.stringify(value)}\``;
const isBelow = (inner: Setting, outer: Setting): boolean =>
  inner.path.length > outer.path.length && outer.path.every((key, i) => key === inner.path[i]);
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Which setting a variable is for; `undefined`: none. */
function match(name: string): { setting: Setting; path: (string | number)[] } | undefined {
  for (const setting of settings()) {
    const indexes = new RegExp(`^${setting.variable.replaceAll('<n>', '(0|[1-9][0-9]{0,2})')}$`).exec(name)?.slice(1);
    if (!indexes) continue;
    return { setting, path: setting.path.map((key) => (key === '*' ? Number(indexes.shift()) : key)) };
  }
  return undefined;
}

const wrong: Readonly<Record<SettingType, string>> = {
  text: 'must be text',
  'whole number': 'must be a whole number',
  'true or false': 'must be true or false',
  list: 'must be a list in JSON, such as ["a","b"]',
  object: 'must be an object in JSON',
  'text or list': 'must be text, or a list in JSON',
};

function coerce(type: SettingType, text: string): unknown {
  switch (type) {
    case 'text':
      return text;
    case 'whole number':
      return /^-?[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
    case 'true or false':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case 'list':
      return json(text, Array.isArray);
    case 'object':
      return json(text, isRecord);
    case 'text or list':
      return text.trimStart().startsWith('[') ? json(text, Array.isArray) : text;
  }
}

function json(text: string, fits: (value: unknown) => boolean): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return fits(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Puts a value in place, making sections on the way; answers what stands in its way. */
function put(root: Record<string, unknown>, path: readonly (string | number)[], value: unknown): string | undefined {
  let at: Record<string | number, unknown> | unknown[] = root;
  for (const [i, key] of path.entries()) {
    if (Array.isArray(at) !== (typeof key === 'number'))
      return `cannot be set: ${path.slice(0, i).join('.')} is no ${typeof key === 'number' ? 'list' : 'object'}`;
    if (Array.isArray(at) && Number(key) > at.length)
      return `leaves a gap: ${path.slice(0, i).join('.')} has ${at.length} so far`;
    const holder = at as Record<string | number, unknown>;
    if (i === path.length - 1) {
      holder[key] = value;
      return undefined;
    }
    if (!Object.hasOwn(holder, key)) holder[key] = typeof path[i + 1] === 'number' ? [] : {};
    const next = holder[key];
    if (typeof next !== 'object' || next === null)
      return `cannot be set: ${path.slice(0, i + 1).join('.')} has a value`;
    at = next as typeof at;
  }
  return undefined;
}

function compare(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (const [i, key] of a.entries()) {
    const other = b[i];
    if (key === other) continue;
    if (typeof key === 'number' && typeof other === 'number') return key - other;
    return String(key) < String(other) ? -1 : 1;
  }
  return 0;
}

/** The known name that takes the fewest changes, if these are few. */
function nearest(name: string): string | undefined {
  if (name === `${configFileVariable}_FILE`) return configFileVariable;
  const indexes = name.match(/(?<=_)[0-9]+(?=_|$)/g) ?? [];
  let best: { name: string; distance: number } | undefined;
  const known = settings().flatMap((one) => (one.secret ? [one.variable, `${one.variable}_FILE`] : [one.variable]));
  for (const variable of [...known, configFileVariable]) {
    const left = [...indexes];
    const candidate = variable.replaceAll('<n>', () => left.shift() ?? '0');
    const distance = changes(name, candidate);
    if (!best || distance < best.distance) best = { name: candidate, distance };
  }
  return best && best.distance <= Math.max(2, Math.floor((name.length - prefix.length) / 4)) ? best.name : undefined;
}

/** Letters to insert, remove or replace to turn one text into the other (Levenshtein's distance). */
function changes(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
