import { addressHeaders, cookiePattern, head, unusedIdentity } from './headers.ts';
import type { ProxySite, Reach } from './site.ts';

/** A file for nginx's `http` block (1.22 or later). */
export function nginx(site: ProxySite): string {
  const { id, scheme, authority, host, check, gatewayHost, identity, reach, upstream } = site;
  // short: nginx keeps names of variables in a table of 64 bytes a name
  const variable = (name: string) => `$sso_${['user', 'email', 'name', 'groups', 'token'][identity.indexOf(name)]}`;
  const set = (name: string, value: string) => `proxy_set_header ${name} ${value};`;
  const indent = (lines: readonly string[], by = 4) => lines.map((line) => ' '.repeat(by) + line).join('\n');
  return `${head(`
nginx in front of ${host}: every request is asked about at ${site.gateway}/check first.

Put it into /etc/nginx/conf.d/${host}.conf, and name this nginx in the gateway's check.trustedProxies.

- Who is not signed in is led to sign in if it is a page load, and told 401 in JSON if it is a fetch. auth_request can say
  neither: it knows 2xx, 401 and 403. What is more than a redirect, @${id}_answer fetches from the gateway.
- The gateway down: 5xx. Nothing reaches the upstream unasked.
- Every header that says who somebody is, or which address was asked for, is set here or taken away. Names with
  underscores or dots never get through (ignore_invalid_headers, underscores_in_headers). nginx may go by what the first
  server on the same port says of these two: let no server of yours change them.
- $request_uri is what the gateway judges and what the upstream gets, as it came. Put no path behind proxy_pass's address
  and no rewrite before it, or the two differ.
- Page loads are renewed by a redirect to the gateway and back; with check.renews, fetches by a cookie that comes with the
  check: one at most, for of two Set-Cookie lines auth_request_set keeps one. The add_header lines of the server block hand
  it on. An add_header in a location of yours would drop them, and they drop those of the http block: repeat these here.
- A WebSocket is asked about when it opens. The upstream has to close it when the session ends.
`)}

upstream ${id}_gateway {
    server ${reach.address};
    keepalive 16;
}

upstream ${id}_upstream {
    server ${upstream.address};
    keepalive 16;
}

# no protocol but WebSocket: what goes through an h2c connection to the upstream, nobody is asked about
map $http_upgrade $sso_upgrade {
    default        "";
    "~*^websocket$" websocket;
}
map $sso_upgrade $sso_connection {
    default upgrade;
    ""      "";
}

# The upstream learns who it is by headers, and can't lose a cookie that it doesn't get. Should an app verify the cookie
# itself, send it $http_cookie. One is taken out; where somebody sends more, all cookies stay here.
map $http_cookie $sso_cookie_once {
    default $http_cookie;
    "~^(?<sso_before>(?:.*?; ?)?)${cookiePattern}(?:; ?)?(?<sso_after>.*)$" $sso_before$sso_after;
}
map $sso_cookie_once $sso_cookies {
    default $sso_cookie_once;
    "~__(?:Host|Secure)-sso" "";
}

# an answer that brings somebody's renewed cookie along is for no cache to keep, whatever the upstream says of it
map $sso_renewed $sso_caching {
    default "private, no-store";
    ""      "";
}

server {
    ${listenLine(site)}
    server_name ${host};
${site.tls ? indent([`ssl_certificate ${site.tls.certificate};`, `ssl_certificate_key ${site.tls.key};`]) : indent(['# TLS ends in front of this, or name --certificate and --key'])}
    # where it is the only server, nginx would answer for any name
    if ($host != ${host}) {
        return 421;
    }
    ignore_invalid_headers on;
    underscores_in_headers off;
    client_max_body_size 0;
    add_header Set-Cookie $sso_renewed always;
    add_header Cache-Control $sso_caching always;
    add_header CDN-Cache-Control $sso_caching always;
    add_header Cloudflare-CDN-Cache-Control $sso_caching always;
    add_header Surrogate-Control $sso_caching always;

    location = /.crossgate/check {
        internal;
        proxy_pass ${reach.scheme}://${id}_gateway${check}/nginx;
        proxy_method GET;
        proxy_pass_request_body off;
        proxy_http_version 1.1;
        proxy_connect_timeout 2s;
        proxy_read_timeout 5s;
        # a cookie of 4 KB, and who it is
        proxy_buffer_size 16k;
        proxy_busy_buffers_size 16k;
        ${set('Host', gatewayHost)}
        ${set('Connection', '""')}
        ${set('Content-Length', '""')}
        ${set('X-Original-URL', `${scheme}://${authority}$request_uri`)}
        ${set('X-Original-Method', '$request_method')}${tlsTo(reach, gatewayHost)}
    }

    location / {
        set $sso_method $request_method;
        auth_request /.crossgate/check;
        auth_request_set $sso_location $upstream_http_location;
        auth_request_set $sso_renewed $upstream_http_set_cookie;
${indent(
  identity.map(
    (name) => `auth_request_set ${variable(name)} $upstream_http_${name.toLowerCase().replaceAll('-', '_')};`,
  ),
  8,
)}
        error_page 401 403 500 = @${id}_answer;

        proxy_pass ${upstream.scheme}://${id}_upstream;
        proxy_http_version 1.1;
        ${set('Host', authority)}
        ${set('Connection', `$sso_connection`)}
        ${set('Upgrade', '$sso_upgrade')}
        ${set('Cookie', `$sso_cookies`)}
        ${set('X-Forwarded-For', '$remote_addr')}
        ${set('X-Forwarded-Proto', scheme)}
        ${set('X-Forwarded-Host', authority)}
${indent(
  identity.map((name) => set(name, variable(name))),
  8,
)}
${indent(
  [...unusedIdentity(site), ...addressHeaders].map((name) => set(name, '""')),
  8,
)}${tlsTo(upstream, upstream.host)}
    }

    # what a person or a program is told: a redirect, or the gateway's own words
    location @${id}_answer {
        if ($sso_location) {
            add_header Cache-Control no-store always;
            return 302 $sso_location;
        }
        rewrite ^ ${check}? break;
        proxy_pass ${reach.scheme}://${id}_gateway;
        proxy_method GET;
        proxy_pass_request_body off;
        proxy_http_version 1.1;
        proxy_connect_timeout 2s;
        proxy_read_timeout 5s;
        ${set('Host', gatewayHost)}
        ${set('Connection', '""')}
        ${set('Content-Length', '""')}
        ${set('X-Forwarded-Method', `$sso_method`)}
        ${set('X-Forwarded-Proto', scheme)}
        ${set('X-Forwarded-Host', authority)}
        ${set('X-Forwarded-Uri', '$request_uri')}
${indent(
  identity.map((name) => `proxy_hide_header ${name};`),
  8,
)}${tlsTo(reach, gatewayHost)}
    }
}
`.replace(/\n{3,}/g, '\n\n');
}

function listenLine({ listen, tls }: ProxySite): string {
  const port = listen?.port ?? (tls ? 443 : 8080);
  return `listen ${listen?.address ? `${listen.address}:` : ''}${port}${tls ? ' ssl' : ''};`;
}

function tlsTo({ scheme }: Reach, name: string): string {
  if (scheme === 'http') return '';
  return [
    '',
    `proxy_ssl_name ${name.replace(/:\d+$/, '')};`,
    'proxy_ssl_server_name on;',
    'proxy_ssl_verify on;',
    'proxy_ssl_verify_depth 4;',
    'proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;',
  ].join('\n        ');
}
