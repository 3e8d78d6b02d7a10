import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import type { Milliseconds } from '../../shared/clock.ts';
import { zipOf } from '../cli/zip.ts';
import { type Bundle, buildTriggers } from '../local/bundles.ts';

/** What a bundle costs at a cold start. Sizes are of 1,024 bytes, memory of 1,024 times that. */
export type BundleFigures = {
  readonly importMs: Milliseconds;
  /** The quickest process: what the import costs where nobody else wants the machine. */
  readonly quickestMs: Milliseconds;
  readonly zipKB: number;
  /** Resident memory of the process, once the bundle is imported. */
  readonly rssMB: number;
  /** And after a hundred events; absent where there are none to send. */
  readonly rssAfterMB?: number;
};

/**
 * Measures bundles, each import in a fresh process of this Node. The bundles take turns. The process itself is a bundle
 * too: TypeScript that Node strips would count as memory and time of theirs.
 *
 * @param outDir For that bundle.
 * @param processes For each bundle; odd.
 * @param events What a bundle's handler is sent, a hundred times, by the bundle's name.
 */
export async function measureBundles(
  bundles: readonly Bundle[],
  processes: number,
  env: Readonly<Record<string, string>>,
  events: Readonly<Record<string, readonly object[]>>,
  outDir: string,
): Promise<ReadonlyMap<string, BundleFigures>> {
  const entry = { name: 'trigger-process', entry: 'infra/bench/trigger-process.ts' };
  const [child] = await buildTriggers({ outDir, entries: [entry] });
  const run = (file: string, sent?: readonly object[]) => runChild([child?.file ?? '', file], env, sent);
  const imports = new Map<string, Ran[]>(bundles.map(({ name }) => [name, []]));
  for (let i = 0; i < processes; i++) {
    for (const { name, file } of bundles) imports.get(name)?.push(await run(file));
  }
  const figures = new Map<string, BundleFigures>();
  for (const { name, file } of bundles) {
    const ran = imports.get(name) ?? [];
    const sent = events[name];
    const { invoked } = sent ? await run(file, sent) : {};
    figures.set(name, {
      importMs: median(ran.map(({ importMs }) => importMs)),
      quickestMs: Math.min(...ran.map(({ importMs }) => importMs)),
      zipKB: zipOf(`${name}.mjs`, readFileSync(file)).length / 1024,
      rssMB: median(ran.map(({ imported }) => imported)),
      ...(invoked !== undefined && { rssAfterMB: invoked }),
    });
  }
  return figures;
}

/** The middle one. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

type Ran = { readonly importMs: Milliseconds; readonly imported: number; readonly invoked?: number };

async function runChild(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  events?: readonly object[],
): Promise<Ran> {
  const node = spawn(process.execPath, [...args, ...(events ? ['100'] : [])], {
    env: { PATH: process.env.PATH, AWS_REGION: 'us-east-1', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  node.stdin.end(JSON.stringify(events ?? []));
  const [out, err, [code]] = await Promise.all([text(node.stdout), text(node.stderr), once(node, 'exit')]);
  if (code !== 0) throw new Error(`${args.at(-1)} ended with ${String(code)}: ${err.trim()}`);
  return JSON.parse(out.trim().split('\n').at(-1) ?? '') as Ran;
}
