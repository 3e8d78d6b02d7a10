import { apache } from './apache.ts';
import { caddy } from './caddy.ts';
import { envoy } from './envoy.ts';
import { gatewayApi } from './gateway-api.ts';
import { haproxy, haproxyLua } from './haproxy.ts';
import { nginx } from './nginx.ts';
import type { ProxySite } from './site.ts';
import { traefik } from './traefik.ts';

/** Every proxy that a configuration can be printed for. */
export const proxyTemplates = {
  nginx: { says: "a file for nginx's http block", print: nginx },
  caddy: { says: 'a Caddyfile', print: caddy },
  haproxy: { says: 'haproxy.cfg, which loads haproxy-lua', print: haproxy },
  'haproxy-lua': { says: 'the script of haproxy', print: haproxyLua },
  apache: { says: 'a virtual host of Apache, with mod_auth_openidc', print: apache },
  traefik: { says: "a file for Traefik's file provider", print: traefik },
  envoy: { says: "Envoy's whole configuration", print: envoy },
  'gateway-api': { says: 'Kubernetes Gateway API, for Envoy Gateway', print: gatewayApi },
} as const satisfies Record<string, { says: string; print: (site: ProxySite) => string }>;

export type ProxyName = keyof typeof proxyTemplates;

export const proxyNames = Object.keys(proxyTemplates) as readonly ProxyName[];
