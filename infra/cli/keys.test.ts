import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { generateKeyFile } from '../../shared/keys/keyring.ts';
import { runCommand } from './console.testing.ts';
import { generateEdgeKeyFile, readEdgeKeyFile } from './edge/key-file.ts';

const cwd = mkdtempSync(join(tmpdir(), 'crossgate-keys-'));
const file = join(cwd, 'keys.json');
const generated = generateKeyFile('EdDSA');
const made = JSON.stringify(generated);
const keys = (...args: string[]) => runCommand(['keys', ...args, '--file', 'keys.json'], { cwd });
const secretsOf = (text: string) =>
  Object.values(JSON.parse(text) as Record<string, { d?: string; k?: string }[]>)
    .flat()
    .flatMap((key) => key.d ?? key.k ?? []);

beforeEach(() => {
  rmSync(`${file}.new`, { force: true });
  writeFileSync(file, made, { mode: 0o600 });
});
afterAll(() => rmSync(cwd, { recursive: true }));

describe('keys rotate', () => {
  it('adds next keys, then lets them sign, and says what to do each time', async () => {
    const first = await keys('rotate');
    expect(first).toMatchObject({ exit: 0, err: expect.stringMatching(/Restart the gateways with it, one after/) });
    expect(first.out.split('\n')).toHaveLength(5);
    expect(first.out).toMatch(/^domainCookie EdDSA \S+: added; signs after the next rotation$/m);
    const waiting = await keys('rotate');
    expect(waiting).toMatchObject({ exit: 0, err: '', out: expect.stringMatching(/waits until \d{4}-.* UTC/) });
    const second = await keys('rotate', '--settle', '0', '--use', 'sealing');
    expect(second.out).toMatch(/^sealing A256GCM \S+: signs from now on\nsealing A256GCM \S+: added/);
    const listed = await keys('list', '--json');
    const states = (JSON.parse(listed.out) as { use: string; state: string }[])
      .filter(({ use }) => use === 'sealing')
      .map(({ state }) => state);
    expect(states).toEqual(['current', 'previous', 'next']);
  });

  it('says what it would do, and does nothing, with --dry-run', async () => {
    const { exit, out, err } = await keys('rotate', '--dry-run', '--leaked', '--use', 'identity');
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    expect(out).toMatch(
      /^identity ES256 \S+: would be removed\nidentity ES256 \S+: would be added; signs from now on$/,
    );
    expect(readFileSync(file, 'utf8')).toBe(made);
  });

  it.each([
    [['sealing'], /people sign in again/],
    [['domainCookie'], /counts no longer\./],
  ])('drops leaked keys of %j', async (use, says) => {
    const { exit, err } = await keys('rotate', '--leaked', '--use', ...use);
    expect({ exit, err }).toEqual({ exit: 0, err: expect.stringMatching(says) });
    const left = new Set(secretsOf(readFileSync(file, 'utf8')));
    expect(secretsOf(made).filter((secret) => !left.has(secret))).toHaveLength(1);
  });

  it.each([
    ['its owner alone', 0o600, 0o600],
    ['its group, as it was', 0o640, 0o640],
    ['nobody else', 0o666, 0o640],
  ])('leaves the file for %s, and no other behind', async (_, mode, then) => {
    chmodSync(file, mode);
    await keys('rotate');
    expect(statSync(file).mode & 0o777).toBe(then);
    expect(() => statSync(`${file}.new`)).toThrow(/ENOENT/);
  });

  it('lets nobody else write at the same time', async () => {
    writeFileSync(`${file}.new`, 'half a fi');
    const { exit, err } = await keys('rotate');
    expect({ exit, err }).toEqual({ exit: 1, err: expect.stringMatching(/keys\.json\.new .*keys\.json is as it was/) });
    expect(readFileSync(file, 'utf8')).toBe(made);
  });

  it('rotates the file that a link leads to, which is the one that gateways read', async () => {
    mkdirSync(join(cwd, 'secrets'), { recursive: true });
    writeFileSync(join(cwd, 'secrets/keys.json'), made, { mode: 0o600 });
    rmSync(file);
    symlinkSync('secrets/keys.json', file);
    expect(await keys('rotate', '--leaked', '--use', 'sealing')).toMatchObject({ exit: 0 });
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    const left = secretsOf(readFileSync(join(cwd, 'secrets/keys.json'), 'utf8'));
    expect(left).not.toContain(generated.sealing[0]?.k);
    rmSync(file);
  });

  it.runIf(process.getuid?.() === 0)('leaves the file to its owner when root rotates', async () => {
    chownSync(file, 65_534, 65_534);
    expect(await keys('rotate', '--use', 'sealing')).toMatchObject({ exit: 0 });
    const { uid, gid, mode } = statSync(file);
    expect([uid, gid, mode & 0o777]).toEqual([65_534, 65_534, 0o600]);
  });

  it('loses nothing of several runs at once: each works on what the one before wrote, or says that it can’t', async () => {
    const runs = Array.from({ length: 4 }, async () => {
      const args = [join(import.meta.dirname, 'main.ts'), 'keys', 'rotate', '-f', file, '--use', 'openid', '--json'];
      const run = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
      let out = '';
      run.stdout.on('data', (chunk) => {
        out += String(chunk);
      });
      await once(run, 'close');
      return out === '' ? [] : (JSON.parse(out) as { kid: string; done: string }[]);
    });
    const added = (await Promise.all(runs)).flat().filter(({ done }) => done === 'added');
    const left = JSON.parse(readFileSync(file, 'utf8')) as { openid: { kid: string }[] };
    expect(added.length).toBeGreaterThan(0);
    for (const { kid } of added) expect(left.openid.map((key) => key.kid)).toContain(kid);
    expect(() => statSync(`${file}.new`)).toThrow(/ENOENT/);
  }, 60_000);

  it.each<[string, unknown]>([
    ['a text', '2026-01-01'],
    ['nothing', null],
    ['milliseconds beyond the calendar', 8.7e15],
    ['a fraction', 1.5],
  ])('refuses a time that somebody wrote by hand as %s', async (_, time) => {
    const odd = JSON.stringify({ ...generated, sealing: [{ ...generated.sealing[0], created: time }] });
    writeFileSync(file, odd);
    for (const command of ['rotate', 'list'])
      expect(await keys(command)).toMatchObject({
        exit: 1,
        out: '',
        err: expect.stringContaining('sealing.0.created'),
      });
    expect(readFileSync(file, 'utf8')).toBe(odd);
    expect(() => statSync(`${file}.new`)).toThrow(/ENOENT/);
  });

  it.each<[string, string, RegExp]>([
    ['is no JSON', 'keys', /is not the JSON/],
    ['lacks keys', '{}', /keys\.sealing has no usable key/],
  ])('refuses a file that %s', async (_, text, says) => {
    writeFileSync(file, text);
    expect(await keys('rotate')).toMatchObject({ exit: 1, out: '', err: expect.stringMatching(says) });
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it.each<[string[], RegExp]>([
    [['keys', 'rotate'], /--file/],
    [['keys', 'rotate', '--file', 'keys.json', '--settle', '1h'], /whole number of seconds/],
    [['keys', 'rotate', '--file', 'keys.json', '--use', 'cookies'], /domainCookie, openid, identity, signing, sealing/],
  ])('%j is wrong usage', async (args, says) => {
    expect(await runCommand(args, { cwd })).toMatchObject({ exit: 2, err: expect.stringMatching(says) });
  });
});

describe('the keys of a site at the edge', () => {
  beforeEach(() => writeFileSync(file, JSON.stringify(generateEdgeKeyFile())));

  it('are rotated the same way, and deployed', async () => {
    const first = await keys('rotate');
    expect(first.out).toMatch(/^signing ES256 \S+: added.*\nsealing A256GCM \S+: added/);
    expect(first.err).toMatch(/Build the functions with it and deploy them; nobody is signed out/);
    const { jwks, signing } = readEdgeKeyFile(readFileSync(file, 'utf8'));
    expect(jwks.keys.map(({ kid }) => kid)).toEqual(signing.map(({ kid }) => kid));
    const second = await keys('rotate', '--settle', '0', '--use', 'signing');
    expect(second.out).toContain(`signing ES256 ${signing[1]?.kid}: signs from now on`);
    expect(readEdgeKeyFile(readFileSync(file, 'utf8')).signing[0]?.kid).toBe(signing[1]?.kid);
    expect((await keys('rotate', '--leaked')).err).toMatch(/deploy them now.*people sign in again/);
  });

  it('are of no other use', async () => {
    const { exit, err } = await keys('rotate', '--use', 'domainCookie');
    expect({ exit, err }).toEqual({ exit: 2, err: 'keys.json has no domainCookie keys, but signing, sealing.' });
  });
});

describe('keys list', () => {
  it('shows what each key is for, and no secret', async () => {
    await keys('rotate', '--use', 'identity');
    const { exit, out } = await keys('list');
    expect(exit).toBe(0);
    expect(out).toMatch(/^identity +\S+ +ES256 +current$/m);
    expect(out).toMatch(/^identity +\S+ +ES256 +next +made \d{4}-\d\d-\d\d \d\d:\d\d UTC$/m);
    for (const secret of secretsOf(readFileSync(file, 'utf8'))) expect(out).not.toContain(secret);
  });

  it('says where there is no such file', async () => {
    const { exit, err } = await runCommand(['keys', 'list', '--file', 'nowhere.json'], { cwd });
    expect({ exit, err }).toEqual({ exit: 1, err: 'nowhere.json cannot be read (ENOENT).' });
  });
});
