import { expect, it } from 'vitest';
import { isDismissal } from './fedcm.ts';

it.each<[string, string, number, boolean]>([
  ['somebody closed the dialog', 'NetworkError', 1700, true],
  ['somebody was quick to close it', 'NetworkError', 600, true],
  ['the gateway’s configuration can’t be had', 'NetworkError', 39, false],
  ['a policy of the page forbids it', 'NetworkError', 2, false],
  ['the gateway refused, after a dialog', 'IdentityCredentialError', 3000, false],
  ['there was no click', 'NotAllowedError', 1, false],
  ['the script gave up', 'AbortError', 2000, false],
  ['the browser can’t do it', 'TypeError', 0, false],
])('%s: %s after %i ms is the person’s own no: %s', (_, name, after, is) => expect(isDismissal(name, after)).toBe(is));
