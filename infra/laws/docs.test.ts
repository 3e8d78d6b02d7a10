import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settingsTable } from '../../shared/environment.ts';
import { runCommand } from '../cli/console.testing.ts';
import { read, repositoryFiles, root } from './sources.testing.ts';

type Manifest = {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
  readonly scripts: Readonly<Record<string, string>>;
};
const manifest = JSON.parse(read('package.json')) as Manifest;
const documents = repositoryFiles().filter((file) => file.endsWith('.md'));

/** Fenced blocks of a document: what stands behind the fence, the text, and the line it begins in. */
function blocksOf(document: string): { language: string; text: string; line: number }[] {
  const text = read(document);
  // a block inside a list is indented
  return [...text.matchAll(/^( *)```(\w*)[^\n]*\n([\s\S]*?)^\1```$/gm)].map((match) => ({
    language: match[2] ?? '',
    text: (match[3] ?? '').replaceAll(new RegExp(`^${match[1]}`, 'gm'), ''),
    line: text.slice(0, match.index).split('\n').length,
  }));
}

/** The source behind each export, so that the documents compile against what is here, built or not. */
const sourcesOfExports = Object.fromEntries(
  Object.entries(manifest.exports).flatMap(([name, target]) => {
    if (typeof target === 'string') return [];
    const source = target.default.replace('./dist/', './').replace(/\.js$/, '.ts');
    return [[`crossgate${name.slice(1)}`, [`${root}/${source}`]]];
  }),
);

describe('the TypeScript in the documents', () => {
  it('compiles as it stands', () => {
    mkdirSync(join(root, '.crossgate'), { recursive: true });
    const folder = mkdtempSync(join(root, '.crossgate/docs-'));
    try {
      const samples = documents.flatMap((document) =>
        blocksOf(document)
          .filter(({ language }) => language === 'ts' || language === 'typescript')
          .map(({ text, line }) => ({ name: `${document.replaceAll('/', '-')}-line-${line}.ts`, text })),
      );
      for (const { name, text } of samples) writeFileSync(join(folder, name), `${text}\nexport {};\n`);
      const options = {
        extends: relative(folder, join(root, 'tsconfig.json')),
        compilerOptions: { paths: sourcesOfExports, noUnusedLocals: false },
        include: ['*.ts'],
      };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options));
      const tsc = spawnSync(join(root, 'node_modules/.bin/tsc'), ['--noEmit', '-p', folder], { encoding: 'utf8' });
      const ours = tsc.stdout.split('\n').filter((line) => line.includes('-line-'));
      expect(samples.length).toBeGreaterThan(1);
      expect(ours.join('\n')).toBe('');
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 60_000);
});

describe('the README', () => {
  const readme = read('README.md');

  it('has the table of settings that the parser goes by (npm run -s crossgate -- config table)', () => {
    const [, table = ''] = /<!-- settings -->\n([\s\S]*?)\n<!-- \/settings -->/.exec(readme) ?? [];
    expect(table.trim()).toBe(settingsTable());
  });

  it('has JSON that is JSON', () => {
    for (const { language, text } of documents.flatMap(blocksOf)) {
      if (language === 'json') expect(() => JSON.parse(text), text).not.toThrow();
    }
  });
});

describe('what the documents name is there', () => {
  const named = (pattern: RegExp) =>
    documents.flatMap((document) => [...read(document).matchAll(pattern)].map((match) => ({ document, match })));

  it('npm scripts', () => {
    const missing = named(/\bnpm (?:run )?(?:-s )?(test|run [a-z][a-z:-]*|(?<=run )[a-z][a-z:-]*)/g)
      .map(({ match }) => (match[1] ?? '').replace('run ', ''))
      .filter((script) => !Object.hasOwn(manifest.scripts, script));
    expect(missing).toEqual([]);
  });

  it('commands of crossgate', async () => {
    const lines = new Set(
      documents
        .flatMap(blocksOf)
        .filter(({ language }) => language === 'sh')
        .flatMap(({ text }) => [
          ...text.matchAll(/(?:npx |^|\s)crossgate (?:-- )?([a-z]+(?: [a-z]+)*)((?: --[a-z-]+)*)/gm),
        ])
        .map((match) => `${match[1]}${match[2]}`),
    );
    expect(lines.size).toBeGreaterThan(0);
    for (const line of lines) {
      const [words = '', ...options] = line.split(/(?= --)/);
      const { exit, out } = await runCommand([...words.split(' '), '--help']);
      expect(exit, line).toBe(0);
      for (const option of options) expect(out, line).toContain(option.trim());
    }
  });

  it('files and folders in links', () => {
    const missing = named(/\]\((?!https?:|#|mailto:)([^)#]+)(?:#[^)]*)?\)/g)
      .map(({ document, match }) => join(dirname(document), match[1] ?? ''))
      .filter((target) => !existsSync(join(root, target)));
    expect(missing).toEqual([]);
  });

  it('settings by their dotted or environment name', () => {
    const table = settingsTable();
    const names = named(/`(CROSSGATE_[A-Z0-9_]+)`/g).map(({ match }) => match[1] ?? '');
    const unknown = names.filter((name) => {
      if (name === 'CROSSGATE_CONFIG' || name.includes('_FILE')) return false;
      const parts = name.replace('CROSSGATE_', '').toLowerCase().replace(/_\d+_/g, '[]_').split('_').join('');
      return !table.toLowerCase().replaceAll('.', '').includes(`\`${parts}\``);
    });
    expect(unknown).toEqual([]);
  });
});
