import { everyIdentityHeader } from '../../../gateway/check/identity-headers.ts';
import { asked, head } from './headers.ts';
import type { ProxySite, Reach } from './site.ts';
import { type Yaml, yamlDocuments } from './yaml.ts';

/** Route and policies of the Kubernetes Gateway API, for Envoy Gateway (1.2 or later). */
export function gatewayApi(site: ProxySite): string {
  const { check, host, identity, reach, upstream } = site;
  const name = host.replaceAll('.', '-');
  const comment = head(`
Kubernetes Gateway API in front of ${host}, for Envoy Gateway: every request is asked about at ${site.gateway}/check/envoy.

\`kubectl apply -f\` it in the app's namespace. Change the name of the Gateway (\`public\`) to yours. --upstream and
--gateway-address name Services (http://notes:3000, http://crossgate.auth:4180); one of another namespace needs a
ReferenceGrant there. Name the addresses of Envoy's pods in the gateway's check.trustedProxies.

- Only traffic of this HTTPRoute is asked about: a second route to the same Service is an open door.
- Identity headers are taken away as the request comes in (earlyRequestHeaders): a RequestHeaderModifier of the route
  would come after the question, and take away what the gateway said. Names with underscores are dropped. Names with
  dots can't be matched here: an app whose server reads them as dashes needs Envoy itself (crossgate proxy-config envoy).
- X-Forwarded-Proto is Envoy's own word on its connection, so TLS has to end at this Gateway.
- The gateway down: 403, never the app (failOpen stays false). It lets through on 200 alone; every other answer goes to the
  browser as it is.
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
          http: { backendRefs: [service(reach)], path: `${check}/envoy`, headersToBackend: [...identity] },
        },
      },
    },
    {
      apiVersion: 'gateway.envoyproxy.io/v1alpha1',
      kind: 'ClientTrafficPolicy',
      metadata: { name },
      spec: {
        targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'public' }],
        headers: {
          withUnderscoresAction: 'DropHeader',
          earlyRequestHeaders: {
            remove: [...everyIdentityHeader, 'X-Original-URL', 'X-Original-Method', 'X-Rewrite-URL', 'Forwarded'],
          },
        },
        path: { escapedSlashesAction: 'RejectRequest', disableMergeSlashes: true },
      },
    },
  ];
  return `${comment}\n\n${yamlDocuments(documents)}`;
}

/** `name` or `name.namespace…`, as Services are called inside a cluster. */
function service({ host, port }: Reach): Yaml {
  const [name = '', namespace] = host.split('.');
  return { name, ...(namespace === undefined ? {} : { namespace }), port };
}
