import { invalidParameter } from './fault.ts';

/** The parameters of a call, read one by one. Every method throws `InvalidParameterException` for the wrong type. */
export type Parameters = {
  /** @throws ApiFault where it is missing or empty. */
  text(name: string): string;
  optionalText(name: string): string | undefined;
  flag(name: string): boolean;
  /** @throws ApiFault outside of `least` and `most`. */
  number(name: string, least: number, most: number): number | undefined;
  /** @throws ApiFault where it is neither missing nor a list of strings. */
  texts(name: string): readonly string[] | undefined;
  /** A map of strings; empty where it is missing. */
  map(name: string): Readonly<Record<string, string>>;
  /** A list of `{ Name, Value }`; empty where it is missing. The last one of a name counts. */
  attributes(name: string): Readonly<Record<string, string>>;
};

const constraint = (value: unknown, name: string, says: string) =>
  invalidParameter(
    `1 validation error detected: Value ${value === undefined ? 'null' : `'${String(value)}'`} at '${
      name.charAt(0).toLowerCase() + name.slice(1)
    }' failed to satisfy constraint: Member must ${says}`,
  );

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @param body Parsed JSON; anything but an object has no parameters. */
export function readParameters(body: unknown): Parameters {
  const given: Readonly<Record<string, unknown>> = isRecord(body) ? body : {};
  const optionalText = (name: string) => {
    const value = given[name] ?? undefined;
    if (value !== undefined && typeof value !== 'string') throw constraint('…', name, 'be a string');
    return value;
  };
  return {
    optionalText,
    text(name) {
      const value = optionalText(name);
      if (value === undefined) throw constraint(undefined, name, 'not be null');
      if (value === '') throw constraint('', name, 'have length greater than or equal to 1');
      return value;
    },
    flag: (name) => given[name] === true,
    number(name, least, most) {
      const value = given[name] ?? undefined;
      if (value === undefined) return undefined;
      if (typeof value !== 'number' || !Number.isInteger(value)) throw constraint('…', name, 'be a whole number');
      if (value > most) throw constraint(value, name, `have value less than or equal to ${most}`);
      if (value < least) throw constraint(value, name, `have value greater than or equal to ${least}`);
      return value;
    },
    texts(name) {
      const value = given[name] ?? undefined;
      if (value === undefined) return undefined;
      if (Array.isArray(value) && value.every((one): one is string => typeof one === 'string')) return value;
      throw constraint('…', name, 'be a list of strings');
    },
    map(name) {
      const value = given[name] ?? {};
      if (!isRecord(value)) throw constraint('…', name, 'be a map');
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, String(one)]));
    },
    attributes(name) {
      const value = given[name] ?? [];
      if (!Array.isArray(value)) throw constraint('…', name, 'be a list');
      return Object.fromEntries(
        value.map((one: unknown) => {
          if (!isRecord(one) || typeof one.Name !== 'string') throw constraint(undefined, 'name', 'not be null');
          return [one.Name, typeof one.Value === 'string' ? one.Value : ''];
        }),
      );
    },
  };
}
