import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Takes `optionalDependencies` out of package.json before packing, and puts it back after. They bring a newer Node for
 * work on this repository; published, they would take over the `node` command of whoever installs the package.
 *
 * Usage: `node infra/release/optional-dependencies.ts drop|restore`
 */
const root = join(import.meta.dirname, '../..');
const file = join(root, 'package.json');
const kept = join(root, '.crossgate/package.json.before-pack');

const [action] = process.argv.slice(2);
if (action === 'drop') {
  const text = readFileSync(file, 'utf8');
  const { optionalDependencies, allowScripts: _, ...published } = JSON.parse(text) as Record<string, unknown>;
  // an earlier packing that broke off may have left the original behind: that one is kept
  if (optionalDependencies !== undefined) {
    mkdirSync(dirname(kept), { recursive: true });
    writeFileSync(kept, text);
    writeFileSync(file, `${JSON.stringify(published, null, 2)}\n`);
  }
} else if (action === 'restore') {
  if (existsSync(kept)) renameSync(kept, file);
} else {
  process.stderr.write('Usage: optional-dependencies.ts drop|restore\n');
  process.exitCode = 2;
}
