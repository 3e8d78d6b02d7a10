import { builtinModules } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importsOf, isTest, read, repositoryFiles } from './sources.testing.ts';

const files = repositoryFiles();
const sources = files.filter((file) => /^(shared|gateway|triggers|infra)\/.*\.ts$/.test(file));
const laws = sources.filter((file) => !isTest(file));

/** Where a source stands: a room, in gateway and shared with the floor as well. */
type Place = { readonly name: string; readonly mayUse: readonly string[] };

/** From the bottom up. Who stands here may use what is named, and what lies in the same place. */
const shared: readonly Place[] = [
  { name: 'shared', mayUse: [] },
  { name: 'shared/keys', mayUse: ['shared'] },
  { name: 'shared/tokens', mayUse: ['shared', 'shared/keys'] },
  { name: 'shared/cookies', mayUse: ['shared', 'shared/keys', 'shared/tokens'] },
  { name: 'shared/permissions', mayUse: ['shared', 'shared/users'] },
  { name: 'shared/users', mayUse: ['shared', 'shared/store'] },
  { name: 'shared/store', mayUse: ['shared'] },
  { name: 'shared/audit', mayUse: ['shared', 'shared/store'] },
  { name: 'shared/migrations', mayUse: ['shared', 'shared/users', 'shared/store'] },
];
const sharedNames = shared.map((place) => place.name);
const withoutPeople = sharedNames.filter(
  (name) => !['shared/users', 'shared/store', 'shared/migrations'].includes(name),
);
const floor = (names: readonly string[]) => [...sharedNames, ...names.map((name) => `gateway/${name}`)];
const middle = ['check', 'session', 'logout', 'hand-off', 'frame', 'fedcm', 'introspection', 'proxy'];
const ground = ['deps', 'pages', 'http', 'provider'];
const places: readonly Place[] = [
  ...shared,
  { name: 'gateway/deps', mayUse: floor([]) },
  { name: 'gateway/pages', mayUse: floor([]) },
  { name: 'gateway/http', mayUse: floor(['deps', 'pages']) },
  { name: 'gateway/provider', mayUse: floor(['deps', 'pages', 'http']) },
  ...middle.map((name) => ({ name: `gateway/${name}`, mayUse: floor([...ground, ...middle]) })),
  ...['routes', 'api'].map((name) => ({ name: `gateway/${name}`, mayUse: floor([...ground, ...middle]) })),
  { name: 'gateway/app', mayUse: floor([...ground, ...middle, 'routes', 'api']) },
  { name: 'gateway/sdk', mayUse: withoutPeople },
  { name: 'gateway/runtimes', mayUse: floor([...ground, ...middle, 'routes', 'api', 'app']) },
  { name: 'triggers', mayUse: sharedNames },
];

function placeOf(file: string): string {
  const [room = '', second = ''] = file.replace(/\.ts$/, '').split('/');
  if (room === 'shared') return file.split('/').length === 2 ? 'shared' : `shared/${second}`;
  return room === 'gateway' ? `gateway/${second}` : room;
}

/** What a source imports from this repository, as paths from its root. */
const ownImports = (file: string): string[] =>
  importsOf(read(file))
    .filter((name) => name.startsWith('.'))
    .map((name) => join(dirname(file), name));

/** Fewer lines in a report than one test a file, and all breaches at once. */
const breaches = (of: readonly string[], why: (file: string) => readonly string[]): string[] =>
  of.flatMap((file) => why(file).map((breach) => `${file} ${breach}`));

