import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Clock, type Seconds, systemClock } from '../../shared/clock.ts';
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
  const present = readKeyFile(file, console);
  const use = options.use ?? Object.keys(present);
  const unknown = use.find((one) => !Object.hasOwn(present, one));
  if (unknown !== undefined)
    throw new CliError(exits.usage, `${file} has no ${unknown} keys, but ${Object.keys(present).join(', ')}.`);
  const rotated = rotateKeys(present, { now: clock(), uses: use, settle, keep, leaked });
  const text = `${JSON.stringify(rotated.file, null, 2)}\n`;
  assertKeyFile(text);
  const changes = rotated.steps.some(({ done }) => done !== 'waits');
  if (!dryRun && changes) replace(file, text, console);
  if (json) console.out(JSON.stringify(rotated.steps));
  else for (const step of rotated.steps) console.out(inWords(step, leaked, dryRun));
  if (changes && !dryRun) {
    const isEdge = Object.hasOwn(present, 'signing');
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

/** @throws ConfigError unless it is a gateway's key file, or a site's. */
function assertKeyFile(text: string): void {
  if (isEdgeFile(text)) readEdgeKeyFile(text);
  else createKeyring(text);
}

/** Only whose it means to be: reading it says whether it is one. */
function isEdgeFile(text: string): boolean {
  try {
    return Object.hasOwn(Object(JSON.parse(text)), 'signing');
  } catch {
    // no JSON: the keyring says so, without quoting it
    return false;
  }
}

/** All of it or nothing: whoever starts meanwhile reads the one file or the other. */
function replace(file: string, text: string, console: Console): void {
  const path = resolve(console.cwd, file);
  try {
    writeFileSync(`${path}.new`, text, { mode: 0o600, flag: 'wx' });
    renameSync(`${path}.new`, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'EEXIST' ? 'is being written by somebody else: remove it if that is not so' : `failed (${code})`;
    throw new CliError(exits.wrong, `${file}.new ${why}. ${file} is as it was.`);
  }
}

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
