import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { everyIdentityHeader } from '../../gateway/check/identity-headers.ts';
import { runCommand } from '../cli/console.testing.ts';
import { forgedIdentity } from './forged.testing.ts';

/** Proxies that are not started here: what is printed for them is parsed by somebody else's YAML parser, and looked at. */
async function parsed(name: string): Promise<Tree[]> {
  const args = [
    '--domain',
    'notes.acme.com',
    '--gateway',
    'https://auth.acme.com',
    '--upstream',
    'http://notes.apps:3000',
  ];
  const { out } = await runCommand(['proxy-config', name, ...args, '--gateway-address', 'http://crossgate.auth:4180']);
  const script = 'import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))';
  const ran = spawnSync('python3', ['-c', script], { input: out, encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`cannot parse YAML (apt-get install python3-yaml): ${ran.stderr}`);
  return (JSON.parse(ran.stdout) as unknown[]).map((document) => new Tree(document));
}

/** What a parser found, looked at by path. */
class Tree {
  readonly #root: unknown;

  constructor(root: unknown) {
    this.#root = root;
  }

  at(path: string): unknown {
    return path
      .split('/')
      .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], this.#root);
  }
}

const remote = ['Remote-User', 'Remote-Email', 'Remote-Name', 'Remote-Groups'];
const needed = ['cookie', 'accept', 'origin', 'sec-fetch-mode', 'sec-fetch-dest', 'sec-websocket-version'];

describe('traefik', () => {
  it('asks about everything, believes no client, and copies what the gateway says', async () => {
    const [tree] = await parsed('traefik');
    expect(tree?.at('http/routers/notes_acme_com')).toEqual({
      rule: 'Host(`notes.acme.com`) && !HeaderRegexp(`Upgrade`, `(?i)h2c`)',
      entryPoints: ['websecure'],
      middlewares: ['notes_acme_com-addresses', 'notes_acme_com-crossgate'],
      service: 'notes_acme_com',
      tls: {},
    });
    const asks = 'http/middlewares/notes_acme_com-crossgate/forwardAuth';
    expect(tree?.at(`${asks}/address`)).toBe('http://crossgate.auth:4180/check');
    expect(tree?.at(`${asks}/trustForwardHeader`)).toBe(false);
    expect(tree?.at(`${asks}/authRequestHeaders`)).toEqual(expect.arrayContaining(needed));
    expect(tree?.at('http/services/notes_acme_com/loadBalancer/servers')).toEqual([{ url: 'http://notes.apps:3000' }]);
    const addresses = tree?.at('http/middlewares/notes_acme_com-addresses/headers/customRequestHeaders');
    expect(addresses).toMatchObject({ 'X-Original-URL': '', 'X-Rewrite-URL': '', Forwarded: '', X_Forwarded_Host: '' });
  });

  it('takes identity headers away in every spelling, as Go would match them', async () => {
    const [tree] = await parsed('traefik');
    const regex = String(tree?.at('http/middlewares/notes_acme_com-crossgate/forwardAuth/authResponseHeadersRegex'));
    expect(regex.startsWith('(?i)')).toBe(true);
    const pattern = new RegExp(regex.slice(4), 'i');
    const names = forgedIdentity.map((line) => line.slice(0, line.indexOf(':')));
    expect(names.filter((name) => !pattern.test(name))).toEqual([]);
  });
});

