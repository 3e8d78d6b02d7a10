import { inflateRawSync } from 'node:zlib';

/** The one file of an archive of ours, after its name and size were looked at. */
export function unzip(archive: Buffer): { readonly name: string; readonly content: Buffer } {
  if (archive.readUInt32LE(0) !== 0x04034b50) throw new Error('not a zip archive');
  const size = archive.readUInt32LE(18);
  const nameEnd = 30 + archive.readUInt16LE(26);
  const start = nameEnd + archive.readUInt16LE(28);
  return {
    name: archive.toString('utf8', 30, nameEnd),
    content: inflateRawSync(archive.subarray(start, start + size)),
  };
}
