import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { isSecretOf } from '../../shared/clients.ts';
import { settingsTable } from '../../shared/environment.ts';
import { createKeyring, generateKeyFile } from '../../shared/keys/keyring.ts';
import { runCommand } from './console.testing.ts';

const config = {
  publicUrl: 'https://auth.acme.test',
  cookie: { algorithm: 'ES256' },
  providers: [{ id: 'pool', issuer: 'https://provider.test', clientId: 'crossgate', clientSecret: 'S3CRET-1' }],
  database: { url: 'postgres://gateway:S3CRET-2@db.acme.test/acme?sslpassword=S3CRET-3' },
};
let cwd: string;

beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'crossgate-cli-'));
  writeFileSync(join(cwd, 'crossgate.json'), JSON.stringify(config));
  writeFileSync(join(cwd, 'keys.json'), JSON.stringify(generateKeyFile('ES256')));
  writeFileSync(join(cwd, 'rsa.json'), JSON.stringify(generateKeyFile('RS256')));
});
afterAll(() => rmSync(cwd, { recursive: true }));

describe('help', () => {
  it.each([
    [['--help'], /migrate[\s\S]*config[\s\S]*keys[\s\S]*Exit codes: 0/],
    [['migrate', '--help'], /--print-grants/],
    [['reconcile', '--help'], /--fix[\s\S]*missing-rows[\s\S]*orphans[\s\S]*Exit codes/],
    [['sessions', '--help'], /list[\s\S]*end/],
    [['sessions', 'end', '--help'], /--user[\s\S]*--session/],
    [['keys', 'generate', '--help'], /RS256/],
    [['config', '--help'], /check[\s\S]*schema[\s\S]*table/],
  ])('%j says what there is, and is no mistake', async (args, says) => {
    expect(await runCommand(args)).toMatchObject({ exit: 0, out: expect.stringMatching(says) });
  });

  it.each([
    [['migrat'], /did you mean migrate/i],
    [['keys', 'generate', '--algorithm', 'HS256'], /RS256, ES256, EdDSA/],
    [['migrate', '--role', 'gateway'], /--print-grants/],
    [['sessions', 'end'], /--user/],
    [['sessions'], /list/],
    [['migrate', '--print-grants'], /--role/],
    [['config', 'check', '--fil', 'x'], /--file/],
  ])('%j is wrong usage', async (args, says) => {
    expect(await runCommand(args)).toMatchObject({ exit: 2, err: expect.stringMatching(says), out: '' });
  });
});

it('--version prints that of the package', async () => {
  expect(await runCommand(['--version'])).toEqual({ exit: 0, out: manifest.version, err: '' });
});

describe('config check', () => {
  const env = { CROSSGATE_KEYS_FILE: 'keys.json' };

  it('says what was read from where, and no secret', async () => {
    const { exit, out, err } = await runCommand(['config', 'check'], { cwd, env });
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    expect(out).toContain(join(cwd, 'crossgate.json'));
    expect(out).toContain('from CROSSGATE_KEYS_FILE');
    expect(out).toContain('https://auth.acme.test, cookies on acme.test');
    expect(out).toContain('db.acme.test/acme');
    // one column
    expect(
      new Set(
        out
          .split('\n')
          .slice(1)
          .map((line) => /^ {2}.*? {2,}(?=\S)/.exec(line)?.[0].length),
      ).size,
    ).toBe(1);
    expect(out).not.toContain('S3CRET');
    const { d } = JSON.parse(readFileSync(join(cwd, 'keys.json'), 'utf8')).domainCookie[0];
    expect(out).not.toContain(d);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['no keys', {}, /keys is missing/],
    ['keys that are none', { CROSSGATE_KEYS: '{}' }, /keys\.domainCookie is missing/],
    ['keys of another algorithm', { CROSSGATE_KEYS_FILE: 'rsa.json' }, /first key is for RS256/],
    ['a slip', { ...env, CROSSGATE_LISTEN_PROT: '1' }, /Did you mean CROSSGATE_LISTEN_PORT/],
    ['a proxy that is no address', { ...env, CROSSGATE_CHECK_TRUSTED_PROXIES: '["x"]' }, /trustedProxies\.0/],
  ])('lists mistakes: %s', async (_, given, says) => {
    const { exit, out, err } = await runCommand(['config', 'check'], { cwd, env: given });
    expect({ exit, out }).toEqual({ exit: 1, out: '' });
    expect(err).toMatch(says);
    expect(err).not.toContain('S3CRET');
  });

  it.each([['--file'], ['--config']])('reads the file that %s names', async (option) => {
    const { exit, err } = await runCommand(['config', 'check', option, 'nowhere.json'], { cwd, env });
    expect(exit).toBe(1);
    expect(err).toContain(`${join(cwd, 'nowhere.json')} cannot be read`);
  });
});

describe('config schema and config table', () => {
  it('print what the parser goes by', async () => {
    const schema = await runCommand(['config', 'schema']);
    expect(JSON.parse(schema.out)).toMatchObject({ type: 'object', additionalProperties: false });
    expect(await runCommand(['config', 'table'])).toEqual({ exit: 0, out: settingsTable(), err: '' });
  });
});

describe('keys generate', () => {
  it.each(['RS256', 'ES256', 'EdDSA'])('prints a key file for %s', async (algorithm) => {
    const { exit, out } = await runCommand(['keys', 'generate', '--algorithm', algorithm]);
    expect(exit).toBe(0);
    expect(createKeyring(out).domainCookie.current.alg).toBe(algorithm);
  });

  it('puts nothing on a screen unasked', async () => {
    const screen = await runCommand(['keys', 'generate'], { isScreen: true });
    expect(screen).toMatchObject({ exit: 2, out: '', err: expect.stringContaining('--out') });
    expect((await runCommand(['keys', 'generate', '--force'], { isScreen: true })).exit).toBe(0);
  });

  it('writes a file for its owner alone, and never over another', async () => {
    const args = ['keys', 'generate', '--out', 'new-keys.json'];
    const file = join(cwd, 'new-keys.json');
    expect(await runCommand(args, { cwd, isScreen: true })).toMatchObject({ exit: 0, out: '' });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = readFileSync(file, 'utf8');
    expect(createKeyring(text).sealing.currentKid).toEqual(expect.any(String));
    expect(await runCommand(args, { cwd })).toMatchObject({ exit: 1, err: expect.stringMatching(/there already/) });
    expect(readFileSync(file, 'utf8')).toBe(text);
  });
});

describe('clients secret', () => {
  it('prints a secret and the hash that belongs to it, another one each time', async () => {
    const { exit, out } = await runCommand(['clients', 'secret', '--json']);
    expect(exit).toBe(0);
    const { secret, secretHash } = JSON.parse(out);
    expect(isSecretOf({ secretHash }, secret)).toBe(true);
    const again = await runCommand(['clients', 'secret']);
    expect(again.out).toMatch(/^secret {6}[\w-]{43}\nsecretHash {2}[\w-]{43}$/);
    expect(again.out).not.toContain(secret);
  });

  it('says on a screen who gets what', async () => {
    const { err } = await runCommand(['clients', 'secret'], { isScreen: true });
    expect(err).toContain('clients[].secretHash');
  });
});
