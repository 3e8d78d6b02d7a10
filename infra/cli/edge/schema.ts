import * as z from 'zod/mini';
import { provider, rule } from '../../../shared/config-table.ts';
import { filled, filledList, host, id, list, text, whole } from '../../../shared/setting.ts';

const path = () =>
  text(
    /^(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$/,
    'a path that starts with "/", of plain characters, without one at its end',
  );
const headerValue = () => z.string().check(z.regex(/^[\x20-\x7e]+$/, 'must be printable ASCII'));

const shared = {
  /** What may be asked for by whom; `host` defaults to every site. */
  rules: z._default(filledList(z.extend(rule, { host: z.optional(host()) })), [{ path: '/*', allow: 'signed-in' }]),
  /** Names of the headers that tell the origin who it is. */
  identityHeaders: z._default(z.enum(['remote', 'x-auth-request']), 'remote'),
  /** Seconds before expiry from which on page loads renew. */
  renewWithin: z._default(whole(10), 600),
  /** What http_headers sets, before our own defaults: of each header the first rule that matches and names it decides. */
  headers: z._default(
    list(
      z.strictObject({
        path: z._default(z.string().check(z.startsWith('/', 'must start with "/"')), '/*'),
        set: z.record(z.string(), z.nullable(headerValue())),
        override: z._default(z.boolean(), false),
      }),
    ),
    [],
  ),
};

const behindGateway = z.strictObject({
  shape: z.literal('gateway'),
  /** Public URL of the gateway. */
  gateway: z.url({ protocol: /^https?$/ }),
  /** As the gateway's `environment`. */
  environment: z._default(text(/^[a-z0-9]{0,12}$/, 'at most 12 lower-case letters and digits'), ''),
  /** As the gateway's `cookie.domain`. */
  cookieDomain: z.optional(host()),
  /** Origins that the distribution answers for. */
  sites: filledList(z.url({ protocol: /^https?$/ })),
  /** The gateway's public keys; unset: fetched from it now. */
  jwksFile: z.optional(filled()),
  paths: z.prefault(z.strictObject({ signOut: z._default(path(), '/_sso/sign-out') }), {}),
  ...shared,
});

const standalone = z.strictObject({
  shape: z.literal('standalone'),
  /** Origin. */
  site: z.url({ protocol: /^https?$/ }),
  /** Made by `crossgate keys generate --for edge`. */
  keysFile: filled(),
  provider: z.extend(z.omit(provider, { clientSecret: true, trustedEmailDomains: true }), {
    id: z._default(id(), 'site'),
    /** Unset for a public client. */
    clientSecretFile: z.optional(filled()),
    /** Claim of the ID token whose texts are roles, such as `cognito:groups`. */
    rolesClaim: z.optional(filled()),
  }),
  session: z.prefault(
    z.strictObject({
      lifetime: z._default(whole(300, 90 * 86_400), 43_200),
      cookieLifetime: z._default(whole(60, 86_400), 1800),
      outageLifetime: z._default(whole(60), 300),
      outageLimit: z._default(whole(0), 3600),
    }),
    {},
  ),
  paths: z.prefault(
    z.strictObject({
      callback: z._default(path(), '/_sso/callback'),
      refresh: z._default(path(), '/_sso/refresh'),
      signOut: z._default(path(), '/_sso/sign-out'),
      signedOut: z._default(path(), '/_sso/signed-out'),
    }),
    {},
  ),
  ...shared,
});

/** `edge.json`, in one of its two shapes. */
export const edgeSchemas = { gateway: behindGateway, standalone };

export type GatewayEdgeConfig = z.infer<typeof behindGateway>;
export type StandaloneEdgeConfig = z.infer<typeof standalone>;
export type EdgeConfig = GatewayEdgeConfig | StandaloneEdgeConfig;
