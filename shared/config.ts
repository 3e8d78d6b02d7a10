import type * as z from 'zod/mini';
import { findClientMistakes, isSecure } from './client-table.ts';
import { configSchema } from './config-table.ts';
import { SsoError } from './errors.ts';
import { isLoopback } from './loopback.ts';
import { isAddress, whyNoParentDomain } from './parent-domain.ts';
import { findUpstreamMistakes } from './upstream-table.ts';

export { configSchema };

/** The configuration, checked and with every default filled in. */
export type Config = z.infer<typeof configSchema> & { readonly cookie: { readonly domain: string } };
export type ProviderConfig = Config['providers'][number];
export type ClientConfig = Config['clients'][number];
export type RuleConfig = Config['rules'][number];
export type UsersConfig = Config['users'];

/** Sections that mean the same without the rest. */
export type ConfigSection = 'session' | 'providers' | 'database' | 'users' | 'triggers' | 'listen' | 'log';

/** A mistake in the configuration: where, and what to do. */
export type ConfigMistake = { readonly where: string; readonly says: string };

/** All mistakes of one configuration. Values of secrets are never quoted. */
export class ConfigError extends SsoError {
  readonly mistakes: readonly ConfigMistake[];

  constructor(mistakes: readonly ConfigMistake[]) {
    super('config_invalid', mistakes.map((mistake) => `${mistake.where}: ${mistake.says}`).join('; '));
    this.mistakes = mistakes;
  }
}

/**
 * Checks a configuration.
 *
 * @param input What a configuration file says, as parsed JSON. Settings from the environment are laid over it before
 *   (`environment.ts`).
 * @throws ConfigError that lists every mistake at once, unknown keys included.
 */
export function parseConfig(input: unknown): Config {
  const parsed = configSchema.safeParse(input, { reportInput: true });
  if (!parsed.success) {
    throw new ConfigError([...parsed.error.issues.flatMap((issue) => explain(issue)), ...crossCheckSound(input)]);
  }
  const config = complete(parsed.data);
  const mistakes = crossCheck(config);
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return config;
}

function complete(data: z.infer<typeof configSchema>): Config {
  // as issuer and as the start of every address it is compared letter by letter
  const publicUrl = new URL(data.publicUrl).href.replace(/\/+$/, '');
  const domain = data.cookie.domain ?? parentOf(new URL(publicUrl).hostname);
  return { ...data, publicUrl, cookie: { ...data.cookie, domain } };
}

/** Cross-checks the sections that are well-formed by themselves, so that one round of mending is enough. */
function crossCheckSound(input: unknown): ConfigMistake[] {
  if (!isRecord(input)) return [];
  const standIn: Record<string, unknown> = { keys: '{}', database: { url: 'postgres://unread' } };
  for (const [key, schema] of Object.entries(configSchema.shape)) {
    if (input[key] !== undefined && schema.safeParse(input[key]).success) standIn[key] = input[key];
  }
  const sound = configSchema.safeParse(standIn);
  return sound.success ? crossCheck(complete(sound.data)) : [];
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Checks some sections alone, whatever the others say or lack: migrations and triggers need no providers or keys.
 * Unknown names at the top are still mistakes. What lies between sections is not checked.
 *
 * @throws ConfigError that lists every mistake in these sections.
 */
export function parseConfigPart<Section extends ConfigSection>(
  input: unknown,
  sections: readonly Section[],
): Pick<Config, Section> {
  const all = input === undefined ? {} : input;
  if (!isRecord(all)) throw new ConfigError([{ where: '(top level)', says: 'must be an object' }]);
  const mistakes: ConfigMistake[] = Object.keys(all)
    .filter((key) => !Object.hasOwn(configSchema.shape, key))
    .map((where) => ({ where, says: 'is not a setting' }));
  const part: Record<string, unknown> = {};
  for (const section of sections) {
    const parsed = configSchema.shape[section].safeParse(all[section], { reportInput: true });
    if (parsed.success) part[section] = parsed.data;
    else mistakes.push(...parsed.error.issues.flatMap((issue) => explain(issue, section)));
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return part as Pick<Config, Section>;
}

/** An address has no parent: it is kept whole, and refused by name below. */
function parentOf(hostname: string): string {
  return isAddress(hostname) ? hostname : hostname.replace(/^[^.]+\./, '');
}

/**
 * A mistake that a schema found, in words that never quote the value.
 *
 * @param section What the schema's own path is below.
 */
export function explain(issue: z.core.$ZodIssue, ...section: string[]): ConfigMistake[] {
  const path = [...section, ...issue.path];
  const where = path.join('.') || '(top level)';
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ where: [...path, key].join('.'), says: 'is not a setting' }));
  }
  if (issue.input === undefined && path.length > 0) return [{ where, says: 'is missing' }];
  return [{ where, says: inWords(issue) }];
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

