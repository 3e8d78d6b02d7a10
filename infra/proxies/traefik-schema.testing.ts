import { kubernetesRefusals } from './kubernetes-schema.testing.ts';
import { at, type Json } from './parsed.testing.ts';
import { readExpression, ruleRefusal } from './traefik-rule.testing.ts';

type Fields = { readonly [key: string]: Json };
type Check = (value: Json, path: string) => string[];

const isFields = (value: Json | undefined): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const of =
  (says: string, holds: (value: Json) => boolean): Check =>
  (value, path) =>
    holds(value) ? [] : [`${path}: ${says}`];

const text = of('no text', (value) => typeof value === 'string' && value !== '');
const truth = of('no truth value', (value) => typeof value === 'boolean');
const origin = of('no origin', (value) => /^https?:\/\/[^/]+$/.test(String(value)) && URL.canParse(String(value)));

const list =
  (check: Check): Check =>
  (value, path) =>
    Array.isArray(value) && value.length > 0
      ? (value as readonly Json[]).flatMap((one, i) => check(one, `${path}/${i}`))
      : [`${path}: no list`];

const mapOf =
  (check: Check): Check =>
  (value, path) =>
    isFields(value) ? Object.entries(value).flatMap(([key, one]) => check(one, `${path}/${key}`)) : [`${path}: no map`];

/** Fields with their checks; those whose name ends in `?` may be missing. Traefik refuses a file with any other. */
const fields =
  (known: Readonly<Record<string, Check>>): Check =>
  (value, path) => {
    if (!isFields(value)) return [`${path}: no map`];
    return [
      ...Object.keys(value).flatMap((key) =>
        key in known || `${key}?` in known ? [] : [`${path}/${key}: no such field`],
      ),
      ...Object.entries(known).flatMap(([name, check]) => {
        const inner = value[name.replace('?', '')];
        if (inner !== undefined) return check(inner, `${path}/${name.replace('?', '')}`);
        return name.endsWith('?') ? [] : [`${path}/${name}: missing`];
      }),
    ];
  };

/** A middleware means in a file what it means in a cluster, where it has a schema. */
const middleware: Check = (value, path) => {
  const metadata = { name: 'one' };
  const refused = kubernetesRefusals({ apiVersion: 'traefik.io/v1alpha1', kind: 'Middleware', metadata, spec: value });
  const expression = at(value, 'forwardAuth/authResponseHeadersRegex');
  return [
    ...refused.map((one) => `${path}: ${one}`),
    ...(isFields(value) && Object.keys(value).length !== 1 ? [`${path}: not one middleware`] : []),
    ...(isFields(at(value, 'forwardAuth')) && !at(value, 'forwardAuth/address') ? [`${path}: asks nobody`] : []),
    ...(typeof expression === 'string' ? compiles(expression, path) : []),
  ];
};

function compiles(expression: string, path: string): string[] {
  try {
    readExpression(expression);
    return [];
  } catch (error) {
    return [`${path}: ${error instanceof Error ? error.message : error}`];
  }
}

const file = fields({
  http: fields({
    routers: mapOf(
      fields({
        rule: (value, path) => {
          const refused = ruleRefusal(String(value));
          return refused === undefined ? [] : [`${path}: ${refused}`];
        },
        entryPoints: list(text),
        middlewares: list(text),
        service: text,
        'tls?': fields({}),
      }),
    ),
    middlewares: mapOf(middleware),
    services: mapOf(
      fields({ loadBalancer: fields({ 'passHostHeader?': truth, servers: list(fields({ url: origin })) }) }),
    ),
  }),
  'tls?': fields({ certificates: list(fields({ certFile: text, keyFile: text })) }),
});

/**
 * What Traefik would refuse in a file of its file provider, of the fields that are printed here: others are refused, known
 * to Traefik or not. Middlewares go by their schema.
 *
 * @see https://doc.traefik.io/traefik/reference/routing-configuration/other-providers/file/
 */
export function traefikRefusals(root: Json): string[] {
  const refused = file(root, '');
  if (refused.length > 0) return refused;
  const has = (kind: string, name: Json) => at(root, `http/${kind}`) !== undefined && at(root, `http/${kind}/${name}`);
  return Object.entries(
    at(root, 'http/routers') as { [name: string]: { middlewares: string[]; service: string } },
  ).flatMap(([name, { middlewares, service }]) => [
    ...middlewares.flatMap((one) => (has('middlewares', one) ? [] : [`${name}: no such middleware: ${one}`])),
    ...(has('services', service) ? [] : [`${name}: no such service: ${service}`]),
  ]);
}
