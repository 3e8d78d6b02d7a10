import { addressHeaders, asked, head } from './headers.ts';
import type { ProxySite, Reach } from './site.ts';
import { type Yaml, yaml } from './yaml.ts';

const filters = 'type.googleapis.com/envoy.extensions.filters';

/** The whole configuration of an Envoy (1.28 or later). */
export function envoy(site: ProxySite): string {
  const { host, id, listen, tls } = site;
  const comment = head(`
Envoy in front of ${host}: every request is asked about at ${site.gateway}/check/envoy first.

Start it with \`envoy -c\`, and name this Envoy in the gateway's check.trustedProxies.

- ext_authz asks with the request's own method, path and Host: the gateway's address (--gateway-address) must lead to the
  gateway itself, not to something that goes by host names.
- It lets through on 200 alone. Redirects, 401 in JSON and 403 are the gateway's own answers, with their headers: a list
  in allowed_client_headers would cut some of them off. The gateway down, or at a loss (5xx): Envoy's own 503
  (failure_mode_allow stays false).
- X-Forwarded-Proto is said here, never taken from the request.
- Identity headers are taken away before the question, in every spelling. request_headers_to_remove of a route would come
  after it, and take away what the gateway said.
- No address counts as internal (internal_address_config): older Envoys let private ones set x-envoy-… headers, timeouts and
  retries among them.
- Encoded slashes are refused, and dot segments resolved, before the gateway judges and the upstream reads.
- With check.renews, the answer to a fetch may bring a new cookie along (allowed_client_headers_on_success).
- upgrade_configs names WebSocket alone: what goes through an h2c connection to the upstream, nobody is asked about.
- A WebSocket is asked about when it opens. The upstream has to close it when the session ends.
`);
  return `${comment}\n\n${yaml({
    static_resources: {
      listeners: [
        {
          name: id,
          address: socket(listen?.address ?? '0.0.0.0', listen?.port ?? (tls ? 8443 : 8080)),
          per_connection_buffer_limit_bytes: bufferLimit,
          filter_chains: [
            {
              ...(tls ? { transport_socket: downstreamTls(tls) } : {}),
              filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager(site) }],
            },
          ],
        },
      ],
      clusters: [cluster(`${id}_gateway`, site.reach), cluster(`${id}_upstream`, site.upstream)],
    },
  })}`;
}

