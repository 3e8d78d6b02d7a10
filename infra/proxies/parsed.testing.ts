import { spawnSync } from 'node:child_process';
import { runCommand } from '../cli/console.testing.ts';

/** A value of YAML or JSON. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

const site = [
  '--domain',
  'notes.acme.com',
  '--gateway',
  'https://auth.acme.com',
  '--upstream',
  'http://notes.apps:3000',
];

/** Configurations that differ in what they hold, as options of `crossgate proxy-config`. */
export const variants: readonly (readonly [string, readonly string[]])[] = [
  ['plain', ['--gateway-address', 'http://crossgate.auth:4180']],
  [
    'ending TLS itself',
    ['--gateway-address', 'http://crossgate.auth', '--certificate', '/etc/n.pem', '--key', '/etc/n.key'],
  ],
  ['towards a gateway and an app over TLS', ['--upstream', 'https://notes.apps:3443', '--listen', '127.0.0.1:8443']],
  ['with the other headers', ['--headers', 'x-auth-request', '--identity-jwt']],
  ['with a gateway below a path', ['--gateway', 'https://notes.acme.com/_sso', '--domain', 'http://notes.acme.com:81']],
];

/**
 * What is printed for a proxy that is not started here, as somebody else's YAML parser reads it.
 *
 * @param options Beside an app and its gateway.
 * @throws Error that says what to install.
 */
export function parsed(name: string, options: readonly string[] = variants[0]?.[1] ?? []): Promise<readonly Json[]> {
  const key = [name, ...options].join(' ');
  const found = known.get(key) ?? parse(name, options);
  known.set(key, found);
  return found;
}

/** A parser is a process of its own: one for each configuration. */
const known = new Map<string, Promise<readonly Json[]>>();

async function parse(name: string, options: readonly string[]): Promise<readonly Json[]> {
  const { exit, out, err } = await runCommand(['proxy-config', name, ...site, ...options]);
  if (exit !== 0) throw new Error(err);
  const script = 'import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))';
  const ran = spawnSync('python3', ['-c', script], { input: out, encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`cannot parse YAML (apt-get install python3-yaml): ${ran.stderr}`);
  return JSON.parse(ran.stdout) as Json[];
}

/** What stands at a path such as `spec/rules/0`. */
export function at(root: Json | undefined, path: string): Json | undefined {
  return path
    .split('/')
    .reduce<Json | undefined>((value, key) => (value as { [key: string]: Json } | undefined | null)?.[key], root);
}

/** The same document with another value at a path; `undefined` takes away what is there. */
export function changed(root: Json, path: string, value: Json | undefined): Json {
  const copy = structuredClone(root);
  const keys = path.split('/');
  const last = keys.pop() ?? '';
  const parent = (keys.length === 0 ? copy : at(copy, keys.join('/'))) as { [key: string]: Json } | undefined;
  if (typeof parent !== 'object' || parent === null) throw new Error(`nothing stands at ${path}`);
  if (value !== undefined) parent[last] = value;
  else if (last in parent) delete parent[last];
  else throw new Error(`nothing stands at ${path}`);
  return copy;
}
