/**
 * Sets members of a recorded event, as in `request.userAttributes.email=x@acme.test`.
 *
 * The path's parts are separated by dots; a part that has dots of its own can't be said. A number among them is a place in
 * a list. What stands behind the first `=` is taken as JSON where it is some, and as text otherwise. What is missing on
 * the way is made.
 *
 * @returns A copy.
 * @throws Error in a sentence where there is no `=`, or the path leads through a text or number.
 */
export function overrideEvent(event: unknown, overrides: readonly string[]): unknown {
  const copy = structuredClone(event);
  for (const override of overrides) {
    const mark = override.indexOf('=');
    if (mark < 1) throw new Error(`--set ${override}: is written path=value, as in request.userAttributes.email=x`);
    set(copy, override.slice(0, mark).split('.'), meant(override.slice(mark + 1)), override);
  }
  return copy;
}

function set(event: unknown, path: readonly string[], value: unknown, override: string): void {
  let inner = event;
  path.forEach((part, i) => {
    if (typeof inner !== 'object' || inner === null) {
      throw new Error(`--set ${override}: ${path.slice(0, i).join('.') || 'the event'} is no object`);
    }
    const holder = inner as Record<string, unknown>;
    // never a member that every object has: it is not of the event
    const own = Object.hasOwn(holder, part) ? holder[part] : undefined;
    const next = i === path.length - 1 ? value : (own ?? {});
    Object.defineProperty(holder, part, { value: next, enumerable: true, configurable: true, writable: true });
    inner = next;
  });
}

function meant(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
