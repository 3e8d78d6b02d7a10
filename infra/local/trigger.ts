import { fileURLToPath } from 'node:url';
import { processConsole } from '../cli/console.ts';
import { runTrigger } from './trigger-command.ts';

const worldDir = fileURLToPath(new URL('../../.crossgate', import.meta.url));
process.exitCode = await runTrigger(process.argv.slice(2), processConsole(), worldDir);