describe('the import law', () => {
  it('knows every place', () => {
    const known = new Set([...places.map((place) => place.name), 'infra']);
    expect(breaches(laws, (file) => (known.has(placeOf(file)) ? [] : [`stands in ${placeOf(file)}`]))).toEqual([]);
  });

  it.each(places)('$name imports only from below', ({ name, mayUse }) => {
    const here = laws.filter((file) => placeOf(file) === name);
    const wrong = breaches(here, (file) =>
      ownImports(file)
        .filter((target) => placeOf(target) !== name && !mayUse.includes(placeOf(target)))
        .map((target) => `imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('holds for errors, clock and configuration at the very bottom', () => {
    const bottom = [
      'errors',
      'clock',
      'config',
      'config-table',
      'client-table',
      'upstream-table',
      'setting',
      'return-url',
      'deadline',
      'loopback',
      'parent-domain',
      'identity',
    ].map((one) => `shared/${one}.ts`);
    const wrong = breaches(bottom, (file) =>
      ownImports(file)
        .filter((target) => !bottom.includes(target))
        .map((target) => `imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('lets nothing but infra use infra, and nothing but tests use tests', () => {
    const wrong = breaches(laws, (file) =>
      ownImports(file)
        .filter((target) => (target.startsWith('infra/') && !file.startsWith('infra/')) || isTest(target))
        .filter(() => !isTest(file))
        .map((target) => `imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('finds every import that it judges: paths have their .ts, and are there', () => {
    const wrong = breaches(laws, (file) =>
      ownImports(file)
        .filter((target) => !files.includes(target))
        .map((target) => `imports ${target}, which is not there`),
    );
    expect(wrong).toEqual([]);
  });

  it('allows no import that is put together at run time below infra', () => {
    const below = laws.filter((file) => !file.startsWith('infra/'));
    expect(breaches(below, (file) => importsOf(read(file)).filter((name) => name === '(computed)'))).toEqual([]);
  });
});

describe('what runs everywhere', () => {
  const isNode = (name: string) => name.startsWith('node:') || builtinModules.includes(name);

  it('shared uses no Node module but node:crypto and node:buffer', () => {
    const wrong = breaches(
      laws.filter((file) => file.startsWith('shared/')),
      (file) => importsOf(read(file)).filter((name) => isNode(name) && !['node:crypto', 'node:buffer'].includes(name)),
    );
    expect(wrong).toEqual([]);
  });

  it('in gateway only the Node runtime, and types of node:http, need Node', () => {
    const portable = laws.filter((file) => /^gateway\/(?!runtimes\/(node|lambda-edge)\/)/.test(file));
    // what workerd has itself
    const everywhere = ['node:crypto', 'node:buffer'];
    const inRuntimes = [...everywhere, 'node:async_hooks', 'node:net'];
    const wrong = breaches(portable, (file) => {
      const allowed = file.startsWith('gateway/runtimes/') ? inRuntimes : everywhere;
      return importsOf(read(file).replace(/^import type [^;]*;$/gm, '')).filter(
        (name) => isNode(name) && !allowed.includes(name),
      );
    });
    expect(wrong).toEqual([]);
  });

  it('only runtimes, triggers and infra read the environment', () => {
    const others = laws.filter((file) => !/^(gateway\/runtimes|triggers|infra)\//.test(file));
    expect(others.filter((file) => /\bprocess\.env\b/.test(read(file)))).toEqual([]);
  });

  it('nothing below a runtime asks the machine for the time, but the one clock', () => {
    const others = laws.filter((file) => !/^(gateway\/runtimes|infra)\//.test(file) && file !== 'shared/clock.ts');
    expect(others.filter((file) => /\bDate\.now\(|\bnew Date\(\)/.test(read(file)))).toEqual([]);
  });
});

describe('names', () => {
  it('no folder is a drawer for everything', () => {
    expect(files.filter((file) => /(^|\/)(utils?|helpers?|lib|libs|common|misc)\//.test(file))).toEqual([]);
    expect(sources.filter((file) => /^(utils?|helpers?|common|misc|types)\.ts$/.test(basename(file)))).toEqual([]);
  });

  it('no file re-exports a folder', () => {
    expect(files.filter((file) => /(^|\/)index\.(ts|js|mjs)$/.test(file))).toEqual([]);
  });

  it('files are named in lower case and dashes', () => {
    const wrong = sources.filter((file) => !/^([a-z0-9-]+\/)+[a-z0-9-]+(\.[a-z0-9-]+)*\.ts$/.test(file));
    expect(wrong).toEqual([]);
  });
});

describe('the repository', () => {
  const texts = files.filter((file) =>
    /\.(ts|json|md|sh|yml|yaml|conf|css|html|txt)$|^\.ci\/|^\.[a-z]+rc$|^LICENSE$/.test(file),
  );
  const own = ['infra/laws/imports.test.ts'];

  it.each<[string, RegExp]>([
    // put together, so that this file is no breach of itself
    ['folders of a machine', new RegExp(`(?<![\\w.])/(${['home', 'Users', 'work', 'root'].join('|')})/[\\w.-]`)],
    ['a folder beside it', new RegExp(`\\.\\./${'shared'}/(?:DESIGN|RULES|STYLE|SYSTEMS|lab)`)],
    ['documents that it does not have', /\b(DESIGN|RULES|STYLE|SYSTEMS)\.md\b/],
    ['issues by their number', /\b(issue|PR|ticket) #\d+/i],
  ])('names no %s', (_, pattern) => {
    const wrong = texts
      .filter((file) => !own.includes(file) && file !== 'package-lock.json')
      .flatMap((file) => {
        const line = read(file)
          .split('\n')
          .findIndex((text) => pattern.test(text));
        return line < 0 ? [] : [`${file}:${line + 1}`];
      });
    expect(wrong).toEqual([]);
  });

  it('has nothing else at the top', () => {
    const tops = new Set(files.filter((file) => !file.includes('/')));
    const usual =
      /^(README|SECURITY|CONTRIBUTING|CHANGELOG)\.md$|^LICENSE$|^(package|package-lock|biome|tsconfig(\.\w+)?)\.json$|^vitest\.config\.ts$|^\./;
    expect([...tops].filter((file) => !usual.test(file))).toEqual([]);
    const folders = new Set(files.filter((file) => file.includes('/')).map((file) => file.split('/')[0] ?? ''));
    expect([...folders].filter((name) => !name.startsWith('.')).sort()).toEqual([
      'gateway',
      'infra',
      'shared',
      'triggers',
    ]);
  });
});

describe('the scan for imports', () => {
  it.each<[string, string[]]>([
    [`import a from 'a';`, ['a']],
    [`import type { A } from './a.ts';`, ['./a.ts']],
    [`import a, { type B, c as d } from "a";`, ['a']],
    [`import * as z from 'zod';`, ['zod']],
    [`import 'a';`, ['a']],
    [`import {\n  a,\n  b,\n} from './long.ts';`, ['./long.ts']],
    [`export { a } from './a.ts';`, ['./a.ts']],
    [`export * from './a.ts';`, ['./a.ts']],
    [`export type { A } from './a.ts';`, ['./a.ts']],
    [`const a = await import('./a.ts');`, ['./a.ts']],
    [`type A = typeof import('./a.ts');`, ['./a.ts']],
    [`const a = require('./a.js');`, ['./a.js']],
    [`const a = await import(\`./\${name}.ts\`);`, ['(computed)']],
    [`const a = await import(name);`, ['(computed)']],
    [`// import a from 'a';`, []],
    [`/* import a from 'a'; */`, []],
    [`/**\n * import { a } from 'a'\n */\nimport b from 'b';`, ['b']],
    [`const url = 'https://x'; import b from 'b';`, ['b']],
    [`const pattern = /^https?:\\/\\//;\nimport b from 'b';`, ['b']],
    [`export const a = 1;\nexport function from() { return 'x'; }`, []],
  ])('%j', (source, names) => expect(importsOf(source)).toEqual(names));
});
