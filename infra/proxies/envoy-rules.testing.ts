import type { Json } from './parsed.testing.ts';

/** One kind of rule of protoc-gen-validate, such as `string`, with its conditions: `{ min_len: 1 }`. */
type Conditions = { readonly [name: string]: Json };

type Check = (value: Json, bound: Json) => boolean;

const bytes = (value: Json) => Buffer.byteLength(String(value));
const size = (value: Json) => (Array.isArray(value) ? value.length : Object.keys(value ?? {}).length);
const texts = (list: Json) => (Array.isArray(list) ? list.map(String) : [String(list)]);

/** Does a value keep a condition? Seconds, where a bound is a duration. */
const checks: Readonly<Record<string, Check>> = {
  const: (value, bound) => String(value) === String(bound),
  in: (value, bound) => texts(bound).includes(String(value)),
  not_in: (value, bound) => !texts(bound).includes(String(value)),
  gt: (value, bound) => numberOf(value) > numberOf(bound),
  gte: (value, bound) => numberOf(value) >= numberOf(bound),
  lt: (value, bound) => numberOf(value) < numberOf(bound),
  lte: (value, bound) => numberOf(value) <= numberOf(bound),
  min_len: (value, bound) => [...String(value)].length >= Number(bound),
  max_len: (value, bound) => [...String(value)].length <= Number(bound),
  min_bytes: (value, bound) => bytes(value) >= Number(bound),
  max_bytes: (value, bound) => bytes(value) <= Number(bound),
  prefix: (value, bound) => String(value).startsWith(String(bound)),
  suffix: (value, bound) => String(value).endsWith(String(bound)),
  pattern: (value, bound) => new RegExp(String(bound), 'u').test(String(value)),
  well_known_regex: (value, bound) =>
    bound === 'HTTP_HEADER_NAME'
      ? /^:?[0-9a-zA-Z!#$%&'*+.^_|~`-]+$/.test(String(value))
      : [...String(value)].every((c) => c === '\t' || (c >= ' ' && c !== '\x7f')),
  min_items: (value, bound) => size(value) >= Number(bound),
  max_items: (value, bound) => size(value) <= Number(bound),
  min_pairs: (value, bound) => size(value) >= Number(bound),
  max_pairs: (value, bound) => size(value) <= Number(bound),
  unique: (value) => !Array.isArray(value) || new Set(value.map((one) => JSON.stringify(one))).size === value.length,
  // who reads a message looks after these: presence, enums, the items themselves, and how strict a pattern is
  ...Object.fromEntries(
    ['required', 'defined_only', 'ignore_empty', 'strict', 'items', 'keys', 'values', 'skip'].map((name) => [
      name,
      () => true,
    ]),
  ),
};

function numberOf(value: Json): number {
  if (typeof value === 'string' && value.endsWith('s')) return Number(value.slice(0, -1));
  if (typeof value !== 'object' || value === null) return Number(value);
  const { seconds = 0, nanos = 0 } = value as { seconds?: number; nanos?: number };
  return Number(seconds) + Number(nanos) / 1e9;
}

/**
 * Conditions that a value breaks.
 *
 * @throws Error for a condition that is not known here: none is passed over.
 * @see https://github.com/bufbuild/protoc-gen-validate
 */
export function broken(conditions: Conditions, value: Json): string[] {
  if (conditions.ignore_empty === true && value === '') return [];
  return Object.entries(conditions).flatMap(([name, bound]) => {
    const check = checks[name];
    if (check === undefined) throw new Error(`unknown rule of protoc-gen-validate: ${name}`);
    return check(value, bound) ? [] : [`breaks ${name} ${JSON.stringify(bound)}`];
  });
}
