import { addressPattern, asked, head, identityPattern } from './headers.ts';
import type { ProxySite, Reach } from './site.ts';

/** `haproxy.cfg` (2.6 or later, with Lua). It loads what {@link haproxyLua} makes. */
export function haproxy(site: ProxySite): string {
  const { authority, host, id, listen, scheme, tls, upstream } = site;
  const bind = `${listen?.address ?? ''}:${listen?.port ?? (tls ? 443 : 8080)}`;
  const patterns = [...identityPattern.split('|^'), ...addressPattern.split('|^')].map((one) =>
    one.startsWith('^') ? one : `^${one}`,
  );
  return `${head(`
HAProxy in front of ${host}: every request is asked about at ${site.gateway}/check first.

The asking is done by a small script. Write it beside this file, to where lua-load has it:
  crossgate proxy-config haproxy-lua …the same options… > ${site.script}
Name this HAProxy in the gateway's check.trustedProxies.

- Redirects, 401 in JSON, 403 and 503 are the gateway's own answers. The gateway down, or the script failing: 503.
- del-header compares with names in lower case, whatever was sent: a capital in these patterns would match nothing.
- The gateway judges path and query as they came, and the upstream gets the same. Put no set-path before the check.
- A WebSocket is asked about when it opens. \`timeout tunnel\` is how long it may stay silent; the upstream has to close it
  when the session ends.
`)}

global
    lua-load ${site.script}
    # room for a cookie of 4 KB in an answer whose body has arrived with it: of the usual 1 KB HAProxy would make a 500
    tune.bufsize 24576
    tune.maxrewrite 8192

defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout tunnel 10m

frontend ${id}
    bind ${bind}${tls ? ` ssl crt ${tls.certificate} alpn h2,http/1.1` : ''}
${tls ? `    # the key (${tls.key}) stands in the same file, or beside it as ${tls.certificate}.key` : '    # TLS ends in front of this, or name --certificate and --key'}
    # other names than ${host} are nobody's here
    http-request deny deny_status 421 unless { req.hdr(host),field(1,:) -i ${host} }

    # nobody says of themselves who they are, or which address they asked for
${patterns.map((pattern) => `    http-request del-header ${pattern} -m reg`).join('\n')}

    # no protocol but WebSocket: what goes through an h2c connection to the upstream, nobody is asked about
    http-request del-header upgrade unless { req.fhdr(upgrade) -i websocket }

    http-request lua.crossgate ${scheme} ${authority}
    http-request deny deny_status 503 unless { var(txn.crossgate) -m str passed }

    http-request set-header Host ${authority}
    http-request set-header X-Forwarded-Proto ${scheme}
    http-request set-header X-Forwarded-Host ${authority}
    http-request set-header X-Forwarded-For %[src]

    # with check.renews: the answer to a fetch may bring a new cookie along, and is then for no cache to keep
    acl renewed var(txn.crossgate_renewed) -m found
    http-response strict-mode off
    http-response del-header CDN-Cache-Control if renewed
    http-response del-header Cloudflare-CDN-Cache-Control if renewed
    http-response del-header Surrogate-Control if renewed
    http-response del-header Expires if renewed
    http-response set-header Cache-Control "private, no-store" if renewed
    http-response add-header Set-Cookie %[var(txn.crossgate_renewed)] if renewed
    http-response strict-mode on
    default_backend ${id}

backend ${id}
    server upstream ${upstream.address}${tlsTo(upstream)}
`;
}

function tlsTo({ scheme, host }: Reach): string {
  return scheme === 'https' ? ` ssl verify required ca-file @system-ca sni str(${host})` : '';
}

/** The script of {@link haproxy}. It knows the gateway and no app, so that one serves all of them. */
export function haproxyLua(site: ProxySite): string {
  const { check, gatewayHost, identity, reach } = site;
  const list = (names: readonly string[]) => names.map((name) => `  ["${name.toLowerCase()}"] = true,`).join('\n');
  return `${head(
    `
Asks ${site.gateway}/check whether a request may pass: the action lua.crossgate SCHEME HOST of HAProxy's configuration.

It sets txn.crossgate to "passed", and the identity headers, if it may; txn.crossgate_renewed is a cookie for the visitor,
where there is one. Otherwise it answers with what the gateway says. If
the gateway can't be asked it sets nothing, and the configuration has to deny what is not "passed".
`,
    '--',
  )}

local gateway = "${reach.origin}${check}"
local gateway_host = "${gatewayHost}"

-- what the gateway goes by, beside the address
local asked = {
${list(asked)}
}
-- what the upstream is told
local identity = {
${list(identity)}
}
-- what belongs to one connection alone
local hop = {
${list(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'date'])}
}

local function values(list)
  local found = {}
  for i = 0, #list do
    if list[i] ~= nil then found[#found + 1] = list[i] end
  end
  return found
end

-- The upstream learns who it is by headers, and can't lose a cookie that it doesn't get. Should an app verify the cookie
-- itself, leave out the call of this.
local function without_own_cookies(lines)
  local kept = {}
  for _, line in ipairs(lines) do
    for pair in line:gmatch("[^;]+") do
      pair = pair:match("^%s*(.-)%s*$")
      if pair ~= "" and not pair:find("^__Secure%-sso") and not pair:find("^__Host%-sso") then
        kept[#kept + 1] = pair
      end
    end
  end
  return table.concat(kept, "; ")
end

core.register_action("crossgate", { "http-req" }, function(txn, scheme, host)
  local question = {
    ["host"] = { gateway_host },
    ["x-forwarded-method"] = { txn.sf:method() },
    ["x-forwarded-proto"] = { scheme },
    ["x-forwarded-host"] = { host },
    ["x-forwarded-uri"] = { txn.sf:pathq() },
  }
  local cookies
  for name, list in pairs(txn.http:req_get_headers()) do
    if asked[name] then question[name] = values(list) end
    if name == "cookie" then cookies = values(list) end
  end

  local answer = core.httpclient():get { url = gateway, headers = question, timeout = 5000 }
  if not answer or not answer.status or answer.status < 200 then return end

  if answer.status < 300 then
    for name in pairs(identity) do
      local list = answer.headers[name]
      txn.http:req_set_header(name, list and values(list)[1] or "")
    end
    if cookies then
      local kept = without_own_cookies(cookies)
      txn.http:req_del_header("cookie")
      if kept ~= "" then txn.http:req_add_header("cookie", kept) end
    end
    local renewed = answer.headers["set-cookie"]
    if renewed then txn:set_var("txn.crossgate_renewed", values(renewed)[1]) end
    txn:set_var("txn.crossgate", "passed")
    return
  end

  local reply = txn:reply { status = answer.status }
  for name, list in pairs(answer.headers) do
    if not hop[name] then
      for _, value in ipairs(values(list)) do reply:add_header(name, value) end
    end
  end
  reply:set_body(answer.body or "")
  txn:done(reply)
end, 2)
`;
}
