/** What `crossgate build lambda-edge` replaces in a prebuilt function. It stands in each exactly once. */
const placeholder: string = '@@CROSSGATE_EDGE_SETTINGS@@';

/**
 * The settings of this function: at the edge there is no environment to read them from. They were checked when they were
 * put in.
 *
 * @throws Error where they were not.
 */
export const readSlot = <Settings>(): Settings => parse(placeholder);

function parse<Settings>(text: string): Settings {
  if (text.startsWith('@@')) throw new Error('This function has no settings yet: crossgate build lambda-edge');
  return JSON.parse(text) as Settings;
}
