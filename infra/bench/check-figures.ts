import type { LoadResult } from './check-load.ts';
import type { ServerKind } from './check-server.ts';

/** One row of the table. */
export type Case = {
  readonly name: string;
  readonly says: string;
  readonly server: string;
  readonly kind: ServerKind;
  readonly visitors: 'one' | 'many' | 'fresh';
  readonly forwarded: boolean;
  /** Name of the bare server's row with the same requests. */
  readonly against: string;
  /** Least share of the bare server's rate. */
  readonly target?: number;
};

/** What came of one case: medians over all slices of all rounds. */
export type Measured = {
  /** Requests a second. */
  readonly rate: number;
  /** The rate over the bare server's in the same sweep. */
  readonly share: number;
  /** Microseconds of the server's processor time for a request. */
  readonly cost: number;
  /** The bare server's cost over this one's: the share that would be left if nothing else used the machine. */
  readonly costShare: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Over the bare server's in the same round. */
  readonly p99Share: number;
};

/** A case and what came of it. */
export type Figures = Case & Measured;

/** The middle one of what is there; NaN of nothing. */
export function median(values: readonly (number | undefined)[]): number {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

/** Figures of one case. Ratios are taken between neighbours in time, and the median of those: see `share`. */
export function figures<One extends Pick<Case, 'name' | 'against'>>(
  one: One,
  rounds: readonly ReadonlyMap<string, LoadResult>[],
): One & Measured {
  const pairs = rounds.flatMap((round) => {
    const [result, base] = [round.get(one.name), round.get(one.against)];
    return result && base ? [{ result, base }] : [];
  });
  const ratios = (a: readonly (number | undefined)[], b: readonly (number | undefined)[]) =>
    a.map((value, i) => {
      const other = b[i];
      return value === undefined || other === undefined ? undefined : value / other;
    });
  return {
    ...one,
    rate: median(pairs.flatMap(({ result }) => result.rates)),
    share: median(pairs.flatMap(({ result, base }) => ratios(result.rates, base.rates))),
    cost: median(pairs.flatMap(({ result }) => result.costs)),
    costShare: median(pairs.flatMap(({ result, base }) => ratios(base.costs, result.costs))),
    p50: median(pairs.map(({ result }) => result.p50)),
    p99: median(pairs.map(({ result }) => result.p99)),
    p99Share: median(pairs.map(({ result, base }) => result.p99 / base.p99)),
  };
}

/** The table for people. */
export function table(rows: readonly (Pick<Case, 'says' | 'target'> & Measured)[]): string {
  const cells = [
    ['', 'requests/s', 'of bare', 'target', 'CPU µs', 'of bare', 'p50 ms', 'p99 ms', 'of bare'],
    ...rows.map((row) => [
      row.says,
      row.rate.toFixed(0),
      row.share.toFixed(3),
      row.target?.toFixed(2) ?? '',
      row.cost.toFixed(1),
      (1 / row.costShare).toFixed(2),
      row.p50.toFixed(2),
      row.p99.toFixed(2),
      row.p99Share.toFixed(2),
    ]),
  ];
  const widths = cells[0]?.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0))) ?? [];
  return cells
    .map((row) => row.map((cell, i) => (i ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join('  '))
    .join('\n');
}

const rounded = (value: number | undefined): number | null =>
  value === undefined || !Number.isFinite(value) ? null : Math.round(value * 1000) / 1000;

/** The figures for programs: shares of the bare server's rate by the case's name, null for what was not measured. */
export function summary(rows: readonly Figures[]): Record<string, unknown> {
  const named = (name: string) => rows.find((row) => row.name === name);
  const names = ['ratio', 'route', 'firstSight', 'rotating', 'self'];
  return {
    ...Object.fromEntries(names.map((name) => [name, rounded(named(name)?.share)])),
    p99Ratio: rounded(named('ratio')?.p99Share),
    /** The same by processor time: steadier where others use the machine too. */
    byCpu: Object.fromEntries(names.map((name) => [name, rounded(named(name)?.costShare)])),
    targetsMet: rows.every(({ target, share }) => target === undefined || share >= target),
    cases: Object.fromEntries(
      rows.map(({ name, rate, cost, p50, p99 }) => [
        name,
        { rate: Math.round(rate), cpuMicroseconds: rounded(cost), p50: rounded(p50), p99: rounded(p99) },
      ]),
    ),
  };
}
