import * as z from 'zod';
import { SsoError } from './errors.ts';
import { isLoopback } from './loopback.ts';
import { isAddress, whyNoParentDomain } from './parent-domain.ts';

/** A string of one form; `what` completes "must be …". */
const name = (pattern: RegExp, what: string) => z.string().regex(pattern, `must be ${what}`);
const secret = <T extends z.ZodType>(schema: T) => schema.meta({ ...schema.meta(), secret: true });

const id = name(/^[a-z0-9][a-z0-9-]{0,31}$/, 'lower-case letters, digits and dashes, at most 32');
const host = name(
  /^(\*\.)?([a-z0-9_]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
  'a host name in lower case',
);
const sqlName = name(/^[A-Za-z_][A-Za-z0-9_$]{0,62}$/, 'a column name');
const grants = 'public, signed-in, role:<name> or permission:<resource>:<action>';
const grant = name(/^(public|signed-in|role:[A-Za-z0-9._:-]{1,64}|permission:[^\s:]{1,64}:[^\s:]{1,64})$/, grants);

const provider = z.strictObject({
  id: id.describe('Names the provider in URLs and in stored identities. Never change it once people have signed in.'),
  kind: z
    .enum(['cognito', 'openid'])
    .default('openid')
    .describe('`cognito` knows what Cognito does its own way: its logout, its errors.'),
  issuer: z.url().describe('Issuer URL; discovery happens below it.'),
  clientId: z.string().min(1).describe('Client id that the provider gave the gateway.'),
  clientSecret: secret(z.string().min(1).optional().describe('Client secret; unset for a public client.')),
  scopes: z.array(z.string().min(1)).default(['openid', 'email', 'profile']).describe('Scopes to ask for.'),
  triggers: z
    .boolean()
    .default(false)
    .describe(
      'Whether our pre-token-generation trigger runs there, so that `uid`, `roles` and `permissions` in its tokens count.',
    ),
  trustedEmailDomains: z
    .array(host)
    .default([])
    .describe('Domains for which a verified email of this provider may link a legacy row.'),
  logoutUrl: z.url().optional().describe("Cognito: the hosted domain's `/logout`. Unset: found from discovery."),
});

const columns = z.strictObject({
  id: sqlName.default('id').describe('Primary key.'),
  provider: sqlName.optional().describe('Provider id beside `subject`; needed with several providers.'),
  subject: sqlName.optional().describe("The provider's subject. Unset: kept in `crossgate.identities`."),
  email: sqlName.optional().describe('Email address.'),
  name: sqlName.optional().describe('Full name.'),
  state: sqlName.optional().describe('State of the account. Unset: everybody is active.'),
  createdAt: sqlName.optional().describe('Set to now() at insert.'),
  updatedAt: sqlName.optional().describe('Set to now() at each write.'),
});

const users = z.strictObject({
  table: name(/^[A-Za-z_][A-Za-z0-9_$]{0,62}(\.[A-Za-z_][A-Za-z0-9_$]{0,62})?$/, 'table or schema.table')
    .optional()
    .describe('Your users table. Unset: migrations make `crossgate.users`, and the mapping below is not read.'),
  idType: z.enum(['bigint', 'uuid', 'text']).default('uuid').describe('Type of the primary key.'),
  idDefault: z
    .enum(['database', 'uuid-v7'])
    .default('database')
    .describe('Who makes the id of a new row: a default of the column, or the gateway.'),
  columns: columns.prefault({}).describe('Column names of your table.'),
  states: z
    .strictObject({
      active: z
        .array(z.string())
        .min(1)
        .default(['active'])
        .describe('Values of the state column that mean active; the first is written.'),
      deleted: z
        .array(z.string())
        .default(['deleted'])
        .describe('Values that mean deleted. Every other value means disabled.'),
    })
    .prefault({})
    .describe('What the values of the state column mean, as text.'),
  linkLegacyRows: z
    .boolean()
    .default(false)
    .describe("May a row without a subject be linked by verified email, for the provider's `trustedEmailDomains`?"),
});

const client = z.strictObject({
  id: id.describe('Names the app.'),
  name: z.string().min(1).max(60).describe('What people read.'),
  home: z.url().describe('Where the app starts; the signed-in page links there.'),
  origins: z.array(z.url()).min(1).describe('Origins of the app.'),
});

const rule = z.strictObject({
  host: host.describe('Host, or `*.` and a host for every name below it.'),
  path: z.string().startsWith('/').default('/*').describe('Exact path, or a prefix ending in `/*`.'),
  methods: z
    .array(name(/^[A-Z]+$/, 'a method in upper case'))
    .optional()
    .describe('Methods. Unset: all.'),
  allow: z
    .union([grant, z.array(grant).min(1)], { error: `must be ${grants}, or a list of these` })
    .describe(
      '`public`, `signed-in`, `role:<name>` or `permission:<resource>:<action>`; in a list, any one is enough.',
    ),
});

/** The one table of settings: parser, JSON Schema, README table and environment variables all come from it. */
export const configSchema = z.strictObject({
  publicUrl: z
    .url({ protocol: /^https?$/ })
    .describe('URL of the gateway as browsers see it. A path (such as `/_sso`) moves every address below it.'),
  environment: name(/^[a-z0-9]{0,12}$/, 'at most 12 lower-case letters and digits')
    .default('')
    .describe('Suffix of every cookie name, so that staging and production can share a parent domain.'),
  cookie: z
    .strictObject({
      domain: host
        .optional()
        .describe("Parent domain that the apps share. Unset: the public URL's host less its first label."),
      algorithm: z.enum(['RS256', 'ES256', 'EdDSA']).default('RS256').describe('Signature of the domain cookie.'),
      lifetime: z.int().min(60).max(86_400).default(1800).describe("Life of the domain cookie's token, in seconds."),
      renewWithin: z.int().min(10).default(600).describe('Seconds before expiry from which on it is renewed.'),
      claims: z
        .array(z.enum(['email', 'name', 'roles', 'permissions']))
        .default(['email', 'name', 'roles', 'permissions'])
        .describe('What the domain cookie carries beside the ids.'),
    })
    .prefault({})
    .describe('The cookie on the parent domain.'),
  session: z
    .strictObject({
      lifetime: z
        .int()
        .min(300)
        .max(90 * 86_400)
        .default(43_200)
        .describe('Longest life of a session, in seconds, however often renewed.'),
      providerRefreshAfter: z
        .int()
        .min(60)
        .default(3600)
        .describe('A renewal asks the provider again when it was last asked this many seconds ago.'),
      outageLifetime: z
        .int()
        .min(60)
        .default(300)
        .describe('Life of a domain cookie renewed while provider or database are down, in seconds.'),
      outageLimit: z.int().min(0).default(3600).describe('For how long such renewals go on, in seconds.'),
    })
    .prefault({})
    .describe("The gateway's session."),
  keys: secret(z.string().min(1).describe('Key file as JSON, made by `crossgate keys generate`.')),
  providers: z.array(provider).min(1).describe('Who signs people in. The first is the default.'),
  database: z
    .strictObject({
      url: secret(
        z
          .string()
          .regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL')
          .describe('Postgres of the users table and of the `crossgate` schema.'),
      ),
      poolSize: z.int().min(1).max(200).default(10).describe('Most connections per process.'),
      connectTimeout: z.int().min(1).max(60).default(3).describe('Seconds to wait for a connection.'),
      statementTimeout: z.int().min(1).max(60).default(3).describe('Seconds after which a statement is given up.'),
    })
    .describe('Postgres.'),
  users: users.prefault({}).describe('Where the people are.'),
  clients: z.array(client).default([]).describe('The apps.'),
  rules: z
    .array(rule)
    .default([])
    .describe('What `/check` lets through: the first rule that matches decides, and no match is a refusal.'),
  check: z
    .strictObject({
      headers: z
        .enum(['remote', 'x-auth-request'])
        .default('remote')
        .describe('Names of the identity headers: `Remote-User`… or `X-Auth-Request-User`….'),
      identityJwt: z
        .boolean()
        .default(false)
        .describe('Add `Identity-Token`, a signed JWT for the upstream, at most 5 minutes old.'),
      trustedProxies: z
        .array(z.string().min(1))
        .default([])
        .describe('Addresses or CIDR ranges whose `X-Forwarded-*` headers count. Nobody by default.'),
    })
    .prefault({})
    .describe('Forward-auth.'),
  triggers: z
    .strictObject({
      provider: id
        .default('cognito')
        .describe("What the gateway's configuration calls the triggers' user pool: the `id` of that provider."),
      onFailure: z
        .enum(['refuse', 'degrade'])
        .default('refuse')
        .describe(
          'When the database cannot answer: refuse the token, or give one without `uid`, roles and permissions.',
        ),
      deadline: z
        .int()
        .min(100)
        .max(4500)
        .default(3000)
        .describe('Milliseconds after which pre-token-generation gives up; Cognito waits 5,000.'),
      cacheSeconds: z
        .int()
        .min(0)
        .max(300)
        .default(30)
        .describe('Seconds for which a person is remembered between two tokens. 0: never.'),
      claimBudget: z
        .int()
        .min(256)
        .max(8192)
        .default(2048)
        .describe('Most bytes that our claims may add to a token. Over it permissions are left out and looked up.'),
      queueUrl: z
        .url()
        .optional()
        .describe('SQS queue that sign-ins are sent to, for `profile-update` to write down. Unset: they are not.'),
      queueDeadline: z
        .int()
        .min(50)
        .max(4000)
        .default(700)
        .describe('Milliseconds after which sending to the queue is given up. The sign-in goes on.'),
      compensation: z
        .enum(['none', 'disable', 'delete'])
        .default('none')
        .describe(
          'What happens to a pool user whose row could not be made at sign-up, so that signing up can be tried again.',
        ),
    })
    .prefault({})
    .describe('The Cognito Lambda triggers.'),
  listen: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
      port: z.int().min(0).max(65_535).default(4180).describe('Port to listen on.'),
    })
    .prefault({})
    .describe('The Node runtime.'),
  log: z
    .strictObject({
      level: z
        .enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent'])
        .default('info')
        .describe('Least level that is written.'),
    })
    .prefault({})
    .describe('Logs: one line of JSON an event.'),
});

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

function explain(issue: z.core.$ZodIssue, ...section: string[]): ConfigMistake[] {
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
    const { protocol, hostname } = new URL(url);
    if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback(hostname) && isLoopback(publicUrl.hostname))) {
      say(where, 'must be https (http only on localhost)');
    }
  };
  unique(config.providers, 'providers', say);
  unique(config.clients, 'clients', say);
  config.providers.forEach((one, i) => {
    secure(`providers.${i}.issuer`, one.issuer);
    if (one.logoutUrl) secure(`providers.${i}.logoutUrl`, one.logoutUrl);
    if (!one.scopes.includes('openid')) say(`providers.${i}.scopes`, 'must contain openid');
  });
  config.clients.forEach((one, i) => {
    secure(`clients.${i}.home`, one.home);
    one.origins.forEach((origin, j) => {
      const where = `clients.${i}.origins.${j}`;
      secure(where, origin);
      const exact = new URL(origin).origin;
      if (exact !== origin && exact !== 'null') say(where, `must be an origin, such as ${exact}`);
      const owner = config.clients.find((other) => other.origins.includes(origin));
      if (owner && owner !== one) say(where, `is also an origin of ${owner.id}`);
    });
  });
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
