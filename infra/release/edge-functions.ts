import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Metafile } from 'esbuild';

/** A prebuilt function: everything but its settings, for which it has a slot. */
export type EdgeFunction = {
  readonly name: string;
  /** Absolute path of the one ES module. */
  readonly file: string;
  /** What went in and how much of it. @see https://esbuild.github.io/api/#metafile */
  readonly metafile: Metafile;
};

const repository = fileURLToPath(new URL('../..', import.meta.url));
const sources = 'gateway/runtimes/lambda-edge/functions';

/** The functions of `gateway/runtimes/lambda-edge/functions`, sign_out once for each shape. */
export const edgeFunctionNames = [
  'check-auth',
  'http-headers',
  'parse-auth',
  'refresh-auth',
  'sign-out',
  'sign-out-at-gateway',
] as const;

/**
 * Bundles the functions for Node 22 and later. Of Node they may use `node:crypto` and `node:buffer`; anything else is an
 * error here.
 *
 * @throws esbuild's BuildFailure, with the messages in it.
 */
export async function buildEdgeFunctions(outDir: string): Promise<EdgeFunction[]> {
  return await Promise.all(
    edgeFunctionNames.map(async (name) => {
      const file = path.resolve(outDir, `${name}.js`);
      const { metafile } = await build({
        entryPoints: [path.join(sources, `${name}.ts`)],
        outfile: file,
        absWorkingDir: repository,
        bundle: true,
        format: 'esm',
        // not `node`: packages would come in the form that takes more of Node than there is at the edge
        platform: 'neutral',
        mainFields: ['module', 'main'],
        conditions: ['browser'],
        external: ['node:crypto', 'node:buffer'],
        target: 'node22',
        minify: true,
        metafile: true,
        legalComments: 'none',
        logLevel: 'silent',
      });
      return { name, file, metafile };
    }),
  );
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await buildEdgeFunctions(path.join(repository, 'dist/edge'));
}
