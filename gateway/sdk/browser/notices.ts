/**
 * Tells whoever opens the console what to fix; each text once.
 *
 * @param level `info`: nothing is wrong, but it explains what follows. Default: `warn`.
 */
export type Notice = (text: string, level?: 'warn' | 'info') => void;

export function createNotice(): Notice {
  const said = new Set<string>();
  return (text, level = 'warn') => {
    // biome-ignore lint/suspicious/noConsole: whoever builds the app looks for it there, and nowhere else
    if (!said.has(text)) console[level](`[crossgate] ${text}`);
    said.add(text);
  };
}
