import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { BakedKeys } from '../../gateway/runtimes/lambda-edge/settings.ts';
import { type Seconds, systemClock } from '../../shared/clock.ts';
import { ConfigError } from '../../shared/config.ts';
import { CliError, type Console, exits, inWords } from './console.ts';
import { parseEdgeConfig } from './edge/config.ts';
import { readEdgeKeyFile, readPublicJwks } from './edge/key-file.ts';
import type { GatewayEdgeConfig } from './edge/schema.ts';
import { type FilledFunction, fillBehindGateway, fillSlot, fillStandalone } from './edge/settings.ts';
import { zipOf } from './zip.ts';

export type BuildEdgeOptions = {
  readonly config: string;
  /** Folder for the zip files; made if it is not there. */
  readonly out: string;
  /** Folder of the prebuilt functions. Default: the package's own. */
  readonly bundles?: string;
};

/**
 * Fills the prebuilt functions with the settings of an `edge.json` and zips them, each with only what it needs. The same
 * input makes the same files, byte by byte; behind a gateway the time at which its keys were fetched is part of the input.
 */
export async function runBuildEdge(options: BuildEdgeOptions, console: Console): Promise<number> {
  const file = resolve(console.cwd, options.config);
  const config = parseEdgeConfig(parseJson(readText(file, options.config), options.config));
  const near = (path: string, where: string) => readText(resolve(dirname(file), path), where);
  let functions: readonly FilledFunction[];
  if (config.shape === 'gateway') {
    functions = fillBehindGateway(config, await gatewayKeys(config, near, console));
  } else {
    const { clientSecretFile } = config.provider;
    const keys = readEdgeKeyFile(near(config.keysFile, 'keysFile'));
    const secret =
      clientSecretFile === undefined ? undefined : near(clientSecretFile, 'provider.clientSecretFile').trim();
    if (secret === '') throw new ConfigError([{ where: 'provider.clientSecretFile', says: 'is empty' }]);
    functions = fillStandalone(config, keys, secret);
  }

  const bundles = options.bundles === undefined ? ownBundles() : resolve(console.cwd, options.bundles);
  const out = resolve(console.cwd, options.out);
  const written = functions.map((one) => {
    const source = readText(join(bundles, `${one.prebuilt}.js`), `${one.prebuilt}.js`);
    const zip = zipOf('index.mjs', Buffer.from(fillSlot(source, one.settings)));
    writeAfresh(join(out, `${one.name}.zip`), zip, 0o600);
    return { ...one, bytes: zip.length, sha256: createHash('sha256').update(zip).digest('base64') };
  });
  const behaviours = written.map(({ name, event, behaviours: paths, sha256 }) => ({
    file: `${name}.zip`,
    handler: 'index.handler',
    event,
    paths,
    sha256,
  }));
  writeAfresh(join(out, 'behaviours.json'), `${JSON.stringify(behaviours, null, 2)}\n`, 0o644);

  for (const { name, bytes, event, behaviours: paths, secrets } of written) {
    const size = `${(bytes / 1024).toFixed(1)} KB`.padStart(8);
    const holds = secrets.length > 0 ? `holds ${secrets.join(', ')}` : 'no secret';
    console.out(`${`${name}.zip`.padEnd(17)} ${size}  ${event} of ${paths.join(' and ')}; ${holds}`);
  }
  console.out('behaviours.json            the same for programs, in the order of the behaviours');
  if (config.shape === 'gateway')
    console.out('parse-auth and refresh-auth are not made: the gateway signs people in and renews.');
  return exits.fine;
}

/** A new file in place of what was there: that may be open to all, or a link that leads to another file. */
function writeAfresh(place: string, content: Buffer | string, mode: number): void {
  try {
    mkdirSync(dirname(place), { recursive: true });
    rmSync(place, { force: true });
    writeFileSync(place, content, { mode, flag: 'wx' });
  } catch (error) {
    throw new CliError(exits.wrong, `${place} cannot be written (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/** The gateway's public keys, those that will sign next among them. */
async function gatewayKeys(
  config: GatewayEdgeConfig,
  near: (path: string, where: string) => string,
  console: Console,
): Promise<BakedKeys> {
  const url = `${new URL(config.gateway).href.replace(/\/+$/, '')}/.well-known/sso-jwks.json`;
  const said = Number(console.env.SOURCE_DATE_EPOCH ?? systemClock()) satisfies Seconds;
  // keys from the future would never be asked for anew
  const now = Math.min(said, systemClock());
  const jwks =
    config.jwksFile === undefined
      ? readPublicJwks(await fetchText(url), url)
      : readPublicJwks(near(config.jwksFile, 'jwksFile'), 'jwksFile');
  return { jwks, from: { url, at: Number.isSafeInteger(now) ? now : 0 } };
}

async function fetchText(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000), redirect: 'error' });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    return await response.text();
  } catch (error) {
    throw new CliError(
      exits.wrong,
      `${url} cannot be fetched (${inWords(error)}). Start the gateway first, or name its keys by jwksFile.`,
    );
  }
}

/** Beside what is built, or in what was built of these sources. */
function ownBundles(): string {
  const built = join(import.meta.dirname, '../../edge');
  const [found] = [built, join(import.meta.dirname, '../../dist/edge')].filter((folder) =>
    existsSync(join(folder, 'check-auth.js')),
  );
  if (found === undefined) throw new CliError(exits.wrong, 'There are no prebuilt functions yet: npm run build.');
  return found;
}

function readText(file: string, where: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliError(exits.wrong, `${where} cannot be read (${(error as NodeJS.ErrnoException).code}): ${file}`);
  }
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // the message would quote the file
    throw new CliError(exits.wrong, `${where} is not JSON.`);
  }
}
