import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RequestHandler } from '../../gateway/runtimes/lambda-edge/event.ts';
import { systemClock } from '../../shared/clock.ts';
import { type Deployed, distribution } from './cloudfront-server.testing.ts';
import { buildFunctions, type Unpacked } from './edge-functions.testing.ts';
import { createSandboxes, type Sandboxes } from './edge-sandbox.testing.ts';
import type { StartFront } from './front.testing.ts';
import type { LogLine } from './gateways.testing.ts';
import { greet } from './guarded-app.testing.ts';

/**
 * Apps and gateway at CloudFront. The apps are guarded by the functions out of the zip files, in sandboxes of their own; the
 * gateway is a custom origin, whose answers go through http_headers at both events of answers.
 */
export const startAtCloudFront: StartFront = async ({ at, written, gateways, now, log }) => {
  const folder = mkdtempSync(join(tmpdir(), 'crossgate-cloudfront-'));
  const started: Sandboxes[] = [];
  const run = ({ url }: Pick<Unpacked, 'url'>) => {
    const sandboxes = createSandboxes(url, {
      offset: () => (now() - systemClock()) * 1000,
      onLine: (line) => log.push(lineOf(line)),
    });
    started.push(sandboxes);
    return (event: unknown) => sandboxes.invoke<unknown, never>(event);
  };
  const build = (name: string, more: object) => {
    const place = join(folder, name);
    mkdirSync(place);
    return buildFunctions({ shape: 'gateway', gateway: at.gateway, sites: [at.notes, at.photos], ...more }, place);
  };
  const ofApps = await build('apps', { rules: written.rules });
  const ofGateway = await build('gateway', { headers: [{ set: leftToTheGateway }] });
  const dress = run(named(ofGateway, 'http-headers'));

  const gateway = await listen((request, response) =>
    gateways[request.headers['x-suite-process'] === 'second' ? 1 : 0]?.(request, response),
  );
  const app = await listen(greet);
  const host = (url: string) => new URL(url).host;
  return {
    gateway: distribution({
      aliases: [host(at.gateway)],
      origin: gateway.port,
      functions: [
        { event: 'viewer-request', paths: ['*'], handler: passOn },
        { event: 'origin-request', paths: ['*'], handler: passOn },
        { event: 'origin-response', paths: ['*'], handler: dress },
        { event: 'viewer-response', paths: ['*'], handler: dress },
      ],
    }),
    app: distribution({
      aliases: [host(at.notes), host(at.photos)],
      origin: app.port,
      functions: ofApps.map((one) => ({ event: one.event, paths: one.paths, handler: run(one) }) as Deployed),
    }),
    gatewayPort: gateway.port,
    appsGoBy: 'cookie',
    strangeHost: 403,
    tooLong: 413,
    longAddress: 413,
    async stop() {
      for (const server of [gateway, app]) server.close();
      await Promise.all(started.map((one) => one.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** A function that changes nothing, such as somebody's own that counts visits. */
const passOn: RequestHandler = async (event) => event.Records[0].cf.request;

/** The gateway says these itself wherever they fit; where it doesn't, they would be in the way. */
const leftToTheGateway = {
  'X-Frame-Options': null,
  'Content-Security-Policy': null,
  'Cross-Origin-Opener-Policy': null,
  'Permissions-Policy': null,
};

function named(functions: readonly Unpacked[], name: string): Unpacked {
  const found = functions.find((one) => one.name === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
}

/** Lines of the functions are JSON, as the gateway's are. */
function lineOf(text: string): LogLine {
  const { level = 'error', event = 'sandbox' } = JSON.parse(text) as Partial<LogLine>;
  return { level, event, text };
}

/** A custom origin. */
async function listen(listener: RequestListener) {
  // CloudFront keeps connections, and on a busy machine would use one at the moment at which it is closed
  const server = createServer({ maxHeaderSize: 65_536, keepAliveTimeout: 60_000 }, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
