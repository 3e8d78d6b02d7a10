import type { ProxyKind } from './proxy.testing.ts';

/** nginx as a distribution starts it: the printed file is included into its `http` block. */
export const nginxKind: ProxyKind = {
  name: 'nginx',
  binary: 'nginx',
  install: 'nginx',
  files: (folder) => ({
    'site.conf': { config: 'nginx' },
    'nginx.conf': {
      text: `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 512; }
http {
    access_log off;
${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `    ${one}_temp_path ${folder}/${one};`).join('\n')}
    include ${folder}/site.conf;
}
`,
    },
  }),
  args: (folder) => ['-p', folder, '-e', 'stderr', '-c', `${folder}/nginx.conf`],
};

/** Caddy without its administration port. */
export const caddyKind: ProxyKind = {
  name: 'caddy',
  binary: 'caddy',
  install: 'caddy',
  files: (folder) => ({
    'site.caddy': { config: 'caddy' },
    Caddyfile: { text: `{\n\tadmin off\n}\nimport ${folder}/site.caddy\n` },
  }),
  args: (folder) => ['run', '--config', `${folder}/Caddyfile`, '--adapter', 'caddyfile'],
};

/** HAProxy, with its script beside the configuration. */
export const haproxyKind: ProxyKind = {
  name: 'haproxy',
  binary: 'haproxy',
  install: 'haproxy',
  options: (folder) => ['--script', `${folder}/crossgate.lua`],
  files: () => ({ 'haproxy.cfg': { config: 'haproxy' }, 'crossgate.lua': { config: 'haproxy-lua' } }),
  args: (folder) => ['-db', '-f', `${folder}/haproxy.cfg`],
};

const modules = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'setenvif', 'headers', 'rewrite', 'proxy'];

/** Apache without a distribution's configuration; only its check of the test gateway's certificate is off. */
export const apacheKind: ProxyKind = {
  name: 'apache',
  binary: 'apache2',
  install: 'apache2 libapache2-mod-auth-openidc',
  options: (_, { ports }) => [
    '--gateway-address',
    `https://localhost:${ports.gatewayTls}`,
    '--role',
    'editor',
    'admin',
  ],
  files: (folder) => ({
    'site.conf': { config: 'apache' },
    'httpd.conf': {
      text: `ServerRoot ${folder}
PidFile ${folder}/httpd.pid
DefaultRuntimeDir ${folder}
ErrorLog ${folder}/error.log
ServerName localhost
${[...modules, 'proxy_http', 'auth_openidc'].map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
OIDCCryptoPassphrase of-a-cache-that-nobody-shares
OIDCOAuthSSLValidateServer Off
Include ${folder}/site.conf
`,
    },
  }),
  args: (folder) => ['-D', 'FOREGROUND', '-f', `${folder}/httpd.conf`],
};
