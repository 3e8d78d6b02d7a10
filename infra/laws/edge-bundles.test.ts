import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKeyFile } from '../../shared/keys/keyring.ts';
import { publicJwks, readPrivateJwk } from '../../shared/keys/signing.ts';
import { runCommand } from '../cli/console.testing.ts';
import { generateEdgeKeyFile } from '../cli/edge/key-file.ts';
import { unzip } from '../cli/edge/unzip.testing.ts';
import { buildEdgeFunctions, type EdgeFunction, edgeFunctionNames } from '../release/edge-functions.ts';

const work = mkdtempSync(join(tmpdir(), 'crossgate-edge-bundles-'));
const keys = generateEdgeKeyFile();
const gatewayKeys = generateKeyFile('ES256');
const clientSecret = 'a-client-secret-that-nobody-else-has';
const hidden = {
  'signing key': String(keys.signing[0]?.d),
  'sealing key': String(keys.sealing[0]?.k),
  'client secret': clientSecret,
  "gateway's signing key": String(gatewayKeys.domainCookie[0]?.d),
};
let built: readonly EdgeFunction[];
/** What each function is deployed as, by shape and name. */
const deployed = new Map<string, string>();
const zipped = new Map<string, number>();

const configs = {
  standalone: {
    shape: 'standalone',
    site: 'https://docs.acme.test',
    keysFile: 'keys.json',
    provider: { issuer: 'https://provider.test', clientId: 'docs', clientSecretFile: 'secret' },
  },
  gateway: {
    shape: 'gateway',
    gateway: 'https://auth.acme.test',
    sites: ['https://docs.acme.test'],
    jwksFile: 'jwks.json',
  },
};

/** Keys of an hour ago would be asked for anew. */
const builtAt = String(Math.floor(Date.now() / 1000));

const build = async (shape: string, out: string) =>
  await runCommand(['build', 'lambda-edge', '-c', `${shape}.json`, '-o', out, '--bundles', 'prebuilt'], {
    cwd: work,
    env: { SOURCE_DATE_EPOCH: builtAt },
  });

