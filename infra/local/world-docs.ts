import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../shared/clock.ts';
import type { Jwks } from '../../shared/keys/signing.ts';
import { parseEdgeConfig } from '../cli/edge/config.ts';
import { type FilledFunction, fillBehindGateway, fillSlot } from '../cli/edge/settings.ts';
import { buildEdgeFunctions } from '../release/edge-functions.ts';
import { docsFiles, docsHeaders } from './apps/docs.ts';
import { createDistribution, type FunctionCall } from './cloudfront.ts';
import { startLambdaHost } from './lambda-host.ts';
import type { WorldAddresses } from './world-config.ts';

/** The functions of a site behind a gateway, as they are published: with a slot for their settings. */
const prebuilt = ['check-auth', 'http-headers', 'sign-out-at-gateway'] as const;

const localhostNames = fileURLToPath(new URL('./localhost-names.ts', import.meta.url));

/** Bundles the functions, and says how large they are. @param folder For these and for the filled ones. */
export async function buildDocsFunctions(folder: string): Promise<readonly { name: string; bytes: number }[]> {
  const built = await buildEdgeFunctions(path.join(folder, 'prebuilt'), prebuilt);
  return built.map(({ name, metafile }) => ({
    name,
    bytes: Object.values(metafile.outputs).reduce((sum, { bytes }) => sum + bytes, 0),
  }));
}

/** What an `edge.json` for Docs says. */
const written = (at: WorldAddresses) => ({
  shape: 'gateway',
  gateway: at.gateway,
  sites: [at.docs],
  rules: [
    { path: '/open/*', allow: 'public' },
    { path: '/admin/*', allow: 'role:admin' },
    { path: '/*', allow: 'signed-in' },
  ],
  headers: docsHeaders,
});

/** Docs, running. */
export type Docs = {
  readonly listener: RequestListener;
  /** Ends the functions' processes. */
  stop(): Promise<void>;
};

/**
 * Starts Docs: a folder of files behind a distribution, whose functions were filled as `crossgate build lambda-edge` fills
 * them. Each runs in processes of its own, from the first request on.
 *
 * @param options.folder Where {@link buildDocsFunctions} has put its own.
 * @param options.jwks The gateway's public keys.
 */
export async function startDocs(options: {
  readonly at: WorldAddresses;
  readonly folder: string;
  readonly jwks: Jwks;
  readonly clock: Clock;
  readonly onCall: (call: FunctionCall) => void;
}): Promise<Docs> {
  const { at, folder, jwks, clock, onCall } = options;
  const config = parseEdgeConfig(written(at));
  if (config.shape !== 'gateway') throw new Error('Docs stands behind the gateway');
  const keys = { jwks, from: { url: `${at.gateway}/.well-known/sso-jwks.json`, at: clock() } };
  const functions = fillBehindGateway(config, keys);
  const host = await startLambdaHost({
    // one at a time: to wait for a warm one takes less than to start another
    concurrency: 1,
    functions: functions.map((one) => ({
      name: one.name,
      file: fill(one, folder),
      // the gateway's name has no address but here, and newer keys are there
      env: { NODE_OPTIONS: `--import=${localhostNames}` },
    })),
    clock,
  });
  const invoke = async (name: string, event: object): Promise<unknown> => {
    const response = await fetch(`${host.endpoint}/2015-03-31/functions/${name}/invocations`, {
      method: 'POST',
      body: JSON.stringify(event),
    });
    if (response.ok && !response.headers.has('x-amz-function-error')) return await response.json();
    throw new Error(`Function ${name} failed: ${await response.text()}`);
  };
  const files = await docsFiles(at);
  return {
    listener: createDistribution({ functions, invoke, origin: files, onCall }),
    stop: () => host.stop(),
  };
}

/** Writes a function with its settings. */
function fill({ name, prebuilt: source, settings }: FilledFunction, folder: string): string {
  const file = path.join(folder, name, 'index.mjs');
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, fillSlot(readFileSync(path.join(folder, 'prebuilt', `${source}.js`), 'utf8'), settings));
  return file;
}
