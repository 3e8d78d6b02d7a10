import { assertClientKeys } from '../../gateway/hand-off/client-keys.ts';
import { type ConfigInput, checkAll, readConfigInput } from '../../gateway/runtimes/node/load-config.ts';
import { trustedPeers } from '../../gateway/runtimes/trusted-peers.ts';
import { type Config, ConfigError, type ConfigMistake, parseConfig } from '../../shared/config.ts';
import { createKeyring, type Keyring } from '../../shared/keys/keyring.ts';
import { inColumns } from './columns.ts';
import { type Console, exits } from './console.ts';

/**
 * Says whether a gateway would start with this configuration, as far as that shows without asking anybody, and where the
 * values came from. Prints no secret.
 */
export function runConfigCheck(file: string | undefined, console: Console): number {
  const read = readConfigInput(file, console);
  const config = checkWhole(read);
  const rows = [
    ['file', read.file ?? 'none'],
    ...read.sources.map(({ setting, variable }) => [setting, `from ${variable}`]),
    ['gateway', `${config.publicUrl}, cookies on ${config.cookie.domain}`],
    ...config.providers.map(({ id, kind, issuer }) => ['provider', `${id}: ${kind} at ${issuer}`]),
    ['database', withoutPassword(config.database.url)],
    ['people', config.users.table ?? 'crossgate.users, made by the migrations'],
    ['apps, rules', `${config.clients.length}, ${config.rules.length}`],
  ];
  console.out('The configuration is good.');
  console.out(inColumns(rows.map(([what = '', value = '']) => [`  ${what}`, value])));
  return exits.fine;
}

/**
 * Checks a configuration as a gateway does when it starts, keys and addresses of proxies included.
 *
 * @throws ConfigError that lists every mistake at once.
 */
export function checkWhole(read: ConfigInput): Config {
  return checkAll(read, (input) => {
    const parsed = parseConfig(input);
    const mistakes = [...mistakesOf(() => trustedPeers(parsed.check.trustedProxies)), ...keyMistakes(parsed)];
    if (mistakes.length > 0) throw new ConfigError(mistakes);
    return parsed;
  });
}

function keyMistakes(config: Config): readonly ConfigMistake[] {
  let keyring: Keyring;
  try {
    keyring = createKeyring(config.keys);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  const { alg } = keyring.domainCookie.current;
  const says = `its first key is for ${alg}, but cookie.algorithm is ${config.cookie.algorithm}`;
  return [
    ...(alg === config.cookie.algorithm ? [] : [{ where: 'keys.domainCookie', says }]),
    ...mistakesOf(() => assertClientKeys(config.clients, keyring)),
  ];
}

function mistakesOf(act: () => unknown): readonly ConfigMistake[] {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
}

/** Host and name alone: user and query may hold secrets too. */
function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return 'set';
  const { host, pathname } = new URL(url);
  return `${host || 'local socket'}${pathname}`;
}
