#!/usr/bin/env node
import { processConsole } from './console.ts';
import { run } from './program.ts';

process.exitCode = await run(process.argv.slice(2), processConsole());
