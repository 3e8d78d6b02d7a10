import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { unzip } from '../cli/edge/unzip.testing.ts';
import type { Deployed } from './cloudfront-server.testing.ts';

type Behaviour = { readonly file: string; readonly event: Deployed['event']; readonly paths: readonly string[] };

/** The functions that `crossgate build lambda-edge` put into `out` of a folder, imported out of their zip files. */
export async function importFunctions(folder: string): Promise<Deployed[]> {
  const behaviours = JSON.parse(readFileSync(join(folder, 'out/behaviours.json'), 'utf8')) as Behaviour[];
  return await Promise.all(
    behaviours.map(async ({ file, event, paths }) => {
      const { name, content } = unzip(readFileSync(join(folder, 'out', file)));
      const place = join(folder, 'run', file);
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, name), content);
      const { handler } = (await import(pathToFileURL(join(place, name)).href)) as Pick<Deployed, 'handler'>;
      return { event, paths, handler };
    }),
  );
}
