import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** A script for browsers that the gateway sends as it stands. Edges have no files, so it is a string in a module. */
export type BrowserScript = {
  /** Where it begins, from the repository's root. */
  readonly entry: string;
  /** The module that is made of it, and the name by which it exports the script. */
  readonly module: `${string}.generated.ts`;
  readonly name: string;
  /** What the script is, in one sentence. */
  readonly says: string;
  /** `inline`: a classic script for a page of ours. `module`: for `import` on anybody's page. */
  readonly as: 'inline' | 'module';
};

/** Every one of them. */
export const browserScripts: readonly BrowserScript[] = [
  {
    entry: 'gateway/frame/client/frame.ts',
    module: 'gateway/frame/frame-script.generated.ts',
    name: 'frameScript',
    says: 'The script of the check frame, for between `<script>` and `</script>`.',
    as: 'inline',
  },
  {
    entry: 'gateway/sdk/browser/sso.ts',
    module: 'gateway/frame/browser-script.generated.ts',
    name: 'browserScript',
    says: 'The script for pages of apps on other domains, an ES module.',
    as: 'module',
  },
];

const root = join(import.meta.dirname, '../..');

/**
 * The text of the module that a script is made into. The same sources give the same text.
 *
 * @throws esbuild's BuildFailure; Error for an inline script that would end, or hide, its own element.
 */
export async function moduleOf({ entry, name, says, as }: BrowserScript): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: as === 'module' ? 'esm' : 'iife',
    platform: 'browser',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'silent',
    // what a checkout sets must not change it
    tsconfigRaw: {},
  });
  const script = outputFiles[0]?.text.trimEnd() ?? '';
  if (as === 'inline' && /<\/script|<!--/i.test(script)) throw new Error(`${entry} would break out of its element`);
  return `// Made by \`npm run build:scripts\` from ${entry}: change that.

/** ${says} */
export const ${name}: string =
  ${JSON.stringify(script)};
`;
}

/** Modules that are not what their sources say. */
export async function staleModules(): Promise<string[]> {
  const stale = await Promise.all(
    browserScripts.map(async (script) =>
      (await moduleOf(script)) === readOrNothing(script.module) ? [] : script.module,
    ),
  );
  return stale.flat();
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(join(root, file), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

if (import.meta.main) {
  for (const script of browserScripts) {
    const text = await moduleOf(script);
    writeFileSync(join(root, script.module), text);
    process.stdout.write(`${script.module}: ${Buffer.byteLength(text)} bytes\n`);
  }
}