function manager(site: ProxySite): Yaml {
  const { authority, check, host, id, identity, reach, scheme } = site;
  return {
    '@type': `${filters}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: id,
    use_remote_address: true,
    internal_address_config: {},
    normalize_path: true,
    merge_slashes: false,
    path_with_escaped_slashes_action: 'REJECT_REQUEST',
    common_http_protocol_options: { headers_with_underscores_action: 'DROP_HEADER' },
    http2_protocol_options: {
      max_concurrent_streams: 100,
      initial_stream_window_size: 65_536,
      initial_connection_window_size: 1_048_576,
    },
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    route_config: {
      virtual_hosts: [
        {
          name: id,
          domains: [host, `${host}:*`],
          routes: [
            {
              match: { prefix: '/' },
              route: { cluster: `${id}_upstream`, timeout: '0s' },
              request_headers_to_remove: [...addressHeaders],
              request_headers_to_add: [
                ['X-Forwarded-Host', authority],
                ['X-Forwarded-Proto', scheme],
              ].map(([key = '', value = '']) => ({
                header: { key, value },
                append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
              })),
            },
          ],
        },
      ],
    },
    http_filters: [
      filter('lua', 'Lua', { default_source_code: { inline_string: withoutIdentity } }, 'crossgate.identity'),
      filter('ext_authz', 'ExtAuthz', {
        transport_api_version: 'V3',
        failure_mode_allow: false,
        status_on_error: { code: 'ServiceUnavailable' },
        allowed_headers: { patterns: asked.map((exact) => ({ exact })) },
        http_service: {
          path_prefix: `${check}/envoy`,
          server_uri: { uri: reach.origin, cluster: `${id}_gateway`, timeout: '5s' },
          authorization_request: { headers_to_add: [{ key: 'X-Forwarded-Proto', value: scheme }] },
          authorization_response: {
            allowed_upstream_headers: { patterns: identity.map((name) => ({ exact: name.toLowerCase() })) },
            allowed_client_headers_on_success: { patterns: [{ exact: 'set-cookie' }] },
          },
        },
      }),
      filter('lua', 'Lua', { default_source_code: { inline_string: withoutCookies } }, 'crossgate.cookies'),
      filter('router', 'Router', {}),
    ],
  };
}

/** As Envoy's documentation has it for the edge; without them a client decides how much Envoy keeps for it. */
const bufferLimit = 32_768;

const withoutIdentity = `-- Nobody says of themselves who they are: any spelling of an identity header goes. So does any odd spelling of one that
-- names an address: the route takes away those that are spelt right.
local addresses = { "^x%-forwarded%-", "^x%-original%-", "^x%-rewrite%-" }
function envoy_on_request(handle)
  local headers = handle:headers()
  local found = {}
  for name in pairs(headers) do
    local lower = name:lower()
    local plain = lower:gsub("[^a-z0-9]", "-")
    local gone = plain:find("^remote%-") or plain:find("^x%-auth%-request%-") or plain == "identity-token"
    for _, address in ipairs(addresses) do gone = gone or (plain ~= lower and plain:find(address)) end
    if gone then found[#found + 1] = name end
  end
  for _, name in ipairs(found) do headers:remove(name) end
end
-- An answer that brings somebody's renewed cookie along is for no cache to keep, whatever the upstream says of it. The
-- first filter sees answers last, with what ext_authz has added.
function envoy_on_response(handle)
  local headers = handle:headers()
  local renewed = false
  for name, value in pairs(headers) do
    renewed = renewed or (name == "set-cookie" and value:find("^__Secure%-sso") ~= nil)
  end
  if not renewed then return end
  for _, name in ipairs({ "cdn-cache-control", "cloudflare-cdn-cache-control", "surrogate-control", "expires" }) do headers:remove(name) end
  headers:replace("cache-control", "private, no-store")
end`;

const withoutCookies = `-- The upstream learns who it is by headers, and can't lose a cookie that it doesn't get. Should an app verify the
-- cookie itself, take this filter out.
function envoy_on_request(handle)
  local headers = handle:headers()
  local found = false
  local kept = {}
  -- line by line: get() would put a comma between two, and hide a cookie behind it
  for name, line in pairs(headers) do
    for pair in (name == "cookie" and line or ""):gmatch("[^;]+") do
      found = true
      pair = pair:match("^%s*(.-)%s*$")
      if pair ~= "" and not pair:find("^__Secure%-sso") and not pair:find("^__Host%-sso") then
        kept[#kept + 1] = pair
      end
    end
  end
  if not found then return end
  headers:remove("cookie")
  if #kept > 0 then headers:add("cookie", table.concat(kept, "; ")) end
end`;

const filter = (kind: string, message: string, config: { readonly [key: string]: Yaml }, name?: string): Yaml => ({
  name: name ?? `envoy.filters.http.${kind}`,
  typed_config: { '@type': `${filters}.http.${kind}.v3.${message}`, ...config },
});

const socket = (address: string, port: number): Yaml => ({ socket_address: { address, port_value: port } });

function cluster(name: string, { host, port, scheme }: Reach): Yaml {
  const endpoint = { endpoint: { address: socket(host, port) } };
  return {
    name,
    type: 'STRICT_DNS',
    connect_timeout: '2s',
    per_connection_buffer_limit_bytes: bufferLimit,
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [endpoint] }] },
    ...(scheme === 'https' ? { transport_socket: upstreamTls(host) } : {}),
  };
}

function upstreamTls(sni: string): Yaml {
  const validation_context = {
    trusted_ca: { filename: '/etc/ssl/certs/ca-certificates.crt' },
    match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: sni } }],
  };
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      sni,
      common_tls_context: { validation_context },
    },
  };
}

function downstreamTls({ certificate, key }: { readonly certificate: string; readonly key: string }): Yaml {
  const certificates = [{ certificate_chain: { filename: certificate }, private_key: { filename: key } }];
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
      common_tls_context: { tls_certificates: certificates, alpn_protocols: ['h2', 'http/1.1'] },
    },
  };
}
