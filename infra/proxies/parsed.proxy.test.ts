import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { everyIdentityHeader } from '../../gateway/check/identity-headers.ts';
import { forgedAddress, forgedIdentity } from './forged.testing.ts';
import { at, parsed } from './parsed.testing.ts';
import { readExpression } from './traefik-rule.testing.ts';

const remote = ['Remote-User', 'Remote-Email', 'Remote-Name', 'Remote-Groups'];
/**
 * Every spelling of what an attacker says of themselves or of the address, with every mark that a name may have and that some
 * servers read as a dash.
 *
 * @see https://doc.traefik.io/traefik/security/header-aliases/
 */
const forgedNames = [
  ...new Set(
    [...forgedIdentity, ...forgedAddress].flatMap((line) => {
      const name = line.slice(0, line.indexOf(':'));
      return [name, ...[..."!#$%&'*+^`|~"].map((mark) => name.replaceAll('-', mark))];
    }),
  ),
];
const innocent = [
  'Cookie',
  'Host',
  'Remoteuser',
  'X-Remote-User',
  'X-Auth-Token',
  'X-Identity-Token',
  'X-Forwardedfor',
];
const needed = ['cookie', 'accept', 'origin', 'sec-fetch-mode', 'sec-fetch-dest', 'sec-websocket-version'];

describe('traefik', () => {
  it('asks about everything, believes no client, and copies what the gateway says', async () => {
    const [tree] = await parsed('traefik');
    expect(at(tree, 'http/routers/notes_acme_com')).toEqual({
      rule: 'Host(`notes.acme.com`) && !HeaderRegexp(`Upgrade`, `(?i)h2c`)',
      entryPoints: ['websecure'],
      middlewares: ['notes_acme_com-addresses', 'notes_acme_com-crossgate'],
      service: 'notes_acme_com',
      tls: {},
    });
    const asks = 'http/middlewares/notes_acme_com-crossgate/forwardAuth';
    expect(at(tree, `${asks}/address`)).toBe('http://crossgate.auth:4180/check');
    expect(at(tree, `${asks}/trustForwardHeader`)).toBe(false);
    expect(at(tree, `${asks}/authRequestHeaders`)).toEqual(expect.arrayContaining(needed));
    expect(at(tree, 'http/services/notes_acme_com/loadBalancer/servers')).toEqual([{ url: 'http://notes.apps:3000' }]);
    const addresses = at(tree, 'http/middlewares/notes_acme_com-addresses/headers/customRequestHeaders');
    expect(addresses).toMatchObject({
      'X-Original-URL': '',
      'X-Rewrite-URL': '',
      'X-Forwarded-Uri': '',
      Forwarded: '',
    });
  });

  it('takes away who somebody is and which address they asked for, in every spelling, and nothing that it set', async () => {
    const [tree] = await parsed('traefik');
    const names = Object.keys(
      at(tree, 'http/middlewares/notes_acme_com-addresses/headers/customRequestHeaders') as object,
    ).map((name) => name.toLowerCase());
    const regex = String(at(tree, 'http/middlewares/notes_acme_com-crossgate/forwardAuth/authResponseHeadersRegex'));
    const pattern = readExpression(regex);
    expect(pattern.flags).toBe('i');
    expect(forgedNames.filter((name) => !pattern.test(name) && !names.includes(name.toLowerCase()))).toEqual(
      // by the time Traefik has set these itself, or its entry point has taken them away
      forgedNames.filter((name) => /^x-forwarded-(host|proto|port)$/i.test(name)),
    );
    const own = ['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Forwarded-Server', 'X-Real-Ip'];
    expect([...own, ...innocent].filter((name) => pattern.test(name))).toEqual([]);
  });
});

