import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { serverCertificate, serverKey } from '../../shared/store/tls.testing.ts';
import { runCommand } from '../cli/console.testing.ts';
import { apacheKind, caddyKind, haproxyKind, nginxKind } from './kinds.testing.ts';
import type { ProxyKind } from './proxy.testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'crossgate-valid-'));
const certificate = join(folder, 'notes.pem');
writeFileSync(certificate, serverCertificate);
// where HAProxy looks for it
writeFileSync(`${certificate}.key`, serverKey);
afterAll(() => rmSync(folder, { recursive: true }));

const sslModule = 'LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so\n';

/** How each proxy reads its configuration without starting. */
const reads: readonly (readonly [ProxyKind, readonly string[]])[] = [
  [nginxKind, ['-t', ...nginxKind.args(folder)]],
  [caddyKind, ['validate', '--config', `${folder}/Caddyfile`, '--adapter', 'caddyfile']],
  [haproxyKind, ['-c', '-f', `${folder}/haproxy.cfg`]],
  [apacheKind, ['-t', '-f', `${folder}/httpd.conf`]],
];
const site = [
  '--domain',
  'notes.acme.com',
  '--gateway',
  'https://auth.acme.com',
  '--upstream',
  'http://127.0.0.1:3000',
];
const tls = ['--certificate', certificate, '--key', `${certificate}.key`];

it.each([
  [nginxKind, 'nginx', 'site.conf', ['-t', ...nginxKind.args(folder)]],
  [caddyKind, 'caddy', 'site.caddy', ['validate', '--config', `${folder}/Caddyfile`, '--adapter', 'caddyfile']],
  [apacheKind, 'apache', 'site.conf', ['-t', '-f', `${folder}/httpd.conf`]],
] as const)('stands beside that of another app: $name', async ({ binary, files }, name, file, args) => {
  const sites = ['notes.acme.com', 'a-longer-name.of-some-department.acme.com'].map((domain) =>
    runCommand(['proxy-config', name, ...site, '--domain', domain, '--gateway-address', 'http://127.0.0.1:4180']),
  );
  const texts = (await Promise.all(sites)).map(({ out }) => out);
  for (const [other, { text }] of Object.entries(files(folder)).flatMap(([one, content]) =>
    'text' in content ? [[one, content] as const] : [],
  )) {
    writeFileSync(join(folder, other), text);
  }
  // Apache is told once where to listen
  writeFileSync(join(folder, file), `${texts[0]}\n${(texts[1] ?? '').replace(/^Listen .*$/m, '')}\n`);
  const ran = spawnSync(binary, [...args], { encoding: 'utf8', env: { ...process.env, HOME: folder } });
  expect([ran.status, ran.status === 0 ? '' : ran.stderr]).toEqual([0, '']);
});

describe('is valid as it stands', () => {
  it.each([
    ['plain, behind what ends TLS', ['--gateway-address', 'http://127.0.0.1:4180']],
    ['ending TLS itself', ['--gateway-address', 'http://127.0.0.1:4180', ...tls]],
    [
      'ending TLS on a port and address',
      ['--gateway-address', 'http://127.0.0.1:4180', ...tls, '--listen', '127.0.0.1:8443'],
    ],
    [
      'towards a gateway and an app over TLS',
      ['--gateway-address', 'https://127.0.0.1', '--upstream', 'https://127.0.0.1:3443'],
    ],
    [
      'with the other headers',
      ['--gateway-address', 'http://127.0.0.1', '--headers', 'x-auth-request', '--identity-jwt'],
    ],
    [
      'with a gateway below a path',
      ['--gateway', 'https://notes.acme.com/_sso', '--gateway-address', 'http://127.0.0.1'],
    ],
    [
      'with roles, in an environment',
      ['--gateway-address', 'http://127.0.0.1', '--environment', 'test', '--role', 'a', 'b:c'],
    ],
  ])('%s', async (_, options) => {
    for (const [kind, args] of reads) {
      for (const [name, file] of Object.entries(kind.files(folder))) {
        const printed = async (which: string) => {
          const { exit, out, err } = await runCommand([
            ...['proxy-config', which, ...site, ...options],
            ...(kind === haproxyKind ? ['--script', join(folder, 'crossgate.lua')] : []),
          ]);
          expect([exit, err]).toEqual([0, '']);
          return `${out}\n`;
        };
        const text = 'text' in file ? file.text : await printed(file.config);
        // Apache needs a module for TLS itself that the plain ones don't
        writeFileSync(join(folder, name), name === 'httpd.conf' ? `${text}\n`.replace(/^/, sslModule) : text);
      }
      const environment = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
      const ran = spawnSync(kind.binary, [...args], { encoding: 'utf8', env: environment });
      if (ran.error) throw new Error(`${kind.binary} is not installed. Install it: apt-get install ${kind.install}`);
      expect([kind.name, ran.status, ran.status === 0 ? '' : ran.stderr]).toEqual([kind.name, 0, '']);
    }
  });
});
