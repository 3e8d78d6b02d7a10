import * as z from 'zod/mini';
import { client } from './client-table.ts';
import { filled, filledList, flag, host, id, list, secret, section, setting, text, whole } from './setting.ts';

const sqlName = () => text(/^[A-Za-z_][A-Za-z0-9_$]{0,62}$/, 'a column name');
const grants = 'public, signed-in, role:<name> or permission:<resource>:<action>';
const grant = () =>
  text(/^(public|signed-in|role:[A-Za-z0-9._:-]{1,64}|permission:[^\s:]{1,64}:[^\s:]{1,64})$/, grants);

/** One provider: a site at the edge has one too. */
export const provider = z.strictObject({
  id: setting(id(), 'Names the provider in URLs and in stored identities. Never change it once people have signed in.'),
  kind: setting(
    z._default(z.enum(['cognito', 'keycloak', 'openid']), 'openid'),
    '`cognito` and `keycloak` know what these do their own way: sign-out, errors, what an access token says of itself.',
  ),
  issuer: setting(z.url(), 'Issuer URL; discovery happens below it.'),
  issuerAliases: setting(
    z._default(list(z.url()), []),
    'Further issuers that tokens of the same provider may name, such as the second one that Cognito has.',
  ),
  clientId: setting(filled(), 'Client id that the provider gave the gateway.'),
  clientSecret: secret(z.optional(filled()), 'Client secret; unset for a public client.'),
  scopes: setting(z._default(list(filled()), ['openid', 'email', 'profile']), 'Scopes to ask for.'),
  triggers: setting(
    flag(),
    'Whether our pre-token-generation trigger runs there, so that `uid`, `roles` and `permissions` in its tokens count.',
  ),
  trustedEmailDomains: setting(
    z._default(list(host()), []),
    'Domains for which a verified email of this provider may link a legacy row.',
  ),
  accessTokenAudience: setting(
    z.optional(z.enum(['aud', 'azp', 'client_id'])),
    'Which claim of an access token has to name the client. Unset: `client_id` for Cognito, `azp` for Keycloak, else `aud`.',
  ),
  audiences: setting(
    z._default(list(filled()), []),
    'Further values of `aud` in access tokens that count as ours, such as the name of an API.',
  ),
  logoutUrl: setting(z.optional(z.url()), "Cognito: the hosted domain's `/logout`. Unset: found from discovery."),
});

const column = (says: string) => setting(z.optional(sqlName()), says);
const columns = {
  id: setting(z._default(sqlName(), 'id'), 'Primary key.'),
  provider: column('Provider id beside `subject`; needed with several providers.'),
  subject: column("The provider's subject. Unset: kept in `crossgate.identities`."),
  email: column('Email address.'),
  name: column('Full name.'),
  state: column('State of the account. Unset: everybody is active.'),
  createdAt: column('Set to now() at insert.'),
  updatedAt: column('Set to now() at each write.'),
};

const users = {
  table: setting(
    z.optional(text(/^[A-Za-z_][A-Za-z0-9_$]{0,62}(\.[A-Za-z_][A-Za-z0-9_$]{0,62})?$/, 'table or schema.table')),
    'Your users table. Unset: migrations make `crossgate.users`, and the mapping below is not read.',
  ),
  idType: setting(z._default(z.enum(['bigint', 'uuid', 'text']), 'uuid'), 'Type of the primary key.'),
  idDefault: setting(
    z._default(z.enum(['database', 'uuid-v7']), 'database'),
    'Who makes the id of a new row: a default of the column, or the gateway.',
  ),
  columns: section(columns, 'Column names of your table.'),
  states: section(
    {
      active: setting(
        z._default(filledList(z.string()), ['active']),
        'Values of the state column that mean active; the first is written.',
      ),
      deleted: setting(
        z._default(list(z.string()), ['deleted']),
        'Values that mean deleted. Every other value means disabled.',
      ),
    },
    'What the values of the state column mean, as text.',
  ),
  linkLegacyRows: setting(
    flag(),
    "May a row without a subject be linked by verified email, for the provider's `trustedEmailDomains`?",
  ),
};

/** One rule: a site at the edge has the like. */
export const rule = z.strictObject({
  host: setting(host(), 'Host, or `*.` and a host for every name below it.'),
  path: setting(
    z._default(z.string().check(z.startsWith('/', 'must start with "/"')), '/*'),
    'Exact path, or a prefix ending in `/*`.',
  ),
  methods: setting(z.optional(list(text(/^[A-Z]+$/, 'a method in upper case'))), 'Methods. Unset: all.'),
  allow: setting(
    z.union([grant(), filledList(grant())], { error: `must be ${grants}, or a list of these` }),
    '`public`, `signed-in`, `role:<name>` or `permission:<resource>:<action>`; in a list, any one is enough.',
  ),
});

