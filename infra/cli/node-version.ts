/** The oldest Node that this runs on, as `engines` in package.json says. */
export const oldestNode = '22.18';

/**
 * What is wrong with a Node.
 *
 * @param version Its own, such as `20.20.2`.
 * @returns `undefined` for one that is new enough.
 */
export function whyTooOld(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = oldestNode.split('.').map(Number);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return undefined;
  return `Crossgate needs Node ${oldestNode} or newer; this is ${version}.`;
}
