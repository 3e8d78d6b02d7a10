import { ClientTrafficPolicy, SecurityPolicy } from '@kubernetes-models/envoy-gateway/gateway.envoyproxy.io/v1alpha1';
import { HTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1';
import { IngressRoute, Middleware } from '@kubernetes-models/traefik/traefik.io/v1alpha1';
import { at, type Json } from './parsed.testing.ts';

/** Kinds by `apiVersion` and `kind`, with the validators that their packages made of the projects' own API types. */
const kinds: ReadonlyMap<string, { readonly prototype: { validate(): void } }> = new Map(
  Object.entries({
    'gateway.networking.k8s.io/v1 HTTPRoute': HTTPRoute,
    'gateway.envoyproxy.io/v1alpha1 SecurityPolicy': SecurityPolicy,
    'gateway.envoyproxy.io/v1alpha1 ClientTrafficPolicy': ClientTrafficPolicy,
    'traefik.io/v1alpha1 Middleware': Middleware,
    'traefik.io/v1alpha1 IngressRoute': IngressRoute,
  }),
);

/**
 * What a Kubernetes API server would refuse in a document, or drop without a word: unknown fields, which it prunes.
 *
 * @returns Nothing for a document that means what it says.
 */
export function kubernetesRefusals(document: Json): string[] {
  const name = `${at(document, 'apiVersion')} ${at(document, 'kind')}`;
  const model = kinds.get(name);
  if (model === undefined) return [`no such kind: ${name}`];
  const watched = new Watched(document);
  try {
    model.prototype.validate.call(watched.value);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  return [...watched.unread(), ...rulesOfKinds(document)];
}

const gatewayGroup = 'gateway.networking.k8s.io';

/**
 * Rules that the resources carry as expressions (`x-kubernetes-validations`), which the packages leave out.
 *
 * @see https://github.com/envoyproxy/gateway/tree/main/api/v1alpha1
 */
function rulesOfKinds(document: Json): string[] {
  const targets: Readonly<Record<string, readonly string[]>> = {
    SecurityPolicy: ['Gateway', 'HTTPRoute', 'GRPCRoute'],
    ClientTrafficPolicy: ['Gateway'],
  };
  const kinds = targets[String(at(document, 'kind'))];
  if (kinds === undefined) return [];
  const refs = at(document, 'spec/targetRefs');
  const sound = (ref: Json) => at(ref, 'group') === gatewayGroup && kinds.includes(String(at(ref, 'kind')));
  const asks = at(document, 'spec/extAuth');
  const services = ['grpc', 'http'].map((name) => at(asks, name)).filter((one) => one !== undefined);
  const [service] = services;
  return [
    ...(Array.isArray(refs) && refs.length > 0 && refs.every(sound) ? [] : [`no target of ${kinds.join(' or ')}`]),
    ...(asks !== undefined && services.length !== 1 ? ['not one of grpc and http'] : []),
    ...(service !== undefined && !at(service, 'backendRefs/0') && !at(service, 'backendRef') ? ['no backendRef'] : []),
  ];
}

/**
 * A document that knows which of its fields were looked at. The validators let unknown fields pass, but they ask for every
 * field that they know by its name: what they never asked for is a field of nobody's.
 */
class Watched {
  readonly value: unknown;
  readonly #read = new Set<string>();
  readonly #root: Json;

  constructor(root: Json) {
    this.#root = root;
    this.value = this.#watch(root, '');
  }

  #watch(value: unknown, path: string): unknown {
    if (typeof value !== 'object' || value === null) return value;
    return new Proxy(value, {
      get: (target, key) => {
        if (typeof key === 'symbol' || !Object.hasOwn(target, key)) return Reflect.get(target, key);
        this.#read.add(`${path}/${key}`);
        return this.#watch(Reflect.get(target, key), `${path}/${key}`);
      },
    });
  }

  unread(value: unknown = this.#root, path = ''): string[] {
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([key, inner]) =>
      this.#read.has(`${path}/${key}`) ? this.unread(inner, `${path}/${key}`) : [`unknown field ${path}/${key}`],
    );
  }
}