describe('envoy', () => {
  const manager = 'static_resources/listeners/0/filter_chains/0/filters/0/typed_config';

  it('asks before it routes, and lets nobody through while it cannot', async () => {
    const [tree] = await parsed('envoy');
    const filter = (at: number) => `${manager}/http_filters/${at}`;
    expect([0, 1, 2, 3].map((at) => tree?.at(`${filter(at)}/name`))).toEqual([
      'crossgate.identity',
      'envoy.filters.http.ext_authz',
      'crossgate.cookies',
      'envoy.filters.http.router',
    ]);
    const asks = tree?.at(`${filter(1)}/typed_config`);
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
    expect(tree?.at(manager)).toMatchObject({
      use_remote_address: true,
      upgrade_configs: [{ upgrade_type: 'websocket' }],
      normalize_path: true,
      merge_slashes: false,
      path_with_escaped_slashes_action: 'REJECT_REQUEST',
      common_http_protocol_options: { headers_with_underscores_action: 'DROP_HEADER' },
    });
    const route = tree?.at(`${manager}/route_config/virtual_hosts/0`) as { domains: string[]; routes: object[] };
    expect(route.domains).toEqual(['notes.acme.com', 'notes.acme.com:*']);
    const removed = (route.routes[0] as { request_headers_to_remove: string[] }).request_headers_to_remove;
    expect(removed).toEqual(expect.arrayContaining(['X-Original-URL', 'X-Forwarded-Uri', 'Forwarded']));
    // a route takes away after the question: it must not touch what the gateway said
    expect(removed.filter((name) => everyIdentityHeader.includes(name))).toEqual([]);
  });

  /** Runs a filter's script with Lua, HAProxy's, which runs a script as it loads it; `check` raises an error if it is wrong. */
  const runs = async (at: number, lines: readonly (readonly [string, string])[], check: string) => {
    const [tree] = await parsed('envoy');
    const script = String(tree?.at(`${manager}/http_filters/${at}/typed_config/default_source_code/inline_string`));
    const folder = mkdtempSync(join(tmpdir(), 'crossgate-envoy-'));
    const list = lines.map(([name, value]) => `{ ${JSON.stringify(name)}, ${JSON.stringify(value)} }`).join(', ');
    const harness = `
local lines = { ${list} }
local headers = setmetatable({}, { __index = {
  get = function(_, name) for _, l in ipairs(lines) do if l[1]:lower() == name then return l[2] end end end,
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

  it('takes identity headers away in every spelling', async () => {
    const forgedLines = forgedIdentity.map((line) => line.split(': ') as [string, string]);
    const lines = [['accept', 'x'] as const, ...forgedLines, ['x-remote-user', 'y'] as const];
    expect(await runs(0, lines, 'accept: x\nx-remote-user: y')).toMatchObject({ loaded: true });
    expect(await runs(0, lines, 'something else')).toMatchObject({ said: expect.stringContaining('left: accept') });
  });

  it.each([
    ['a=1; __Secure-sso=x; b=2', 'cookie: a=1; b=2'],
    ['__Secure-sso=x; __Secure-sso=y; __Host-sso_z=1; a=1', 'cookie: a=1'],
    ['__Secure-sso=x', ''],
    ['a=1;b=2', 'cookie: a=1; b=2'],
  ])("takes the gateway's cookies out of %s", async (cookie, left) => {
    expect(await runs(2, [['cookie', cookie]], left)).toMatchObject({ loaded: true });
  });
});

describe('gateway-api', () => {
  it('asks about every request of the route, and lets nobody through while it cannot', async () => {
    const [route, security, client] = await parsed('gateway-api');
    expect(route?.at('spec/hostnames')).toEqual(['notes.acme.com']);
    expect(route?.at('spec/rules/0/backendRefs')).toEqual([{ name: 'notes', namespace: 'apps', port: 3000 }]);
    expect(security?.at('spec/targetRefs/0/name')).toBe(route?.at('metadata/name'));
    expect(security?.at('spec/extAuth')).toEqual({
      failOpen: false,
      headersToExtAuth: expect.arrayContaining([...needed, 'x-forwarded-proto']),
      http: {
        backendRefs: [{ name: 'crossgate', namespace: 'auth', port: 4180 }],
        path: '/check/envoy',
        headersToBackend: remote,
      },
    });
    const removed = client?.at('spec/headers/earlyRequestHeaders/remove');
    expect(removed).toEqual(expect.arrayContaining([...everyIdentityHeader]));
    // the resource takes no more
    expect((removed as string[]).length).toBeLessThanOrEqual(16);
    expect(client?.at('spec/headers/withUnderscoresAction')).toBe('DropHeader');
    expect(client?.at('spec/path')).toEqual({ escapedSlashesAction: 'RejectRequest', disableMergeSlashes: true });
  });
});
