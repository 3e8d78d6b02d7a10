import { describe, expect, it } from 'vitest';
import { kubernetesRefusals } from './kubernetes-schema.testing.ts';
import { changed, type Json, parsed, variants } from './parsed.testing.ts';

it.each(variants)('is what the resources allow: %s', async (_, options) => {
  const documents = await parsed('gateway-api', options);
  expect(documents.length).toBe(3);
  expect(documents.map((one) => kubernetesRefusals(one))).toEqual([[], [], []]);
});

const [route, security, client] = [0, 1, 2] as const;

describe('what a cluster would refuse, or drop without a word, is refused', () => {
  it.each<[number, string, string, Json | undefined, RegExp]>([
    [route, 'a route of another version', 'apiVersion', 'gateway.networking.k8s.io/v2', /no such kind/],
    [route, 'a route of no hosts', 'spec/hostname', 'notes.acme.com', /unknown field \/spec\/hostname/],
    [route, 'a host that is none', 'spec/hostnames/0', 'Notes.acme.com', /hostnames\/0 .*pattern/],
    [route, 'a match of no kind', 'spec/rules/0/matches/0/path/type', 'Prefix', /allowed values/],
    [route, 'a port in words', 'spec/rules/0/backendRefs/0/port', '3000', /port must be integer/],
    [route, 'a port beyond all ports', 'spec/rules/0/backendRefs/0/port', 70_000, /port must be <= 65535/],
    [route, 'a Service of no name', 'spec/rules/0/backendRefs/0/name', undefined, /must have required property name/],
    [route, 'a parent of nobody', 'spec/parentRefs/0/namespaces', 'infra', /unknown field .*namespaces/],
    [security, 'headers to nobody', 'spec/extAuth/headersToExtAut', ['cookie'], /unknown field .*headersToExtAut/],
    [security, 'headers to the app, at the wrong place', 'spec/extAuth/headersToBackend', [], /unknown field/],
    [security, 'as Envoy itself calls it', 'spec/extAuth/failure_mode_allow', false, /unknown field/],
    [
      security,
      'a question beside the question',
      'spec/extAuthz',
      { failOpen: false },
      /unknown field \/spec\/extAuthz/,
    ],
    [security, 'a truth in words', 'spec/extAuth/failOpen', 'false', /failOpen must be boolean/],
    [security, 'one header for a list', 'spec/extAuth/headersToExtAuth', 'cookie', /must be array/],
    [security, 'no service to ask', 'spec/extAuth/http', undefined, /one of grpc and http/],
    [security, 'two services to ask', 'spec/extAuth/grpc', {}, /one of grpc and http/],
    [security, 'a service of nothing', 'spec/extAuth/http/backendRefs', undefined, /backendRef/],
    [security, 'a service of no name', 'spec/extAuth/http/backendRefs/0/name', undefined, /required property name/],
    [security, 'a time without its unit', 'spec/extAuth/timeout', '5', /timeout must match pattern/],
    [security, 'no target', 'spec/targetRefs', undefined, /target/],
    [security, 'a target of another kind', 'spec/targetRefs/0/kind', 'Service', /target/],
    [security, 'a target elsewhere', 'spec/targetRefs/0/namespace', 'infra', /unknown field .*namespace/],
    [security, 'no more than a name', 'spec', undefined, /required property spec/],
    [client, 'slashes treated in no way', 'spec/path/escapedSlashesAction', 'Reject', /allowed values/],
    [client, 'slashes as Envoy itself calls it', 'spec/path/mergeSlashes', false, /unknown field/],
    [client, 'underscores treated in no way', 'spec/headers/withUnderscoresAction', 'Drop', /allowed values/],
    [client, 'headers taken away too late to be known', 'spec/headers/requestHeaders', {}, /unknown field/],
    [client, 'a name of no header', 'spec/headers/earlyRequestHeaders/removed', ['Remote-User'], /unknown field/],
    [
      client,
      'more names than there may be',
      'spec/headers/earlyRequestHeaders/remove',
      names(65),
      /more than 64 items/,
    ],
    [
      client,
      'an expression of no kind',
      'spec/headers/earlyRequestHeaders/removeOnMatch/0/type',
      'Regex',
      /allowed values/,
    ],
    [
      client,
      'an expression of nothing',
      'spec/headers/earlyRequestHeaders/removeOnMatch/0/value',
      undefined,
      /property value/,
    ],
    [client, 'a target that is no Gateway', 'spec/targetRefs/0/kind', 'HTTPRoute', /target/],
  ])('%i: %s', async (which, _, path, value, says) => {
    const document = (await parsed('gateway-api'))[which] ?? null;
    expect(kubernetesRefusals(changed(document, path, value)).join('\n')).toMatch(says);
  });
});

function names(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `x-header-${i}`);
}
