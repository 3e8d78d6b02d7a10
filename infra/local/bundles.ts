import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';

/** A Lambda function to bundle. */
export type TriggerEntry = {
  readonly name: string;
  /** Source file, relative to the repository. It exports `handler`. */
  readonly entry: string;
};

/** A bundled Lambda function. */
export type Bundle = {
  readonly name: string;
  /** Absolute path of the one ES module. */
  readonly file: string;
  readonly bytes: number;
  /** What went in and how much of it. @see https://esbuild.github.io/api/#metafile */
  readonly metafile: Metafile;
};

/** What to bundle, and where to. */
export type BuildOptions = {
  /** Absolute, or relative to the repository. Inside it, or `@aws-sdk/*` isn't found at run time. */
  readonly outDir?: string;
  readonly entries?: readonly TriggerEntry[];
  /** What relative paths start from. Default: the repository. */
  readonly root?: string;
};

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** The Lambda functions of this repository. */
export const triggers: readonly TriggerEntry[] = [
  { name: 'pre-token-generation', entry: 'triggers/pre-token-generation/handler.ts' },
  { name: 'post-confirmation', entry: 'triggers/post-confirmation/handler.ts' },
  { name: 'post-authentication', entry: 'triggers/post-authentication/handler.ts' },
  { name: 'profile-update', entry: 'triggers/profile-update/handler.ts' },
];

/** Some CommonJS packages call `require` for Node's own modules, which an ES module has to make for itself. */
const requireBanner =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/**
 * Bundles Lambda functions as they are deployed: one ES module each, for the runtime nodejs22.x and later, with the AWS
 * SDK left to the runtime's own.
 *
 * @throws esbuild's BuildFailure, with the messages in it.
 */
export async function buildTriggers(options: BuildOptions = {}): Promise<Bundle[]> {
  const root = options.root ?? repository;
  const outDir = path.resolve(root, options.outDir ?? '.crossgate/triggers');
  return Promise.all(
    (options.entries ?? triggers).map(async ({ name, entry }) => {
      const file = path.join(outDir, `${name}.mjs`);
      const first = await bundle(path.resolve(root, entry), file, root);
      const metafile = needsRequire(first) ? await bundle(path.resolve(root, entry), file, root, requireBanner) : first;
      const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
      return { name, file, bytes, metafile };
    }),
  );
}

async function bundle(entry: string, outfile: string, root: string, banner?: string): Promise<Metafile> {
  const { metafile } = await build({
    entryPoints: [entry],
    outfile,
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    minify: true,
    keepNames: true,
    treeShaking: true,
    external: ['@aws-sdk/*'],
    metafile: true,
    logLevel: 'silent',
    ...(banner !== undefined && { banner: { js: banner } }),
  });
  return metafile;
}

function needsRequire(metafile: Metafile): boolean {
  return Object.values(metafile.outputs).some((output) => output.imports.some((used) => used.kind === 'require-call'));
}
