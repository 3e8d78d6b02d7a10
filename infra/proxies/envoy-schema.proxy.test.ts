import { describe, expect, it } from 'vitest';
import { envoyRefusals } from './envoy-schema.testing.ts';
import { changed, type Json, parsed, variants } from './parsed.testing.ts';

const listener = 'static_resources/listeners/0';
const manager = `${listener}/filter_chains/0/filters/0/typed_config`;
const filter = (at: number) => `${manager}/http_filters/${at}/typed_config`;
const asks = filter(1);

const printed = async (options?: readonly string[]): Promise<Json> => (await parsed('envoy', options))[0] ?? null;

it.each(variants)("is what Envoy's own definitions allow: %s", async (_, options) => {
  expect(envoyRefusals(await printed(options))).toEqual([]);
});

describe('what Envoy would refuse is refused', () => {
  it.each<[string, string, Json | undefined, RegExp]>([
    ['a field that nobody knows, at the top', 'static_resource', {}, /static_resource: Bootstrap has no such field/],
    ['a field that nobody knows, deep inside', `${asks}/failure_mode_alow`, false, /ExtAuthz has no such field/],
    ['a name as JSON would have it', `${manager}/normalizePath`, true, /normalizePath: HttpConnection\w+ has no such/],
    ['a field of another message', `${asks}/http_service/allowed_headers`, {}, /HttpService has no such field/],
    ['a field that is gone', `${asks}/use_alpha`, true, /use_alpha: ExtAuthz has no such field/],
    ['a field that is deprecated', `${asks}/http_service/authorization_request/allowed_headers`, {}, /: deprecated/],
    ['an action that is none', `${manager}/path_with_escaped_slashes_action`, 'REJECT', /not of PathWithEscaped/],
    ['an action by its number', `${manager}/path_with_escaped_slashes_action`, 2, /not of PathWithEscaped/],
    [
      'another action that is none',
      `${manager}/common_http_protocol_options/headers_with_underscores_action`,
      'DROP',
      /not/,
    ],
    ['a status that is none', `${asks}/status_on_error/code`, 'Unavailable', /not of StatusCode/],
    ['a status that is nothing', `${asks}/status_on_error/code`, 'Empty', /code: breaks not_in/],
    ['a version that is none', `${asks}/transport_api_version`, 'V4', /not of ApiVersion/],
    ['a truth in words', `${asks}/failure_mode_allow`, 'false', /failure_mode_allow: no bool/],
    ['a wrapped truth in words', `${manager}/use_remote_address`, 'true', /use_remote_address: no bool/],
    ['nothing at all', `${asks}/failure_mode_allow`, null, /failure_mode_allow: null/],
    ['a port in words', `${listener}/address/socket_address/port_value`, '8080', /port_value: no uint32/],
    ['a port beyond all ports', `${listener}/address/socket_address/port_value`, 70_000, /port_value: breaks lte/],
    ['a port below all ports', `${listener}/address/socket_address/port_value`, -1, /port_value: no uint32/],
    ['no port', `${listener}/address/socket_address/port_value`, undefined, /nothing of port_specifier/],
    ['two ports', `${listener}/address/socket_address/named_port`, 'http', /two of port_specifier/],
    ['no address', `${listener}/address/socket_address/address`, undefined, /address: breaks min_len/],
    ['one thing for a list', `${manager}/http_filters`, {}, /http_filters: no list/],
    ['a list for one thing', `${asks}/http_service`, [], /http_service: no HttpService/],
    ['a time without its unit', `${asks}/http_service/server_uri/timeout`, '5', /timeout: no Duration/],
    ['a time as a number', `${asks}/http_service/server_uri/timeout`, 5, /timeout: no Duration/],
    ['a time below nothing', `${asks}/http_service/server_uri/timeout`, '-1s', /timeout: breaks gte/],
    ['no time at all', `${asks}/http_service/server_uri/timeout`, undefined, /timeout: missing/],
    ['nobody to ask', `${asks}/http_service/server_uri/cluster`, undefined, /nothing of http_upstream_type/],
    ['nothing to ask', `${asks}/http_service/server_uri/uri`, undefined, /uri: breaks min_len/],
    ['two kinds of service', `${asks}/grpc_service`, {}, /two of services: grpc_service, http_service/],
    ['a pattern of two kinds', `${asks}/allowed_headers/patterns/0/prefix`, 'c', /two of match_pattern: exact, prefix/],
    ['a pattern of none', `${asks}/allowed_headers/patterns/0/exact`, undefined, /nothing of match_pattern/],
    ['no pattern at all', `${asks}/allowed_headers/patterns`, [], /patterns: breaks min_items/],
    ['a filter of another name', `${asks}/@type`, 'type.googleapis.com/envoy.extensions.ExtAuthz', /no such message/],
    ['a filter of no name', `${asks}/@type`, undefined, /@type: no such message: undefined/],
    [
      'a filter without its domain',
      `${asks}/@type`,
      'envoy.extensions.filters.http.router.v3.Router',
      /no such message/,
    ],
    [
      'one filter as another',
      `${asks}/@type`,
      'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
      /failure_mode_allow: Router has no such field/,
    ],
    ['a script of nobody', `${filter(0)}/default_source_code/inline_strings`, 'x', /DataSource has no such field/],
    ['an empty script', `${filter(0)}/default_source_code/inline_string`, undefined, /nothing of specifier/],
    [
      'a header that is none',
      `${manager}/route_config/virtual_hosts/0/routes/0/request_headers_to_remove/0`,
      'a b',
      /remove\/0: breaks well_known/,
    ],
    ['a host twice', `${manager}/route_config/virtual_hosts/0/domains`, [], /domains: breaks min_items/],
    [
      'a route to nowhere',
      `${manager}/route_config/virtual_hosts/0/routes/0/route/cluster`,
      '',
      /cluster: breaks min_len/,
    ],
    [
      'a route by two ways',
      `${manager}/route_config/virtual_hosts/0/routes/0/redirect`,
      {},
      /two of action: route, redirect/,
    ],
    ['as many streams as one likes', `${manager}/http2_protocol_options/max_concurrent_streams`, 0, /breaks gte 1/],
    ['a window too small', `${manager}/http2_protocol_options/initial_stream_window_size`, 1, /breaks gte 65535/],
    ['a cluster of no kind', 'static_resources/clusters/0/type', 'DNS', /type: not of DiscoveryType/],
    ['a cluster of no name', 'static_resources/clusters/0/name', undefined, /name: breaks min_len/],
    ['an endpoint of nobody', 'static_resources/clusters/0/load_assignment/cluster_name', undefined, /breaks min_len/],
  ])('%s', async (_, path, value, says) => {
    const refused = envoyRefusals(changed(await printed(), path, value));
    expect(refused.join('\n')).toMatch(says);
  });

  it.each<[string, string, Json | undefined, RegExp]>([
    ['a kind of name that is none', 'match_typed_subject_alt_names/0/san_type', 'HOST', /not of SanType/],
    ['a name of no kind', 'match_typed_subject_alt_names/0/san_type', undefined, /san_type: breaks not_in/],
    ['no name to look for', 'match_typed_subject_alt_names/0/matcher', undefined, /matcher: missing/],
    ['authorities of nobody', 'trusted_cas', {}, /CertificateValidationContext has no such field/],
  ])('in how an app over TLS is verified: %s', async (_, path, value, says) => {
    const tls = 'static_resources/clusters/0/transport_socket/typed_config/common_tls_context/validation_context';
    const refused = envoyRefusals(changed(await printed(variants[2]?.[1]), `${tls}/${path}`, value));
    expect(refused.join('\n')).toMatch(says);
  });
});
