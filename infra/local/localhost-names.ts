/**
 * Makes `*.localhost` names resolve to 127.0.0.1 in this process, as they do in browsers (RFC 6761 §6.3) but not in
 * Node, which asks the system's resolver. Load it with `node --import`; nothing else needs to know.
 *
 * Both `node:net` (so `node:http`, and `fetch`, whose undici connects through it) and direct callers look names up
 * through the functions on these two modules at the time of the call, so replacing them there is enough.
 */
import dns, { type LookupAddress, type LookupOptions } from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';

const loopback: LookupAddress = { address: '127.0.0.1', family: 4 };

function isLocal(hostname: unknown): boolean {
  return typeof hostname === 'string' && /(?:^|\.)localhost\.?$/i.test(hostname);
}

function wantsAll(options: unknown): boolean {
  return typeof options === 'object' && options !== null && (options as LookupOptions).all === true;
}

type Callback = (error: NodeJS.ErrnoException | null, found: string | LookupAddress[], family?: number) => void;

const lookup = dns.lookup;
const lookupPromise = dns.promises.lookup;

function patched(hostname: string, ...rest: unknown[]): void {
  if (!isLocal(hostname)) return void Reflect.apply(lookup, dns, [hostname, ...rest]);
  const callback = rest.at(-1) as Callback;
  process.nextTick(() => {
    if (wantsAll(rest[0])) callback(null, [loopback]);
    else callback(null, loopback.address, loopback.family);
  });
}

async function patchedPromise(hostname: string, options?: unknown): Promise<LookupAddress | LookupAddress[]> {
  if (!isLocal(hostname)) return Reflect.apply(lookupPromise, dns.promises, [hostname, options]);
  return wantsAll(options) ? [loopback] : loopback;
}

dns.lookup = Object.assign(patched, { __promisify__: patchedPromise }) as unknown as typeof dns.lookup;
dns.promises.lookup = patchedPromise as typeof dns.promises.lookup;
syncBuiltinESMExports();
