import { everyIdentityHeader } from '../../gateway/check/identity-headers.ts';

/** A value that nobody but an attacker sends. */
export const forged = 'forged';

/** Every way to write a header name: some server or other reads them all as one. */
export function spellings(name: string): string[] {
  const marks = ['_', '.', '!', '~', '-'];
  const parts = name.split('-');
  const separated = [
    ...marks.map((mark) => parts.join(mark)),
    // one odd mark among the others
    ...parts.slice(1).flatMap((_, i) => ['_', '.', '!'].map((mark) => join(parts, i, mark))),
  ];
  return [...new Set(separated.flatMap((one) => [one, one.toLowerCase(), one.toUpperCase()]))];
}

function join(parts: readonly string[], odd: number, mark: string): string {
  return parts.reduce((sofar, part, i) => (i === 0 ? part : `${sofar}${i - 1 === odd ? mark : '-'}${part}`), '');
}

/** Header lines that say who somebody is: every identity header in every spelling. */
export const forgedIdentity: readonly string[] = everyIdentityHeader.flatMap((name) =>
  spellings(name).map((one) => `${one}: ${forged}`),
);

/** Header lines that say another address was asked for: a public one, at another host. */
export const forgedAddress: readonly string[] = [
  'X-Forwarded-Method: GET',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: forged.acme.localhost',
  'X-Forwarded-Uri: /public/forged',
  'X-Forwarded-Port: 1',
  'X-Forwarded-Prefix: /forged',
  'X-Original-URL: http://notes.acme.localhost/public/forged',
  'X-Original-Method: GET',
  'X-Original-URI: /public/forged',
  'X-Original-Host: forged.acme.localhost',
  'X-Rewrite-URL: /public/forged',
  'Forwarded: host=forged.acme.localhost;proto=https',
].flatMap((line) => {
  const [name = ''] = line.split(':');
  return spellings(name).map((one) => one + line.slice(name.length));
});
