import { cookiePattern, head } from './headers.ts';
import type { ProxySite, Reach } from './site.ts';

/** What a name may have in place of a dash, for servers that read one for the other. Caddy knows no pattern but stars. */
const marks = [..."!#$%&'*+.^_`|~"];

/** A Caddyfile (2.6 or later). */
export function caddy(site: ProxySite): string {
  const { authority, check, gatewayHost, host, identity, listen, reach, scheme, tls, upstream } = site;
  const stripped = [
    'Remote-*',
    'X-Auth-Request-*',
    'Identity-Token',
    'X-Original-*',
    'X-Rewrite-*',
    'X-Forwarded-*',
    'Forwarded',
    ...marks.map((mark) => `*${mark}*`),
  ];
  const told = identity.map((name) => `request_header ${name} {http.reverse_proxy.header.${name}}`);
  const lines = (by: number, of: readonly string[]) => of.map((line) => '\t'.repeat(by) + line).join('\n');
  return `${head(`
Caddy in front of ${host}: every request is asked about at ${site.gateway}/check first.

Put it into the Caddyfile, and name this Caddy in the gateway's check.trustedProxies.${
    listen || tls ? '' : '\nCaddy gets the certificate by itself.'
  }

- All of it stands in \`route\`: elsewhere Caddy sorts request_header behind the check, and would take away what it brought.
- forward_auth is written out. Its copy_headers of older versions leaves a client's value where the gateway sends none,
  and puts the name of the placeholder where a header is absent: so everything is taken away first, and the
  gateway always sends every header that is copied.
- Headers with anything but letters, digits and dashes in their names are dropped: servers behind may read Remote_User or
  Remote!User as Remote-User.
- Redirects, 401 in JSON, 403 and 503 are the gateway's own answers. The gateway down: 502.
- The gateway judges {uri}, and the upstream gets the same. Put no rewrite, handle_path or uri directive before it.
- A WebSocket is asked about when it opens. The upstream has to close it when the session ends.
`)}

${siteAddress(site)} {
${listen?.address ? `\tbind ${listen.address}\n` : ''}${tls ? `\ttls ${tls.certificate} ${tls.key}\n` : ''}	route {
		# nobody says of themselves who they are, or which address they asked for
${lines(
  2,
  stripped.map((name) => `request_header "-${name}"`),
)}

		# no protocol but WebSocket: what goes through an h2c connection to the upstream, nobody is asked about
		@tunnel {
			header Upgrade *
			not header_regexp Upgrade (?i)^websocket$
		}
		request_header @tunnel -Upgrade

		reverse_proxy ${to(reach)} {
			method GET
			rewrite ${check}
			header_up Host ${gatewayHost}
			header_up X-Forwarded-Method {method}
			header_up X-Forwarded-Proto ${scheme}
			header_up X-Forwarded-Host ${authority}
			header_up X-Forwarded-Uri {uri}
			# the question is no upgrade, even where the request is one
			header_up -Connection
			header_up -Upgrade
${transport(reach, gatewayHost)}
			# with check.renews: the answer to a fetch may bring a new cookie along, and is then for no cache to keep
			@renewed {
				status 2xx
				header Set-Cookie *
			}
			handle_response @renewed {
				vars crossgate_renewed {http.reverse_proxy.header.Set-Cookie}
${lines(4, told)}
				header {
					+Set-Cookie {http.vars.crossgate_renewed}
					Cache-Control "private, no-store"
					-CDN-Cache-Control
					-Cloudflare-CDN-Cache-Control
					-Surrogate-Control
					-Expires
					defer
				}
			}
			@passed status 2xx
			handle_response @passed {
${lines(4, told)}
			}
		}

		# The upstream learns who it is by headers, and can't lose a cookie that it doesn't get. Should an app verify the
		# cookie itself, take this out.
		request_header Cookie "${cookiePattern}(?:; ?)?()" "$1"
		reverse_proxy ${to(upstream)} {
			header_up Host ${authority}
			header_up X-Forwarded-Proto ${scheme}
			header_up X-Forwarded-Host ${authority}
		}
	}
}
`;
}

function siteAddress({ host, listen, scheme, tls }: ProxySite): string {
  if (!listen) return scheme === 'http' && !tls ? `http://${host}` : `https://${host}`;
  return `${tls ? 'https' : 'http'}://${host}:${listen.port}`;
}

const to = ({ scheme, address }: Reach) => (scheme === 'https' ? `https://${address}` : address);

function transport({ scheme, host }: Reach, gatewayHost: string): string {
  const name = gatewayHost.replace(/:\d+$/, '');
  return scheme === 'https' && host !== name
    ? `\t\t\ttransport http {\n\t\t\t\ttls_server_name ${name}\n\t\t\t}\n`
    : '';
}
