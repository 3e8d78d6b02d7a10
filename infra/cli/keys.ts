import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { resolve } from 'node:path';
import { type Clock, type Seconds, systemClock } from '../../shared/clock.ts';
import { ConfigError } from '../../shared/config.ts';
import { createKeyring, generateKeyFile } from '../../shared/keys/keyring.ts';
import {
  type KeyEntry,
  listKeys,
  type RotatableFile,
  type RotationStep,
  rotateKeys,
} from '../../shared/keys/rotation.ts';
import type { SigningAlgorithm } from '../../shared/keys/signing.ts';
import { inColumns } from './columns.ts';
import { CliError, type Console, exits } from './console.ts';
import { generateEdgeKeyFile, readEdgeKeyFile } from './edge/key-file.ts';

export type GenerateOptions = {
  readonly algorithm: SigningAlgorithm;
  /** Whose keys: a site at the edge never has a gateway's. Default: a gateway's. */
  readonly for?: 'gateway' | 'edge';
  /** Write to this file, which must not be there yet, readable by its owner alone. */
  readonly out?: string;
  /** Print even to a screen. */
  readonly force?: boolean;
};

/** Makes a key file. It is all secret, so it isn't put on a screen unasked. */
export function runKeysGenerate(options: GenerateOptions, console: Console): number {
  const { algorithm, out, force } = options;
  if (out === undefined && console.isScreen && !force) {
    throw new CliError(
      exits.usage,
      'The keys would be shown on the screen. Use --out keys.json, or redirect the output, or --force.',
    );
  }
  const file = options.for === 'edge' ? generateEdgeKeyFile() : generateKeyFile(algorithm);
  const text = JSON.stringify(file, null, 2);
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
  const next = options.for === 'edge' ? 'Name it in edge.json as keysFile' : 'Point CROSSGATE_KEYS_FILE at it';
  console.err(`Wrote ${out}. ${next}; keep it out of version control.`);
  return exits.fine;
}

export type ListOptions = {
  readonly file: string;
  readonly json?: boolean;
};

/** Shows what each key of a file is for now; nothing secret. */
export function runKeysList({ file, json }: ListOptions, console: Console): number {
  const keys = listKeys(readKeyFile(file, console));
  if (json) {
    console.out(JSON.stringify(keys));
    return exits.fine;
  }
  const rows = keys.map((key) => [key.use, key.kid, key.algorithm, key.state, sinceOf(key)]);
  console.out(inColumns([['use', 'kid', 'algorithm', 'state', ''], ...rows]));
  return exits.fine;
}

export type RotateOptions = {
  readonly file: string;
  /** Only these keys; unset: all. */
  readonly use?: readonly string[];
  readonly settle: Seconds;
  readonly keep: Seconds;
  readonly leaked?: boolean;
  /** Say what would be done, and write nothing. */
  readonly dryRun?: boolean;
  readonly json?: boolean;
};

/** Takes a key file one step on, in place. */
export function runKeysRotate(options: RotateOptions, console: Console, clock: Clock = systemClock): number {
  const { file, settle, keep, leaked = false, dryRun, json } = options;
  let steps: readonly RotationStep[] = [];
  let use: readonly string[] = [];
  let isEdge = false;
  const step = (present: RotatableFile): string | undefined => {
    isEdge = Object.hasOwn(present, 'signing');
    use = options.use ?? Object.keys(present);
    const unknown = use.find((one) => !Object.hasOwn(present, one));
    if (unknown !== undefined)
      throw new CliError(exits.usage, `${file} has no ${unknown} keys, but ${Object.keys(present).join(', ')}.`);
    const rotated = rotateKeys(present, { now: clock(), uses: use, settle, keep, leaked });
    steps = rotated.steps;
    if (JSON.stringify(rotated.file) === JSON.stringify(present)) return undefined;
    const text = `${JSON.stringify(rotated.file, null, 2)}\n`;
    assertKeyFile(text);
    return text;
  };
  if (dryRun) step(readKeyFile(file, console));
  else replace(file, step, console);
  if (json) console.out(JSON.stringify(steps));
  else for (const one of steps) console.out(inWords(one, leaked, dryRun));
  if (!dryRun && steps.some(({ done }) => done !== 'waits')) {
    const [now, later] = isEdge
      ? ['Build the functions with it and deploy them now.', 'Build the functions with it and deploy them']
      : ['Restart every gateway with it now.', 'Restart the gateways with it, one after the other'];
    const lost = isEdge || use.includes('sealing') ? ': people sign in again' : '';
    console.err(
      leaked
        ? `Wrote ${file}. ${now} What the old keys made counts no longer${lost}.`
        : `Wrote ${file}. ${later}; nobody is signed out by that.`,
    );
  }
  return exits.fine;
}

