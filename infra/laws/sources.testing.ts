import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The repository's folder. */
export const root = join(import.meta.dirname, '../..');

/** Every file that is in the repository or about to be: ignored ones are left out. Paths from the root. */
export function repositoryFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  return listed
    .toString()
    .split('\0')
    .filter((file) => file !== '' && existsSync(join(root, file)));
}

/** A file of the repository as text. */
export const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** Tests, contracts, suites and what only they use: exempt from the import law. */
export const isTest = (file: string): boolean => /\.(test|contract|suite|testing|vitest)\.ts$/.test(file);

/**
 * Modules that a TypeScript source names: imports of values and types, re-exports, `import()`, `import('…')` as a type,
 * and `require()`. Comments are left out; a name that is put together at run time is answered as `(computed)`.
 */
export function importsOf(source: string): string[] {
  const text = withoutComments(source);
  const patterns = [
    /(?:^|[;}\n])\s*(?:import|export)\s+(?:type\s+)?[\w$*{][\w$\s,*{}]*?\bfrom\s*(['"])(.+?)\1/g,
    /(?:^|[;}\n])\s*import\s*(['"])(.+?)\1/g,
    /\b(?:import|require)\s*\(\s*(['"])(.+?)\1/g,
  ];
  const found = patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[2] ?? ''));
  const computed = /(?<![.\w$])import\s*\(\s*(?!['"\s])/.test(text) ? ['(computed)'] : [];
  return [...new Set([...found, ...computed])];
}

/** Source text whose comments are blanks. Knows strings, templates and regular expressions, so far as they hide a comment. */
function withoutComments(source: string): string {
  const token =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|(?<=[(,=:[!&|?{};\n]\s*|return\s+)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//g;
  return source.replace(token, (one) => (one.startsWith('//') || one.startsWith('/*') ? ' ' : one));
}
