import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Metafile, type Plugin } from 'esbuild';

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

/** What the functions use of Node, and all that they may. */
const fromNode: Readonly<Record<string, string>> = {
  'node:buffer': 'Buffer',
  'node:crypto':
    'createHash, createPrivateKey, createPublicKey, hash, hkdfSync, randomBytes, sign, timingSafeEqual, verify',
};

/**
 * Asks Node for its own modules by a call: an `import` looks at all that a module exports, and of `node:crypto` that
 * loads Web Crypto as well, a tenth of a function's start.
 */
const nodeModules: Plugin = {
  name: 'modules of Node',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:(?:buffer|crypto)$/ }, ({ path: name }) => ({
      path: name,
      namespace: 'node',
      sideEffects: false,
    }));
    onLoad({ filter: /^/, namespace: 'node' }, ({ path: name }) => ({
      contents: `export const { ${fromNode[name]} } = process.getBuiltinModule('${name}');`,
    }));
  },
};

/**
 * Bundles the functions for Node 22 and later. Of Node they may use `node:crypto` and `node:buffer`; anything else is an
 * error here.
 *
 * @param names Default: all.
 * @throws esbuild's BuildFailure, with the messages in it.
 */
export async function buildEdgeFunctions(
  outDir: string,
  names: readonly (typeof edgeFunctionNames)[number][] = edgeFunctionNames,
): Promise<EdgeFunction[]> {
  return await Promise.all(
    names.map(async (name) => {
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
        plugins: [nodeModules],
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