function readKeyFile(file: string, console: Console): RotatableFile {
  let text: string;
  try {
    text = readFileSync(resolve(console.cwd, file), 'utf8');
  } catch (error) {
    throw new CliError(exits.wrong, `${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
  assertKeyFile(text);
  return JSON.parse(text) as RotatableFile;
}

/** @throws ConfigError unless it is a gateway's key file, or a site's, with times that are times. */
function assertKeyFile(text: string): void {
  if (isEdgeFile(text)) readEdgeKeyFile(text);
  else createKeyring(text);
  const mistakes = Object.entries(JSON.parse(text) as RotatableFile).flatMap(([use, keys]) =>
    keys.flatMap((key, i) =>
      (['created', 'retired'] as const)
        .filter((time) => key[time] !== undefined && !(Number.isSafeInteger(key[time]) && isDate(key[time])))
        .map((time) => ({ where: `keys.${use}.${i}.${time}`, says: 'must be seconds since 1970' })),
    ),
  );
  if (mistakes.length > 0) throw new ConfigError(mistakes);
}

const isDate = (time: Seconds): boolean => time >= 0 && !Number.isNaN(new Date(time * 1000).getTime());

/** Only whose it means to be: reading it says whether it is one. */
function isEdgeFile(text: string): boolean {
  try {
    return Object.hasOwn(Object(JSON.parse(text)), 'signing');
  } catch {
    // no JSON: the keyring says so, without quoting it
    return false;
  }
}

/**
 * All of it or nothing: whoever starts meanwhile reads the one file or the other. The new one is begun before the old one is
 * read, so that of two runs at once neither works on what the other is about to replace.
 *
 * @param change Makes the new text; `undefined` where there is nothing to change.
 */
function replace(file: string, change: (present: RotatableFile) => string | undefined, console: Console): void {
  // what a link leads to, which is what others read
  const path = realPath(file, console);
  const place = `${path}.new`;
  let handle: number | undefined;
  try {
    handle = openSync(place, 'wx', 0o600);
    const text = change(readKeyFile(path, console));
    if (text === undefined) {
      rmSync(place);
    } else {
      const { uid, gid, mode } = statSync(path);
      const made = fstatSync(handle);
      // by root for a gateway that is not, or that reads by its group
      if (uid !== made.uid || gid !== made.gid) fchownSync(handle, uid, gid);
      fchmodSync(handle, mode & 0o640);
      writeFileSync(handle, text);
      fsyncSync(handle);
      renameSync(place, path);
    }
  } catch (error) {
    if (handle !== undefined) rmSync(place, { force: true });
    if (!isSystemError(error)) throw error;
    const why =
      error.code === 'EEXIST'
        ? 'is being written by somebody else: remove it if that is not so'
        : `failed (${error.code})`;
    throw new CliError(exits.wrong, `${place} ${why}. ${file} is as it was.`);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function realPath(file: string, console: Console): string {
  try {
    return realpathSync(resolve(console.cwd, file));
  } catch (error) {
    throw new CliError(exits.wrong, `${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error && 'code' in error;

function inWords({ use, kid, algorithm, done, until }: RotationStep, leaked: boolean, dryRun = false): string {
  const would = dryRun ? 'would be ' : '';
  const words = {
    removed: `${would}removed`,
    promoted: dryRun ? 'would sign from now on' : 'signs from now on',
    added: `${would}added; signs ${leaked ? 'from now on' : 'after the next rotation'}`,
    waits: `waits until ${moment(until ?? 0)}, so that everybody knows it before it signs`,
  };
  return `${use} ${algorithm} ${kid}: ${words[done]}`;
}

function sinceOf({ created, retired }: KeyEntry): string {
  if (retired !== undefined) return `until ${moment(retired)}`;
  return created === undefined ? '' : `made ${moment(created)}`;
}

const moment = (time: Seconds): string => `${new Date(time * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
