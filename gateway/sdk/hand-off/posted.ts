import type { Body, Incoming } from '../incoming.ts';

/**
 * The text under a name in a posted JSON object or form, however it reaches us: unread, or parsed by the app before.
 *
 * @param type Media type that the request has to name.
 * @returns `undefined`: another type, too long, malformed, or no such object.
 */
export async function readPosted(
  incoming: Incoming,
  type: 'application/json' | 'application/x-www-form-urlencoded',
  longest: number,
): Promise<((name: string) => string | undefined) | undefined> {
  const [named = ''] = (incoming.header('content-type') ?? '').split(';');
  if (named.trim().toLowerCase() !== type) return undefined;
  const fields = fieldsOf(await incoming.body(longest), type);
  return (
    fields &&
    ((name) => {
      const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
      return typeof value === 'string' && value.length <= longest ? value : undefined;
    })
  );
}

function fieldsOf(body: Body, type: string): Readonly<Record<string, unknown>> | undefined {
  if (body.kind === 'too_large') return undefined;
  if (body.kind === 'parsed') return objectOf(body.value);
  if (type === 'application/json') {
    try {
      return objectOf(JSON.parse(body.text));
    } catch {
      // no JSON
      return undefined;
    }
  }
  const form = new URLSearchParams(body.text);
  // what is there twice is nobody's
  return Object.fromEntries([...form].filter(([name]) => form.getAll(name).length === 1));
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
