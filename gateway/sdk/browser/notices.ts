/** Tells whoever opens the console what to fix. Each text once. */
export type Notices = {
  /** Something is set up wrongly. */
  warn(text: string): void;
  /** Something is as it is, and explains what follows. */
  info(text: string): void;
};

export function createNotices(): Notices {
  const said = new Set<string>();
  const once = (say: (text: string) => void) => (text: string) => {
    if (!said.has(text)) say(`[crossgate] ${text}`);
    said.add(text);
  };
  return {
    // biome-ignore lint/suspicious/noConsole: whoever builds the app looks for it there, and nowhere else
    warn: once((text) => console.warn(text)),
    // biome-ignore lint/suspicious/noConsole: the same
    info: once((text) => console.info(text)),
  };
}