const database = z.strictObject({
  url: secret(
    text(/^postgres(ql)?:\/\//, 'a postgres:// URL'),
    'Postgres of the users table and of the `crossgate` schema.',
  ),
  auth: setting(
    z._default(z.enum(['password', 'iam']), 'password'),
    'How to sign in there: by the password in the URL, or by a token of AWS IAM, made for each connection.',
  ),
  caFile: setting(
    z.optional(filled()),
    'File with the certificates, as PEM, by which the server is verified, its name too. Unset: TLS as the URL has it.',
  ),
  poolSize: setting(z._default(whole(1, 200), 10), 'Most connections per process.'),
  connectTimeout: setting(z._default(whole(1, 60), 3), 'Seconds to wait for a connection.'),
  statementTimeout: setting(z._default(whole(1, 60), 3), 'Seconds after which a statement is given up.'),
});

const triggers = {
  provider: setting(
    z._default(id(), 'cognito'),
    "What the gateway's configuration calls the triggers' user pool: the `id` of that provider.",
  ),
  onFailure: setting(
    z._default(z.enum(['refuse', 'degrade']), 'refuse'),
    'When the database cannot answer: refuse the token, or give one without `uid`, roles and permissions.',
  ),
  deadline: setting(
    z._default(whole(100, 4500), 3000),
    'Milliseconds after which pre-token-generation gives up; Cognito waits 5,000.',
  ),
  cacheSeconds: setting(
    z._default(whole(0, 300), 30),
    'Seconds for which a person is remembered between two tokens. 0: never.',
  ),
  claimBudget: setting(
    z._default(whole(256, 8192), 2048),
    'Most bytes that our claims may add to a token. Over it permissions, then roles, are left out and looked up.',
  ),
  queueUrl: setting(
    z.optional(z.url()),
    'SQS queue that sign-ins are sent to, for `profile-update` to write down. Unset: they are not.',
  ),
  queueDeadline: setting(
    z._default(whole(50, 4000), 700),
    'Milliseconds after which sending to the queue is given up. The sign-in goes on.',
  ),
  compensation: setting(
    z._default(z.enum(['none', 'disable', 'delete']), 'none'),
    'What happens to a pool user whose row could not be made at sign-up, so that signing up can be tried again.',
  ),
};

/** The one table of settings: parser, JSON Schema, README table and environment variables all come from it. */
export const configSchema = z.strictObject({
  publicUrl: setting(
    z.url({ protocol: /^https?$/ }),
    'URL of the gateway as browsers see it. A path (such as `/_sso`) moves every address below it.',
  ),
  environment: setting(
    z._default(text(/^[a-z0-9]{0,12}$/, 'at most 12 lower-case letters and digits'), ''),
    'Suffix of every cookie name, so that staging and production can share a parent domain.',
  ),
  cookie: section(
    {
      domain: setting(
        z.optional(host()),
        "Parent domain that the apps share. Unset: the public URL's host less its first label.",
      ),
      algorithm: setting(z._default(z.enum(['RS256', 'ES256', 'EdDSA']), 'RS256'), 'Signature of the domain cookie.'),
      lifetime: setting(z._default(whole(60, 86_400), 1800), "Life of the domain cookie's token, in seconds."),
      renewWithin: setting(z._default(whole(10), 600), 'Seconds before expiry from which on it is renewed.'),
      claims: setting(
        z._default(list(z.enum(['email', 'name', 'roles', 'permissions'])), ['email', 'name', 'roles', 'permissions']),
        'What the domain cookie carries beside the ids.',
      ),
    },
    'The cookie on the parent domain.',
  ),
  session: section(
    {
      lifetime: setting(
        z._default(whole(300, 90 * 86_400), 43_200),
        'Longest life of a session, in seconds, however often renewed.',
      ),
      providerRefreshAfter: setting(
        z._default(whole(60), 3600),
        'A renewal asks the provider again when it was last asked this many seconds ago.',
      ),
      outageLifetime: setting(
        z._default(whole(60), 300),
        'Life of a domain cookie renewed while provider or database are down, in seconds.',
      ),
      outageLimit: setting(z._default(whole(0), 3600), 'For how long such renewals go on, in seconds.'),
      store: setting(
        z._default(z.enum(['shared', 'none']), 'shared'),
        '`none`: nothing is kept of sessions but their cookies. No hand-off, frame, FedCM, list of sessions or revocation then.',
      ),
    },
    "The gateway's session.",
  ),
  keys: secret(filled(), 'Key file as JSON, made by `crossgate keys generate`.'),
  providers: setting(filledList(provider), 'Who signs people in. The first is the default.'),
  database: setting(database, 'Postgres.'),
  users: section(users, 'Where the people are.'),
  clients: setting(z._default(list(client), []), 'The apps.'),
  rules: setting(
    z._default(list(rule), []),
    'What `/check` lets through: the first rule that matches decides, and no match is a refusal.',
  ),
  check: section(
    {
      headers: setting(
        z._default(z.enum(['remote', 'x-auth-request']), 'remote'),
        'Names of the identity headers: `Remote-User`… or `X-Auth-Request-User`….',
      ),
      identityJwt: setting(flag(), 'Add `Identity-Token`, a signed JWT for the upstream, at most 5 minutes old.'),
      trustedProxies: setting(
        z._default(list(filled()), []),
        'Addresses or CIDR ranges whose forwarded headers count at `/check`. Nobody by default.',
      ),
      renews: setting(
        flag(),
        'Renew the cookie of pages that only fetch, too: by what the store says of its session, without the host session.',
      ),
    },
    'Forward-auth.',
  ),
  triggers: section(triggers, 'The Cognito Lambda triggers.'),
  listen: section(
    {
      host: setting(z._default(filled(), '127.0.0.1'), 'Address to listen on.'),
      port: setting(z._default(whole(0, 65_535), 4180), 'Port to listen on.'),
    },
    'The Node runtime.',
  ),
  log: section(
    {
      level: setting(
        z._default(z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']), 'info'),
        'Least level that is written.',
      ),
    },
    'Logs: one line of JSON an event.',
  ),
});
