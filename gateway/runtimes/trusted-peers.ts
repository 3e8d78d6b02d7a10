import { BlockList, isIP } from 'node:net';
import { ConfigError, type ConfigMistake } from '../../shared/config.ts';

/** @throws ConfigError for what is neither an address nor a CIDR range. */
export function trustedPeers(ranges: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  const mistakes: ConfigMistake[] = [];
  ranges.forEach((range, i) => {
    const [address = '', bits] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    try {
      if (bits === undefined) list.addAddress(address, family);
      else list.addSubnet(address, /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN, family);
    } catch {
      mistakes.push({ where: `check.trustedProxies.${i}`, says: `${range} is neither an address nor a CIDR range` });
    }
  });
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  // one process sees few peers, and asks for each request
  const known = new Map<string, boolean>();
  return (address) => {
    const answer = known.get(address) ?? list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
    if (known.size < 1000) known.set(address, answer);
    return answer;
  };
}
