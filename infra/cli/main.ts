#!/usr/bin/env node
import { processConsole } from './console.ts';
import { whyTooOld } from './node-version.ts';

const console = processConsole();
const tooOld = whyTooOld(process.versions.node);
if (tooOld === undefined) {
  // only now: an older Node may fail to load it, and would not say why
  const { run } = await import('./program.ts');
  process.exitCode = await run(process.argv.slice(2), console);
} else {
  console.err(tooOld);
  process.exitCode = 1;
}
