import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { CliError, exits } from '../console.ts';
import type { DifferenceKind } from './difference.ts';

/** How many of a kind there are, and how many of them were mended. */
export type DifferenceCount = { found: number; mended: number };

/** What a run has counted so far. */
export type Counts = {
  /** People in the pool. */
  pool: number;
  /** Of them, those who have not confirmed. */
  unconfirmed: number;
  /** Differences so new that they may mend themselves. */
  recent: number;
  /** Rows of this provider's people. */
  rows: number;
  /** Rows without a subject, who wait to be linked by their first sign-in. */
  waiting: number;
  readonly differences: Record<DifferenceKind, DifferenceCount>;
};

/** Where a run stands. */
export type Progress = {
  /** What makes it the same run: another pool or another `--fix` begins anew. */
  readonly run: Readonly<Record<string, string>>;
  pass: 'pool' | 'table';
  /** Of the pool's next page. */
  token?: string | undefined;
  /** Last key of the table's last page. */
  after?: string | undefined;
  /** How many people of the pool were seen. */
  seen: number;
  counts: Counts;
};

/** The file that a run goes on from. */
export type Checkpoint = {
  /** Where an earlier run stopped. @throws CliError for a file of another run, or one that is none. */
  load(run: Progress['run']): Progress | undefined;
  /** Replaces the file as a whole: a crash leaves the old or the new one. */
  save(progress: Progress): void;
  remove(): void;
};

type Kept = Progress & { readonly format: 1 };

/** @param file Absent: nothing is kept. */
export function checkpointAt(file: string | undefined): Checkpoint {
  if (file === undefined) return { load: () => undefined, save: () => {}, remove: () => {} };
  return {
    load(run) {
      const kept = read(file);
      if (!kept) return undefined;
      if (JSON.stringify(kept.run) !== JSON.stringify(run)) {
        throw new CliError(
          exits.usage,
          `${file} belongs to a run with other options (${describe(kept.run)}). Repeat that one, or remove the file.`,
        );
      }
      return kept;
    },
    save(progress) {
      writeFileSync(`${file}.new`, JSON.stringify({ format: 1, ...progress } satisfies Kept), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    },
    remove() {
      for (const one of [file, `${file}.new`, `${file}.seen`]) rmSync(one, { force: true });
    },
  };
}

function read(file: string): Kept | undefined {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Kept;
    if (kept.format === 1) return kept;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (!(error instanceof SyntaxError)) {
      throw new CliError(exits.wrong, `${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
    }
  }
  throw new CliError(exits.wrong, `${file} holds no state of crossgate reconcile. Remove it, or name another file.`);
}

function describe(run: Progress['run']): string {
  return Object.entries(run)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