describe('envoy', () => {
  const manager = 'static_resources/listeners/0/filter_chains/0/filters/0/typed_config';

  it('asks before it routes, and lets nobody through while it cannot', async () => {
    const [tree] = await parsed('envoy');
    const filter = (index: number) => `${manager}/http_filters/${index}`;
    expect([0, 1, 2, 3].map((index) => at(tree, `${filter(index)}/name`))).toEqual([
      'crossgate.identity',
      'envoy.filters.http.ext_authz',
      'crossgate.cookies',
      'envoy.filters.http.router',
    ]);
    const asks = at(tree, `${filter(1)}/typed_config`);
    expect(asks).toMatchObject({
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz',
      failure_mode_allow: false,
      allowed_headers: { patterns: expect.arrayContaining(needed.map((exact) => ({ exact }))) },
      http_service: {
        path_prefix: '/check/envoy',
        authorization_request: { headers_to_add: [{ key: 'X-Forwarded-Proto', value: 'https' }] },
        authorization_response: {
          allowed_upstream_headers: { patterns: remote.map((name) => ({ exact: name.toLowerCase() })) },
        },
      },
    });
    expect(JSON.stringify(asks)).not.toMatch(/x-forwarded-(host|uri|method)|x-original/i);
  });

  it('reads a path as the gateway does, and drops names with underscores', async () => {
    const [tree] = await parsed('envoy');
    expect(at(tree, manager)).toMatchObject({
      use_remote_address: true,
      internal_address_config: {},
      upgrade_configs: [{ upgrade_type: 'websocket' }],
      normalize_path: true,
      merge_slashes: false,
      path_with_escaped_slashes_action: 'REJECT_REQUEST',
      common_http_protocol_options: { headers_with_underscores_action: 'DROP_HEADER' },
    });
    const route = at(tree, `${manager}/route_config/virtual_hosts/0`) as { domains: string[]; routes: object[] };
    expect(route.domains).toEqual(['notes.acme.com', 'notes.acme.com:*']);
    const removed = (route.routes[0] as { request_headers_to_remove: string[] }).request_headers_to_remove;
    expect(removed).toEqual(expect.arrayContaining(['X-Original-URL', 'X-Forwarded-Uri', 'Forwarded']));
    // a route takes away after the question: it must not touch what the gateway said
    expect(removed.filter((name) => everyIdentityHeader.includes(name))).toEqual([]);
  });

  /** Runs a filter's script with Lua, HAProxy's, which runs a script as it loads it; `check` raises an error if it is wrong. */
  const runs = async (index: number, lines: readonly (readonly [string, string])[], check: string) => {
    const [tree] = await parsed('envoy');
    const script = String(at(tree, `${manager}/http_filters/${index}/typed_config/default_source_code/inline_string`));
    const folder = mkdtempSync(join(tmpdir(), 'crossgate-envoy-'));
    const list = lines.map(([name, value]) => `{ ${JSON.stringify(name)}, ${JSON.stringify(value)} }`).join(', ');
    const harness = `
local lines = { ${list} }
local headers = setmetatable({}, { __index = {
  get = function(_, name)
    local found = {}
    for _, l in ipairs(lines) do if l[1]:lower() == name then found[#found + 1] = l[2] end end
    if #found > 0 then return table.concat(found, ",") end
  end,
  add = function(_, name, value) lines[#lines + 1] = { name, value } end,
  remove = function(_, name)
    local kept = {}
    for _, l in ipairs(lines) do if l[1]:lower() ~= name:lower() then kept[#kept + 1] = l end end
    lines = kept
  end,
}, __pairs = function()
  local i = 0
  return function() i = i + 1; if lines[i] then return lines[i][1], lines[i][2] end end
end })
envoy_on_request({ headers = function() return headers end })
local left = {}
for _, l in ipairs(lines) do left[#left + 1] = l[1] .. ": " .. l[2] end
left = table.concat(left, "\\n")
if left ~= ${JSON.stringify(check)} then error("left: " .. left) end
`;
    try {
      writeFileSync(join(folder, 'filter.lua'), `${script}\n${harness}`);
      writeFileSync(join(folder, 'haproxy.cfg'), `global\n    lua-load ${folder}/filter.lua\n`);
      const ran = spawnSync('haproxy', ['-c', '-f', join(folder, 'haproxy.cfg')], { encoding: 'utf8' });
      if (ran.error)
        throw new Error('haproxy is not installed. Install it: apt-get install haproxy', { cause: ran.error });
      return { said: ran.stderr, loaded: !/lua|error/i.test(ran.stderr.replace(/no .*listener.*/gi, '')) };
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  it('takes away who somebody is in every spelling, and odd spellings of addresses', async () => {
    const [tree] = await parsed('envoy');
    const route = at(tree, `${manager}/route_config/virtual_hosts/0/routes/0`) as RouteOfHeaders;
    // what the route takes away or sets stands there in its one right spelling, whatever the capitals
    const later = new Set(
      [...route.request_headers_to_remove, ...route.request_headers_to_add.map(({ header }) => header.key)].map((one) =>
        one.toLowerCase(),
      ),
    );
    const forgedLines = forgedNames
      .filter((name) => !later.has(name.toLowerCase()))
      .map((name) => [name, 'forged'] as [string, string]);
    expect(forgedLines.length).toBeGreaterThan(forgedIdentity.length);
    const kept = [...innocent, 'x-forwarded-for', 'x-envoy-external-address'].map((name) => [name, 'y'] as const);
    const lines = [['accept', 'x'] as const, ...forgedLines, ...kept];
    const left = ['accept: x', ...kept.map(([name]) => `${name}: y`)].join('\n');
    expect(await runs(0, lines, left)).toMatchObject({ loaded: true });
    expect(await runs(0, lines, 'something else')).toMatchObject({ said: expect.stringContaining('left: accept') });
  });

  it.each([
    [['a=1; __Secure-sso=x; b=2'], 'cookie: a=1; b=2'],
    [['__Secure-sso=x; __Secure-sso=y; __Host-sso_z=1; a=1'], 'cookie: a=1'],
    [['__Secure-sso=x'], ''],
    [['a=1;b=2'], 'cookie: a=1; b=2'],
    [['a=1', '__Secure-sso=x'], 'cookie: a=1'],
    [['__Secure-sso=x', '__Host-sso_z=1'], ''],
    [['a=1', 'b=2; __Secure-sso=x', 'c=3'], 'cookie: a=1; b=2; c=3'],
    [[], ''],
  ])("takes the gateway's cookies out of %j", async (cookies, left) => {
    const lines = cookies.map((cookie) => ['cookie', cookie] as const);
    expect(await runs(2, lines, left)).toMatchObject({ loaded: true });
  });
});

type RouteOfHeaders = {
  readonly request_headers_to_remove: readonly string[];
  readonly request_headers_to_add: readonly { readonly header: { readonly key: string } }[];
};

describe('gateway-api', () => {
  it('asks about every request of the route, and lets nobody through while it cannot', async () => {
    const [route, security, client] = await parsed('gateway-api');
    expect(at(route, 'spec/hostnames')).toEqual(['notes.acme.com']);
    expect(at(route, 'spec/rules/0/backendRefs')).toEqual([{ name: 'notes', namespace: 'apps', port: 3000 }]);
    expect(at(security, 'spec/targetRefs/0/name')).toBe(at(route, 'metadata/name'));
    expect(at(security, 'spec/extAuth')).toEqual({
      failOpen: false,
      headersToExtAuth: expect.arrayContaining([...needed, 'x-forwarded-proto']),
      http: {
        backendRefs: [{ name: 'crossgate', namespace: 'auth', port: 4180 }],
        path: '/check/envoy',
        headersToBackend: remote.map((name) => name.toLowerCase()),
      },
    });
    expect(at(client, 'spec/headers/withUnderscoresAction')).toBe('DropHeader');
    expect(at(client, 'spec/path')).toEqual({ escapedSlashesAction: 'RejectRequest', disableMergeSlashes: true });
  });

  it('takes away who somebody is and which address they asked for, in every spelling', async () => {
    const [, security, client] = await parsed('gateway-api');
    const early = 'spec/headers/earlyRequestHeaders';
    const names = (at(client, `${early}/remove`) as string[]).map((name) => name.toLowerCase());
    expect(names).toEqual(expect.arrayContaining(everyIdentityHeader.map((name) => name.toLowerCase())));
    const expressions = at(client, `${early}/removeOnMatch`) as { type: string; value: string }[];
    expect(expressions.map(({ type }) => type)).toEqual(expressions.map(() => 'RegularExpression'));
    // Envoy's expressions match the whole of a name
    const whole = expressions.map(({ value }) => new RegExp(`^(?:${readExpression(value).source})$`));
    const gone = (name: string) =>
      names.includes(name.toLowerCase()) || whole.some((one) => one.test(name.toLowerCase()));
    // Envoy says X-Forwarded-Proto itself
    expect(forgedNames.filter((name) => !gone(name) && name.toLowerCase() !== 'x-forwarded-proto')).toEqual([]);
    const asked = at(security, 'spec/extAuth/headersToExtAuth') as string[];
    expect([...asked, ...innocent, 'X-Forwarded-For', 'X-Forwarded-Client-Cert'].filter(gone)).toEqual([]);
  });

  it('has one policy for a Gateway, whatever the app', async () => {
    const [, , one] = await parsed('gateway-api');
    const [, , other] = await parsed('gateway-api', ['--domain', 'photos.acme.com', '--headers', 'x-auth-request']);
    expect(other).toEqual(one);
  });
});
