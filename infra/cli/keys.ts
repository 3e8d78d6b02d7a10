import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { generateKeyFile } from '../../shared/keys/keyring.ts';
import type { SigningAlgorithm } from '../../shared/keys/signing.ts';
import { CliError, type Console, exits } from './console.ts';

export type GenerateOptions = {
  readonly algorithm: SigningAlgorithm;
  /** Write to this file, which must not be there yet, readable by its owner alone. */
  readonly out?: string;
  /** Print even to a screen. */
  readonly force?: boolean;
};

/** Makes a key file. It is all secret, so it isn't put on a screen unasked. */
export function runKeysGenerate({ algorithm, out, force }: GenerateOptions, console: Console): number {
  if (out === undefined && console.isScreen && !force) {
    throw new CliError(
      exits.usage,
      'The keys would be shown on the screen. Use --out keys.json, or redirect the output, or --force.',
    );
  }
  const text = JSON.stringify(generateKeyFile(algorithm), null, 2);
  if (out === undefined) {
    console.out(text);
    return exits.fine;
  }
  try {
    writeFileSync(resolve(console.cwd, out), `${text}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'EEXIST' ? 'is there already, and keys are not overwritten' : `cannot be written (${code})`;
    throw new CliError(exits.wrong, `${out} ${why}.`);
  }
  console.err(`Wrote ${out}. Point CROSSGATE_KEYS_FILE at it; keep it out of version control.`);
  return exits.fine;
}
