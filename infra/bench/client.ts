import '../local/localhost-names.ts';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { findChromium } from '../journeys/chromium.ts';
import { browserScripts, moduleOf } from '../release/browser-scripts.ts';

/** The script for pages must be smaller than this, in bytes, as `gzip -9` makes it. */
export const gzipLimit = 5120;

/** How large a script is on its way to a page, in bytes. */
export type ScriptSizes = { readonly rawBytes: number; readonly gzipBytes: number; readonly brotliBytes: number };

/** Builds the script for pages from its sources, as the gateway sends it, and measures it. */
export async function scriptSizes(): Promise<ScriptSizes> {
  const script = browserScripts.find(({ name }) => name === 'browserScript');
  if (!script) throw new Error('there is no script for pages');
  const literal = /\n {2}("(?:\\.|[^"\\])*");\n$/.exec(await moduleOf(script))?.[1];
  if (literal === undefined) throw new Error(`${script.module} holds no string`);
  const raw = Buffer.from(JSON.parse(literal) as string);
  return {
    rawBytes: raw.length,
    gzipBytes: gzipSync(raw, { level: 9 }).length,
    brotliBytes: brotliCompressSync(raw).length,
  };
}

/** How often each rung is measured. */
const runs = 5;

if (import.meta.main) {
  const sizes = await scriptSizes();
  const line = (what: string, bytes: number) => `${what.padEnd(12)} ${String(bytes).padStart(6)} bytes`;
  console.log('the script for pages of apps on other domains');
  console.log(line('as it is', sizes.rawBytes));
  console.log(line('gzip -9', sizes.gzipBytes), `(less than ${gzipLimit})`);
  console.log(line('brotli', sizes.brotliBytes));
  const rungs = findChromium() ? await (await import('./client-rungs.ts')).measureRungs(runs) : undefined;
  console.log();
  if (!rungs) console.log('No Chromium here (CHROMIUM=/path/to/it names one): sizes only');
  else {
    console.log('from opening the page to a page that knows who is signed in, in Chromium on this machine');
    console.log(`${''.padEnd(16)} ${'signed in'.padStart(12)} ${'bare page'.padStart(12)} ${'ratio'.padStart(8)}`);
    for (const { rung, signedIn, bare, ratio } of rungs)
      console.log(
        `${rung.padEnd(16)} ${`${signedIn.toFixed(0)} ms`.padStart(12)} ${`${bare.toFixed(0)} ms`.padStart(12)} ${`${ratio.toFixed(1)}×`.padStart(8)}`,
      );
  }
  console.log(JSON.stringify({ ...sizes, ...(rungs && { rungs }) }));
  if (sizes.gzipBytes >= gzipLimit) process.exitCode = 1;
}
