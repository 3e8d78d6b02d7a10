import { everyIdentityHeader } from '../../../gateway/check/identity-headers.ts';
import { addressAliasPattern, addressHeaders, asked, head, identityPattern } from './headers.ts';
import type { ProxySite, Reach } from './site.ts';
import { type Yaml, yamlDocuments } from './yaml.ts';

/** Route and policies of the Kubernetes Gateway API, for Envoy Gateway (1.7 or later). */
export function gatewayApi(site: ProxySite): string {
  const { check, host, identity, reach, upstream } = site;
  const name = host.replaceAll('.', '-');
  const comment = head(`
Kubernetes Gateway API in front of ${host}, for Envoy Gateway: every request is asked about at ${site.gateway}/check/envoy.

\`kubectl apply -f\` it in the app's namespace. Change the name of the Gateway (\`public\`) to yours. --upstream and
--gateway-address name Services (http://notes:3000, http://crossgate.auth:4180); one of another namespace needs a
ReferenceGrant there. Name the addresses of Envoy's pods in the gateway's check.trustedProxies.

The last document is the Gateway's own, the same for all its apps, and belongs in the Gateway's namespace: in another one it
does nothing. Of two for one Gateway the older counts; have one. See that all three are Accepted: \`kubectl get -o yaml\`.
A cluster with an older Envoy Gateway drops what it doesn't know: kubectl says so, others may not.

- Only traffic of this HTTPRoute is asked about: a second route to the same Service is an open door.
- Identity headers and those that name an address are taken away as the request comes in (earlyRequestHeaders), in every
  spelling: a RequestHeaderModifier of the route would come after the question, and take away what the gateway said.
- X-Forwarded-Proto is Envoy's own word on its connection, so TLS has to end at this Gateway.
- It lets through on 200 alone. Redirects, 401 in JSON and 403 go to the browser as they are. The gateway down, or at a loss
  (5xx): Envoy's own refusal, 403 or 5xx, never the app (failOpen stays false).
- check.renews does nothing here: extAuth hands no cookie of the gateway on with an app's answer. Page loads are renewed.
- The app gets the domain cookie: there is no filter for it. Keep it out of its logs.
- A WebSocket is asked about when it opens. The app has to close it when the session ends.
`);
  const documents: readonly Yaml[] = [
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name },
      spec: {
        parentRefs: [{ name: 'public' }],
        hostnames: [host],
        rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/' } }], backendRefs: [service(upstream)] }],
      },
    },
    {
      apiVersion: 'gateway.envoyproxy.io/v1alpha1',
      kind: 'SecurityPolicy',
      metadata: { name },
      spec: {
        targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name }],
        extAuth: {
          failOpen: false,
          headersToExtAuth: [...asked, 'x-forwarded-proto'],
          http: {
            backendRefs: [service(reach)],
            path: `${check}/envoy`,
            headersToBackend: identity.map((one) => one.toLowerCase()),
          },
        },
      },
    },
    {
      apiVersion: 'gateway.envoyproxy.io/v1alpha1',
      kind: 'ClientTrafficPolicy',
      metadata: { name: 'public-crossgate' },
      spec: {
        targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'public' }],
        headers: {
          withUnderscoresAction: 'DropHeader',
          earlyRequestHeaders: {
            remove: [...everyIdentityHeader, ...addressHeaders, 'X-Forwarded-Host'],
            removeOnMatch: aliases.map((value) => ({ type: 'RegularExpression', value })),
          },
        },
        path: { escapedSlashesAction: 'RejectRequest', disableMergeSlashes: true },
      },
    },
  ];
  return `${comment}\n\n${yamlDocuments(documents)}`;
}

/**
 * Names in every spelling. An expression has to match the whole of a name, in lower case; short ones, for Envoy limits how
 * large one may become.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/matcher/v3/regex.proto
 */
const aliases: readonly string[] = [identityPattern, addressAliasPattern]
  .flatMap((pattern) => pattern.split('|^'))
  .filter((one) => one.includes('['))
  .map((one) => one.replace(/^\^/, ''))
  .map((one) => (one.endsWith('$') ? one.slice(0, -1) : `${one}.*`));

/** `name` or `name.namespace…`, as Services are called inside a cluster. */
function service({ host, port }: Reach): Yaml {
  const [name = '', namespace] = host.split('.');
  return { name, ...(namespace === undefined ? {} : { namespace }), port };
}
