import { addressAliasPattern, addressHeaders, asked, head, identityPattern } from './headers.ts';
import type { ProxySite } from './site.ts';
import { yaml } from './yaml.ts';

/** A file for Traefik's file provider (3.1.3 or later). */
export function traefik(site: ProxySite): string {
  const { check, cookie, host, id, reach, tls, upstream } = site;
  const comment = head(`
Traefik in front of ${host}: every request is asked about at ${site.gateway}/check first.

Put it into the folder of Traefik's file provider, and name this Traefik in the gateway's check.trustedProxies. The entry
point is ${entryPoint(site)}: it has to be the only way in, and must not have forwardedHeaders.insecure. Traefik before 3.1.3
lets clients take away what it sets, by naming it in Connection.

- trustForwardHeader is off, so Traefik writes X-Forwarded-Method, -Proto, -Host and -Uri itself. It goes by its own
  connection for the scheme: TLS has to end here${tls ? '' : ', by a certificate resolver or `tls` of the file provider'}.
- authResponseHeadersRegex takes every header that it matches away from the request before it copies the gateway's:
  identity headers in every spelling (X_Auth.Request~User), and those that name an address, less what Traefik sets itself.
- For other headers that your middlewares set, give the entry point aliasHeadersStrategy: delete (Traefik 3.7.12).
- Redirects, 401 in JSON, 403 and 503 are the gateway's own answers. The gateway down: 500.
- Traefik hands any upgrade on. What goes through an h2c connection to the app nobody is asked about, so the rule refuses it.
- Another router to the same service without these middlewares is an open door.
- check.renews works with \`addAuthCookiesToResponse: [${cookie}]\` in forwardAuth. It isn't there because Traefik can't
  forbid caches to keep such an answer: add it where no cache of others stands in front.
- Traefik can't take single cookies out: the app gets the domain cookie. Keep it out of its logs.
- A WebSocket is asked about when it opens. The upstream has to close it when the session ends.
`);
  const config = yaml({
    http: {
      routers: {
        [id]: {
          rule: `Host(\`${host}\`) && !HeaderRegexp(\`Upgrade\`, \`(?i)h2c\`)`,
          entryPoints: [entryPoint(site)],
          middlewares: [`${id}-addresses`, `${id}-crossgate`],
          service: id,
          ...(site.scheme === 'https' ? { tls: {} } : {}),
        },
      },
      middlewares: {
        [`${id}-addresses`]: { headers: { customRequestHeaders: withoutAddresses } },
        [`${id}-crossgate`]: {
          forwardAuth: {
            address: `${reach.origin}${check}`,
            trustForwardHeader: false,
            authRequestHeaders: [...asked],
            authResponseHeadersRegex: `(?i)${identityPattern}|${addressAliasPattern}`,
          },
        },
      },
      services: {
        [id]: { loadBalancer: { passHostHeader: true, servers: [{ url: upstream.origin }] } },
      },
    },
    ...(tls ? { tls: { certificates: [{ certFile: tls.certificate, keyFile: tls.key }] } } : {}),
  });
  return `${comment}\n\n${config}`;
}

const entryPoint = ({ scheme }: ProxySite) => (scheme === 'https' ? 'websecure' : 'web');

/**
 * An empty value takes a header away. Host, proto and port Traefik sets for itself; its entry point takes away what else
 * is called `X-Forwarded-…` from whoever it does not trust.
 */
const withoutAddresses: Readonly<Record<string, string>> = Object.fromEntries(
  addressHeaders
    .filter((name) => name !== 'X-Forwarded-Port' && name !== 'X-Forwarded-Server')
    .map((name) => [name, '']),
);