/** Never quotes the value: it may be a secret. */
function inWords(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${kinds[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `must be at least ${issue.minimum}`
        : 'must not be empty';
    case 'too_big':
      return issue.origin === 'string'
        ? `must have at most ${issue.maximum} characters`
        : `must be at most ${issue.maximum}`;
    case 'invalid_value':
      return `must be one of ${issue.values.join(', ')}`;
    case 'invalid_format':
      return issue.format === 'url' ? 'must be a URL' : issue.message.replace(/^Invalid string: /, '');
    default:
      return issue.message;
  }
}

/** What no single setting can know. */
function crossCheck(config: Config): ConfigMistake[] {
  const mistakes: ConfigMistake[] = [];
  const say = (where: string, says: string) => mistakes.push({ where, says });
  const publicUrl = new URL(config.publicUrl);
  const { domain } = config.cookie;

  if (publicUrl.protocol === 'http:' && !isLoopback(publicUrl.hostname))
    say('publicUrl', 'must be https (http only on localhost)');
  if (publicUrl.search || publicUrl.hash || publicUrl.username || publicUrl.password)
    say('publicUrl', 'must have no query, fragment or user');
  if (domain.startsWith('*.')) say('cookie.domain', 'is a domain, not a pattern');
  if (publicUrl.hostname !== domain && !publicUrl.hostname.endsWith(`.${domain}`)) {
    say('cookie.domain', `must be ${publicUrl.hostname} or a parent of it`);
  }
  const unfit = whyNoParentDomain(domain);
  if (unfit) say('cookie.domain', unfit);
  if (config.cookie.renewWithin >= config.cookie.lifetime)
    say('cookie.renewWithin', 'must be less than cookie.lifetime');

  const secure = (where: string, url: string) => {
    if (!isSecure(url, publicUrl)) say(where, 'must be https (http only on localhost)');
  };
  unique(config.providers, 'providers', say);
  unique(config.clients, 'clients', say);
  config.providers.forEach((one, i) => {
    secure(`providers.${i}.issuer`, one.issuer);
    one.issuerAliases.forEach((alias, j) => {
      secure(`providers.${i}.issuerAliases.${j}`, alias);
      const owner = config.providers.find(({ issuer, issuerAliases }) => [issuer, ...issuerAliases].includes(alias));
      if (owner && owner !== one) say(`providers.${i}.issuerAliases.${j}`, `is also an issuer of ${owner.id}`);
    });
    if (one.logoutUrl) secure(`providers.${i}.logoutUrl`, one.logoutUrl);
    if (!one.scopes.includes('openid')) say(`providers.${i}.scopes`, 'must contain openid');
  });
  findClientMistakes(config.clients, secure, say);
  if (config.session.store === 'none') {
    if (config.check.renews) say('check.renews', 'needs the store: session.store is none');
    config.clients.forEach(({ redirectUris }, i) => {
      if (redirectUris.length > 0) say(`clients.${i}.redirectUris`, 'is of no use while session.store is none');
    });
  }
  const ruled = config.rules.map(({ host }) => host);
  findUpstreamMistakes(config.clients, { publicUrl, listen: config.listen, ruled }, say);
  config.rules.forEach((one, i) => {
    const bare = one.host.replace(/^\*\./, '');
    if (bare !== domain && !bare.endsWith(`.${domain}`))
      say(`rules.${i}.host`, `is not below ${domain}, where no sign-in reaches it`);
    if (one.path.slice(0, -1).includes('*')) say(`rules.${i}.path`, 'may have * only as its last character, after /');
    if (one.path.endsWith('*') && !one.path.endsWith('/*'))
      say(`rules.${i}.path`, 'may have * only as its last character, after /');
  });
  if (config.providers.some((one) => one.triggers && one.id !== config.triggers.provider)) {
    say('triggers.provider', 'must be the id of the provider that has triggers');
  }
  const { columns: mapped, table } = config.users;
  if (table && mapped.subject && !mapped.provider && config.providers.length > 1) {
    say('users.columns.provider', 'is needed beside users.columns.subject with several providers');
  }
  if (table && mapped.provider && !mapped.subject)
    say('users.columns.subject', 'is needed beside users.columns.provider');
  if (table && config.users.linkLegacyRows && !mapped.email)
    say('users.columns.email', 'is needed by users.linkLegacyRows');
  return mistakes;
}

function unique(
  list: readonly { readonly id: string }[],
  where: string,
  say: (where: string, says: string) => void,
): void {
  list.forEach((one, i) => {
    if (list.findIndex((other) => other.id === one.id) !== i) say(`${where}.${i}.id`, `${one.id} is there twice`);
  });
}
