import { createRequire } from 'node:module';

/** The version of this package. */
export const crossgateVersion = (createRequire(import.meta.url)('crossgate/package.json') as { version: string })
  .version;
