import protobuf from 'protobufjs';
import { loadEnvoyProtos } from './envoy-protos.testing.ts';
import { broken } from './envoy-rules.testing.ts';
import type { Json } from './parsed.testing.ts';

type Fields = { readonly [key: string]: Json };
type Rules = { readonly [kind: string]: Fields };

const root = loadEnvoyProtos();
const isFields = (value: Json | undefined): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Messages that JSON writes in a way of their own. */
const wellKnown: Readonly<Record<string, (value: Json) => boolean>> = {
  '.google.protobuf.Duration': (value) => typeof value === 'string' && /^-?\d+(\.\d{1,9})?s$/.test(value),
  '.google.protobuf.Struct': isFields,
  '.google.protobuf.Value': () => true,
  '.google.protobuf.ListValue': (value) => Array.isArray(value),
  '.google.protobuf.Timestamp': (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
};

const whole = (low: number, high: number) => (value: Json) =>
  Number.isInteger(value) && Number(value) >= low && Number(value) <= high;
const [unsigned, signed] = [whole(0, 2 ** 32 - 1), whole(-(2 ** 31), 2 ** 31 - 1)];
const [long, signedLong] = [whole(0, Number.MAX_SAFE_INTEGER), whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)];
const real = (value: Json) => typeof value === 'number';

const scalars: Readonly<Record<string, (value: Json) => boolean>> = {
  string: (value) => typeof value === 'string',
  bytes: (value) => typeof value === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(value),
  bool: (value) => typeof value === 'boolean',
  double: real,
  float: real,
  ...{ uint32: unsigned, fixed32: unsigned, int32: signed, sint32: signed, sfixed32: signed },
  ...{ uint64: long, fixed64: long, int64: signedLong, sint64: signedLong, sfixed64: signedLong },
};

/**
 * What Envoy would refuse in its configuration: fields that its messages don't have (by their names as they are written in
 * the definitions), values of another type, names that an enum doesn't have, two of a oneof, what its rules
 * (protoc-gen-validate) forbid or require, a `typed_config` that isn't one; and fields that are deprecated.
 *
 * @param message Name of the message.
 * @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/bootstrap/v3/bootstrap.proto
 */
export function envoyRefusals(value: Json, message = 'envoy.config.bootstrap.v3.Bootstrap'): string[] {
  return inMessage(root.lookupType(message), value, '');
}

function inMessage(type: protobuf.Type, value: Json, path: string): string[] {
  if (type.fullName === '.google.protobuf.Any') return inAny(value, path);
  const known = wellKnown[type.fullName];
  if (known) return known(value) ? [] : [`${path}: no ${type.name}`];
  const wrapped = /^\.google\.protobuf\.\w+Value$/.test(type.fullName) ? type.fields.value : undefined;
  if (wrapped) return inOne(wrapped, value, path, {});
  if (!isFields(value)) return [`${path}: no ${type.name}`];
  return [
    ...Object.keys(value).flatMap((key) =>
      type.fields[key] ? [] : [`${path}/${key}: ${type.name} has no such field`],
    ),
    ...type.oneofsArray.flatMap((oneof) => inOneof(oneof, value, path)),
    ...type.fieldsArray.flatMap((field) => inField(field, value[field.name], `${path}/${field.name}`)),
  ];
}

function inAny(value: Json, path: string): string[] {
  if (!isFields(value)) return [`${path}: no Any`];
  const { '@type': url, ...rest } = value;
  const [, name] = /^type\.googleapis\.com\/([\w.]+)$/.exec(String(url)) ?? [];
  const type = name === undefined ? null : root.lookup(name, [protobuf.Type], false);
  // lookup finds a message by less than its whole name, too
  return type instanceof protobuf.Type && type.fullName === `.${name}`
    ? inMessage(type, rest, path)
    : [`${path}/@type: no such message: ${url}`];
}

function inOneof(oneof: protobuf.OneOf, value: Fields, path: string): string[] {
  const set = oneof.fieldsArray.filter(({ name }) => name in value).map(({ name }) => name);
  if (set.length > 1) return [`${path}: two of ${oneof.name}: ${set.join(', ')}`];
  return set.length === 0 && option(oneof, '(validate.required)') === true ? [`${path}: nothing of ${oneof.name}`] : [];
}

function inField(field: protobuf.Field, value: Json | undefined, path: string): string[] {
  const rules = (option(field, '(validate.rules)') ?? {}) as Rules;
  if (value === undefined) return absent(field, rules, path);
  if (value === null) return [`${path}: null`];
  const found = field.options?.deprecated === true ? [`${path}: deprecated`] : [];
  if (field instanceof protobuf.MapField) {
    if (!isFields(value)) return [`${path}: no map`];
    const { keys = {}, ...own } = rules.map ?? {};
    return [
      ...found,
      ...report(path, broken(own, value)),
      ...Object.entries(value).flatMap(([key, one]) => [
        ...Object.values(keys as Rules).flatMap((conditions) => report(`${path}/${key}`, broken(conditions, key))),
        ...inOne(field, one, `${path}/${key}`, (own.values ?? {}) as Rules),
      ]),
    ];
  }
  if (!field.repeated) return [...found, ...inOne(field, value, path, rules)];
  if (!Array.isArray(value)) return [`${path}: no list`];
  const { items = {}, ...own } = rules.repeated ?? {};
  return [
    ...found,
    ...report(path, broken(own, value)),
    ...(value as readonly Json[]).flatMap((one, i) => inOne(field, one, `${path}/${i}`, items as Rules)),
  ];
}

/** A field that is left out has its default, and the rules are for that too; one of a oneof, or of a message, has none. */
function absent(field: protobuf.Field, rules: Rules, path: string): string[] {
  if (field.partOf) return [];
  if (Object.values(rules).some(({ required }) => required === true)) return [`${path}: missing`];
  if (field.repeated) return report(path, broken(rules.repeated ?? {}, []));
  if (field instanceof protobuf.MapField) return report(path, broken(rules.map ?? {}, {}));
  const { resolvedType } = field;
  if (resolvedType instanceof protobuf.Type) return [];
  const zero = { string: '', bytes: '', bool: false }[field.type];
  return Object.values(rules).flatMap((conditions) => report(path, broken(conditions, zero ?? 0)));
}

function inOne({ type, resolvedType }: protobuf.Field, value: Json, path: string, rules: Rules): string[] {
  const kept = () => Object.values(rules).flatMap((conditions) => report(path, broken(conditions, value)));
  if (resolvedType instanceof protobuf.Type)
    return [...inMessage(resolvedType, value, path), ...(isFields(value) ? [] : kept())];
  if (resolvedType instanceof protobuf.Enum) {
    if (typeof value !== 'string' || !(value in resolvedType.values)) return [`${path}: not of ${resolvedType.name}`];
    const numbers = Object.values(rules).flatMap((conditions) =>
      report(path, broken(conditions, resolvedType.values[value] ?? 0)),
    );
    return resolvedType.valuesOptions?.[value]?.deprecated === true ? [`${path}: deprecated`] : numbers;
  }
  return scalars[type]?.(value) ? kept() : [`${path}: no ${type}`];
}

const report = (path: string, says: readonly string[]) => says.map((one) => `${path}: ${one}`);

/** An option of a definition, in whichever way it was written: `(a).b = 1` or `(a) = { b: 1 }`. */
function option({ parsedOptions }: protobuf.ReflectionObject, name: string): unknown {
  const all: unknown = parsedOptions;
  const found = Array.isArray(all) ? all.find((one: object) => name in one) : undefined;
  return found?.[name];
}
