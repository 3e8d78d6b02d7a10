import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runCommand } from '../cli/console.testing.ts';
import { unzip } from '../cli/edge/unzip.testing.ts';
import { buildEdgeFunctions } from '../release/edge-functions.ts';
import type { Deployed } from './cloudfront-server.testing.ts';

/** A function out of its zip file, not yet running. */
export type Unpacked = {
  readonly name: string;
  readonly event: Deployed['event'];
  readonly paths: readonly string[];
  /** `file:` URL of the module. */
  readonly url: string;
};

/** Made once a process. */
let prebuilt: Promise<string> | undefined;

async function prebuild(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'crossgate-edge-prebuilt-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  await buildEdgeFunctions(folder);
  return folder;
}

/** Fills the functions by `crossgate build lambda-edge`, and unpacks the zip files that it makes. */
export async function buildFunctions(config: object, folder: string): Promise<Unpacked[]> {
  prebuilt ??= prebuild();
  writeFileSync(join(folder, 'edge.json'), JSON.stringify(config));
  const args = ['build', 'lambda-edge', '-c', 'edge.json', '-o', 'out', '--bundles', await prebuilt];
  const ran = await runCommand(args, { cwd: folder });
  if (ran.exit !== 0) throw new Error(ran.err);
  type Behaviour = Pick<Unpacked, 'event' | 'paths'> & { readonly file: string };
  const behaviours = JSON.parse(readFileSync(join(folder, 'out/behaviours.json'), 'utf8')) as Behaviour[];
  return behaviours.map(({ file, event, paths }) => {
    const { name, content } = unzip(readFileSync(join(folder, 'out', file)));
    const place = join(folder, 'run', file);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, name), content);
    return { name: file.replace('.zip', ''), event, paths, url: pathToFileURL(join(place, name)).href };
  });
}

/** The functions loaded into this process, whose clock they go by. */
export async function importFunctions(unpacked: readonly Unpacked[]): Promise<Deployed[]> {
  return await Promise.all(
    unpacked.map(async ({ event, paths, url }) => {
      const { handler } = (await import(url)) as Pick<Deployed, 'handler'>;
      return { event, paths, handler } as Deployed;
    }),
  );
}
