import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { at, parsed } from './parsed.testing.ts';

const manager = 'static_resources/listeners/0/filter_chains/0/filters/0/typed_config';

/** Runs Envoy's first filter on an answer's headers, with the Lua of HAProxy, which runs a script as it loads it. */
async function answered(lines: readonly (readonly [string, string])[]): Promise<string> {
  const [tree] = await parsed('envoy');
  const script = String(at(tree, `${manager}/http_filters/0/typed_config/default_source_code/inline_string`));
  const folder = mkdtempSync(join(tmpdir(), 'crossgate-envoy-answer-'));
  const list = lines.map(([name, value]) => `{ ${JSON.stringify(name)}, ${JSON.stringify(value)} }`).join(', ');
  const harness = `
local lines = { ${list} }
local function without(name)
  local kept = {}
  for _, l in ipairs(lines) do if l[1] ~= name then kept[#kept + 1] = l end end
  lines = kept
end
local headers = setmetatable({}, { __index = {
  remove = function(_, name) without(name) end,
  replace = function(_, name, value) without(name); lines[#lines + 1] = { name, value } end,
}, __pairs = function()
  local i = 0
  return function() i = i + 1; if lines[i] then return lines[i][1], lines[i][2] end end
end })
envoy_on_response({ headers = function() return headers end })
local left = {}
for _, l in ipairs(lines) do left[#left + 1] = l[1] .. ": " .. l[2] end
error("left<" .. table.concat(left, "|") .. ">")
`;
  try {
    writeFileSync(join(folder, 'filter.lua'), `${script}\n${harness}`);
    writeFileSync(join(folder, 'haproxy.cfg'), `global\n    lua-load ${folder}/filter.lua\n`);
    const ran = spawnSync('haproxy', ['-c', '-f', join(folder, 'haproxy.cfg')], { encoding: 'utf8' });
    if (ran.error)
      throw new Error('haproxy is not installed. Install it: apt-get install haproxy', { cause: ran.error });
    return /left<(.*)>/.exec(ran.stderr)?.[1] ?? ran.stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('a renewed cookie that comes with a check', () => {
  it("goes on with the app's answer through Envoy, and nothing else of the gateway's does", async () => {
    const [tree] = await parsed('envoy');
    const response = at(tree, `${manager}/http_filters/1/typed_config/http_service/authorization_response`);
    expect(response).toMatchObject({ allowed_client_headers_on_success: { patterns: [{ exact: 'set-cookie' }] } });
  });

  const app = [
    ['set-cookie', 'app=1'],
    ['cache-control', 'public, max-age=600'],
    ['cache-control', 'immutable'],
    ['cdn-cache-control', 'max-age=600'],
    ['expires', 'never'],
    ['x-app', 'stays'],
  ] as const;

  it.each(['__Secure-sso=x; Domain=acme.com', '__Secure-sso_staging=x; Domain=acme.com'])(
    'is for no cache to keep, by the filter that sees an answer last: %s',
    async (cookie) => {
      expect(await answered([...app, ['set-cookie', cookie]])).toBe(
        `set-cookie: app=1|x-app: stays|set-cookie: ${cookie}|cache-control: private, no-store`,
      );
    },
  );

  it('changes nothing where there is none', async () => {
    expect(await answered(app)).toBe(app.map(([name, value]) => `${name}: ${value}`).join('|'));
  });

  it.each(['traefik', 'gateway-api'])('goes nowhere by %s, where nothing could keep it from caches', async (name) => {
    expect(JSON.stringify(await parsed(name))).not.toMatch(/addAuthCookiesToResponse|set-cookie/i);
  });
});