beforeAll(async () => {
  built = await buildEdgeFunctions(join(work, 'prebuilt'));
  writeFileSync(join(work, 'keys.json'), JSON.stringify(keys));
  writeFileSync(join(work, 'secret'), `${clientSecret}\n`);
  writeFileSync(join(work, 'jwks.json'), JSON.stringify(publicJwks(gatewayKeys.domainCookie.map(readPrivateJwk))));
  for (const [shape, config] of Object.entries(configs)) {
    writeFileSync(join(work, `${shape}.json`), JSON.stringify(config));
    const ran = await build(shape, shape);
    expect(ran).toMatchObject({ exit: 0, err: '' });
    for (const file of readdirSync(join(work, shape)).filter((one) => one.endsWith('.zip'))) {
      const archive = readFileSync(join(work, shape, file));
      const { name, content } = unzip(archive);
      expect(name).toBe('index.mjs');
      deployed.set(`${shape}/${file.replace('.zip', '')}`, content.toString());
      zipped.set(`${shape}/${file.replace('.zip', '')}`, archive.length / 1024);
    }
  }
}, 60_000);
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe.each(edgeFunctionNames)('the function %s', (name) => {
  const one = () => {
    const found = built.find((other) => other.name === name);
    if (!found) throw new Error(`${name} was not built`);
    return found;
  };

  it('uses of Node the modules for cryptography and bytes alone, and no environment', () => {
    const imported = Object.values(one().metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
    expect(imported.filter((path) => path !== 'node:crypto' && path !== 'node:buffer')).toEqual([]);
    const text = readFileSync(one().file, 'utf8');
    const named = [...text.matchAll(/["'`](node:[a-z_/]+)["'`]/g)].map((match) => match[1]);
    expect(named.filter((path) => path !== 'node:crypto' && path !== 'node:buffer')).toEqual([]);
    expect(text).not.toMatch(/process\.env|\brequire\(/);
  });

  it('carries no database, no schemas and no AWS SDK', () => {
    const inputs = Object.keys(one().metafile.inputs);
    expect(inputs.length).toBeGreaterThan(2);
    expect(
      inputs.filter((file) =>
        /node_modules\/(postgres|kysely|zod|@aws-sdk|@smithy|pino|commander|esbuild)\//.test(file),
      ),
    ).toEqual([]);
    expect(inputs.filter((file) => /^(infra|triggers|gateway\/(routes|app|sdk))/.test(file))).toEqual([]);
  });

  it('has one slot, and does not run with nothing in it', () => {
    const text = readFileSync(one().file, 'utf8');
    expect(text.split('@@CROSSGATE_EDGE_SETTINGS@@')).toHaveLength(2);
    const ran = spawnSync(process.execPath, [one().file], { encoding: 'utf8', env: {} });
    expect(ran.stderr).toContain('crossgate build lambda-edge');
  });
});

describe('what is deployed', () => {
  it('is what each shape needs', () => {
    expect([...deployed.keys()].sort()).toEqual([
      'gateway/check-auth',
      'gateway/http-headers',
      'gateway/sign-out',
      'standalone/check-auth',
      'standalone/http-headers',
      'standalone/parse-auth',
      'standalone/refresh-auth',
      'standalone/sign-out',
    ]);
  });

  it.each([
    ['gateway/check-auth', []],
    ['gateway/http-headers', []],
    ['gateway/sign-out', []],
    ['standalone/check-auth', []],
    ['standalone/http-headers', []],
    ['standalone/sign-out', ['sealing key', 'client secret']],
    ['standalone/parse-auth', ['signing key', 'sealing key', 'client secret']],
    ['standalone/refresh-auth', ['signing key', 'sealing key', 'client secret']],
  ])('%s holds of all secrets %j', (name, expected) => {
    const text = deployed.get(name) ?? '';
    expect(text.length).toBeGreaterThan(500);
    const held = Object.entries(hidden).filter(([, secret]) => text.includes(secret));
    expect(held.map(([what]) => what)).toEqual(expected);
    if (expected.length === 0) {
      // nothing that looks like a private key either, however it came in
      expect(text).not.toMatch(/\\"d\\":|\\"k\\":|\\"sealing\\"|clientSecret\\"|PRIVATE KEY/);
    }
  });

  it('http_headers knows nobody: no key, no cookie, no address to sign in at', () => {
    for (const shape of ['gateway', 'standalone'])
      expect(deployed.get(`${shape}/http-headers`)).not.toMatch(/kid|jwks|cookie|login|issuer/i);
  });

  it.each([
    ['check-auth', 40],
    ['http-headers', 5],
    ['parse-auth', 60],
    ['refresh-auth', 60],
    ['sign-out', 60],
  ])('%s is small: %d KB at most', (name, most) => {
    for (const shape of ['gateway', 'standalone']) {
      const size = zipped.get(`${shape}/${name}`);
      if (size !== undefined) expect(size).toBeLessThanOrEqual(most);
    }
  });

  it('is for its owner alone to read, also where it was not before', async () => {
    chmodSync(join(work, 'standalone/parse-auth.zip'), 0o666);
    await build('standalone', 'standalone');
    for (const file of readdirSync(join(work, 'standalone')).filter((one) => one.endsWith('.zip')))
      expect(statSync(join(work, 'standalone', file)).mode & 0o077).toBe(0);
  });

  it('is the same byte by byte for the same input', async () => {
    for (const shape of Object.keys(configs)) {
      await build(shape, `${shape}-again`);
      for (const file of readdirSync(join(work, shape)))
        expect(
          readFileSync(join(work, `${shape}-again`, file)).equals(readFileSync(join(work, shape, file))),
          file,
        ).toBe(true);
    }
  });

  it('runs in a process of its own that has no environment', { timeout: 30_000 }, () => {
    const event = readFileSync(
      join(import.meta.dirname, '../../gateway/runtimes/lambda-edge/events/viewer-request.json'),
      'utf8',
    );
    for (const [name, text] of deployed) {
      const folder = join(work, 'run', name);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'index.mjs'), text);
      const sent = name.endsWith('http-headers')
        ? event.replace('"request": {', '"response": {"status": "200", "headers": {}}, "request": {')
        : event;
      const script = `const { handler } = await import('./index.mjs'); console.log('\\n' + JSON.stringify(await handler(${sent})))`;
      const ran = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
        cwd: folder,
        encoding: 'utf8',
        env: {},
      });
      expect(ran.stderr, name).toBe('');
      const answer = JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '') as { status: string };
      // the documented event is a page load of `/` by nobody, and no provider is there
      const expected: Readonly<Record<string, RegExp>> = {
        'check-auth': /^302$/,
        'http-headers': /^200$/,
        'parse-auth': /^400$/,
        'refresh-auth': /^503$/,
        'sign-out': name.startsWith('gateway') ? /^303$/ : /^404$/,
      };
      expect(answer.status, name).toMatch(expected[name.split('/')[1] ?? ''] ?? /never/);
    }
  });
});
