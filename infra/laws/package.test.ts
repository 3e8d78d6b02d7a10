import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { read, repositoryFiles, root } from './sources.testing.ts';

/**
 * Packs a copy of the repository, so that nothing here changes under whoever works on it, and installs the tarball into
 * an empty project, as somebody else would.
 */
const work = mkdtempSync(join(tmpdir(), 'crossgate-package-'));
const copy = join(work, 'repository');
const project = join(work, 'project');
let packed: string[];

const npm = (args: readonly string[], cwd: string) => {
  const ran = spawnSync('npm', args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, npm_config_update_notifier: 'false' },
  });
  if (ran.status !== 0) throw new Error(`npm ${args.join(' ')}\n${ran.stdout}\n${ran.stderr}`);
  return ran.stdout;
};

beforeAll(() => {
  for (const file of repositoryFiles()) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  npm(['pack', '--pack-destination', work], copy);
  const tarball = join(work, `crossgate-${JSON.parse(read('package.json')).version}.tgz`);
  packed = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'somebody', private: true, type: 'module' }));
  npm(['install', '--prefer-offline', '--no-audit', '--no-fund', tarball], project);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

const installed = (file: string) => join(project, 'node_modules/crossgate', file);
type Manifest = {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly scripts?: unknown;
};
const manifestOf = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Manifest & Record<string, unknown>;
const node = (script: string) =>
  spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: project,
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '' },
  });

describe('the packed package', () => {
  it('holds what is built and what is to be read, no sources, tests or secrets', () => {
    const odd = packed.filter(
      (file) =>
        !/^package\/(dist\/.+\.(js|d\.ts)|package\.json|infra\/cloudflare\/wrangler\.jsonc|(README|CHANGELOG|SECURITY)\.md|LICENSE)$/.test(
          file,
        ),
    );
    expect(odd).toEqual([]);
    expect(packed.filter((file) => /\.(test|contract|suite|testing|db)\./.test(file))).toEqual([]);
    expect(packed.filter((file) => file.includes('dist/infra/') && !file.includes('/infra/cli/'))).toEqual([]);
  });

  it("doesn't take over the node command of who installs it", () => {
    expect(manifestOf(installed('package.json'))).not.toHaveProperty('optionalDependencies');
    expect(existsSync(join(project, 'node_modules/.bin/node'))).toBe(false);
  });

  it('leaves package.json as it was', () => {
    expect(readFileSync(join(copy, 'package.json'), 'utf8')).toBe(read('package.json'));
  });

  it('names files that exist', () => {
    const targets = Object.values(manifestOf(installed('package.json')).exports).flatMap((target) =>
      typeof target === 'string' ? [target] : [target.types, target.default],
    );
    const missing = targets.filter((target) => !target.includes('*') && !existsSync(installed(target)));
    expect(missing).toEqual([]);
    const triggers = packed.filter((file) => /^package\/dist\/triggers\/[^/]+\/handler\.js$/.test(file));
    expect(triggers.length).toBeGreaterThan(0);
  });

  it('gives every export that needs no surroundings', () => {
    const names = Object.keys(manifestOf(installed('package.json')).exports).filter((name) => !/\*|json/.test(name));
    const imports = names.map((name) => `['${name}', Object.keys(await import('crossgate${name.slice(1)}'))]`);
    const ran = node(`console.log(JSON.stringify([${imports.join(',')}]))`);
    expect(ran.stderr).toBe('');
    const found = Object.fromEntries(JSON.parse(ran.stdout) as [string, string[]][]);
    expect(found).toMatchObject({
      '.': expect.arrayContaining(['createGateway']),
      './fetch': expect.arrayContaining(['createAutoLogin']),
      './hono': expect.arrayContaining(['autoLogin', 'requireRole', 'requirePermission']),
      './express': expect.arrayContaining(['autoLogin', 'requireRole', 'requirePermission']),
      './browser': ['createSso'],
      './node': expect.arrayContaining(['serve']),
      './workers': expect.arrayContaining(['createWorker', 'CrossgateStore', 'default']),
    });
    for (const name of names) expect(found[name], name).not.toEqual([]);
  });

  it('gives triggers, which say what they lack where nothing is configured', () => {
    const names = packed.flatMap((file) => /^package\/dist\/triggers\/([^/]+)\/handler\.js$/.exec(file)?.[1] ?? []);
    for (const name of names) {
      const ran = node(`await import('crossgate/triggers/${name}')`);
      expect(`${name}: ${ran.stderr}`).toMatch(/is missing|^[^:]+: $/);
      expect(ran.stderr).not.toMatch(/ERR_MODULE_NOT_FOUND|SyntaxError/);
    }
  });

  it('keeps its inner files to itself', () => {
    expect(node(`await import('crossgate/dist/shared/config.js')`).stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  it('runs as a command', () => {
    const bin = join(project, 'node_modules/.bin/crossgate');
    const help = spawnSync(bin, ['--help'], { cwd: project, encoding: 'utf8' });
    expect(help).toMatchObject({ status: 0, stdout: expect.stringContaining('migrate') });
    const keys = spawnSync(bin, ['keys', 'generate', '--algorithm', 'ES256'], { cwd: project, encoding: 'utf8' });
    expect(Object.keys(JSON.parse(keys.stdout))).toEqual(['domainCookie', 'openid', 'identity', 'sealing']);
    const check = spawnSync(bin, ['config', 'check'], { cwd: project, encoding: 'utf8' });
    expect(check).toMatchObject({ status: 1, stderr: expect.stringContaining('publicUrl is missing') });
  });

  it('has types that somebody else can compile against', () => {
    const sample = `import { autoLogin } from 'crossgate/hono';
import { createGateway } from 'crossgate';
export const filter = autoLogin({ gateway: 'https://auth.acme.com', url: 'https://notes.acme.com', secret: 'x'.repeat(32) });
export const make: typeof createGateway = createGateway;
`;
    writeFileSync(join(project, 'sample.ts'), sample);
    const options = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      'sample.ts',
    ];
    const ran = spawnSync(join(root, 'node_modules/.bin/tsc'), options, { cwd: project, encoding: 'utf8' });
    expect(ran.stdout).toBe('');
  });
});
