import { isSecure } from '../../../shared/client-table.ts';
import { ConfigError, type ConfigMistake, explain } from '../../../shared/config.ts';
import { whyNoParentDomain } from '../../../shared/parent-domain.ts';
import { type EdgeConfig, edgeSchemas, type GatewayEdgeConfig, type StandaloneEdgeConfig } from './schema.ts';

type Say = (where: string, says: string) => void;

/**
 * Headers that CloudFront lets no function add, or none change; and cookies, which http_headers has no business with.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html
 */
const refusedHeaders =
  /^(connection|expect|keep-alive|proxy-(authenticate|authorization|connection)|trailer|upgrade|x-(accel|amz-cf|amzn|edge)-.*|x-cache|x-forwarded-proto|x-real-ip|content-(length|encoding)|transfer-encoding|via|warning|set-cookie)$/i;

/**
 * Names and values of the headers of one rule, in bytes: as many as CloudFront's own policies may have. An answer that
 * outgrows what CloudFront takes of a function is a 502, at every address.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
 */
const mostHeaders = 10_240;

/**
 * Checks an `edge.json`.
 *
 * @throws ConfigError that lists every mistake at once, unknown keys included.
 */
export function parseEdgeConfig(input: unknown): EdgeConfig {
  const shape = (input as { shape?: unknown } | null)?.shape;
  if (shape !== 'gateway' && shape !== 'standalone')
    throw new ConfigError([{ where: 'shape', says: 'must be one of gateway, standalone' }]);
  const parsed = edgeSchemas[shape].safeParse(input, { reportInput: true });
  const mistakes: ConfigMistake[] = parsed.success ? [] : parsed.error.issues.flatMap((issue) => explain(issue));
  // what is well-formed by itself is cross-checked all the same, so that one round of mending is enough
  const config = parsed.success ? parsed.data : soundPart(input as Record<string, unknown>, shape);
  if (config) crossCheck(config, (where, says) => mistakes.push({ where, says }));
  if (mistakes.length > 0 || !config) throw new ConfigError(mistakes);
  return config;
}

/** Cookie domain of the gateway in front; as the gateway itself works it out. */
export const cookieDomainOf = ({ gateway, cookieDomain }: GatewayEdgeConfig): string =>
  cookieDomain ?? new URL(gateway).hostname.replace(/^[^.]+\./, '');

/** The configuration with what is malformed left out, if what remains is one. */
function soundPart(input: Record<string, unknown>, shape: EdgeConfig['shape']): EdgeConfig | undefined {
  const fields: Readonly<Record<string, { safeParse(value: unknown): { success: boolean } }>> =
    edgeSchemas[shape].shape;
  const sound = Object.entries(fields).filter(([key, schema]) => schema.safeParse(input[key]).success);
  const standIns = { keysFile: 'unread', provider: { issuer: 'https://provider.invalid', clientId: 'unread' } };
  const parsed = edgeSchemas[shape].safeParse({
    ...(shape === 'standalone' ? standIns : {}),
    ...Object.fromEntries(sound.map(([key]) => [key, input[key]])),
  });
  return parsed.success ? parsed.data : undefined;
}

function crossCheck(config: EdgeConfig, say: Say): void {
  const hosts = config.shape === 'gateway' ? checkGateway(config, say) : checkStandalone(config, say);
  config.rules.forEach(({ host, path }, i) => {
    const bare = host?.replace(/^\*\./, '');
    const covers = (site: string) => host === site || (host !== bare && site.endsWith(`.${bare}`));
    if (host !== undefined && !hosts.some(covers)) say(`rules.${i}.host`, 'is none of the sites');
    checkPattern(`rules.${i}.path`, path, say);
  });
  config.headers.forEach(({ path, set }, i) => {
    checkPattern(`headers.${i}.path`, path, say);
    const names = Object.keys(set);
    names.forEach((name, at) => {
      const where = `headers.${i}.set.${name}`;
      if (!/^[A-Za-z0-9-]{1,64}$/.test(name)) say(where, 'is no header name');
      else if (refusedHeaders.test(name)) say(where, 'is a header that no function may set here');
      if (names.findIndex((other) => other.toLowerCase() === name.toLowerCase()) !== at) say(where, 'is there twice');
    });
    const bytes = names.reduce((sum, name) => sum + name.length + (set[name]?.length ?? 0), 0);
    if (bytes > mostHeaders) say(`headers.${i}.set`, `is ${bytes} bytes; ${mostHeaders} is the most`);
  });
  const paths = Object.entries(config.paths);
  paths.forEach(([name, path], i) => {
    if (paths.findIndex(([, other]) => other === path) !== i) say(`paths.${name}`, 'is there twice');
  });
}

function checkGateway(config: GatewayEdgeConfig, say: Say): string[] {
  const gateway = new URL(config.gateway);
  const domain = cookieDomainOf(config);
  if (!isSecure(config.gateway, gateway)) say('gateway', 'must be https (http only on localhost)');
  if (gateway.search || gateway.hash || gateway.username || gateway.password)
    say('gateway', 'must have no query, fragment or user');
  if (domain !== gateway.hostname && !gateway.hostname.endsWith(`.${domain}`))
    say('cookieDomain', `must be ${gateway.hostname} or a parent of it`);
  const unfit = whyNoParentDomain(domain);
  if (unfit) say('cookieDomain', unfit);
  return config.sites.map((site, i) => {
    const { hostname, origin } = checkOrigin(`sites.${i}`, site, gateway, say);
    if (origin === gateway.origin) say(`sites.${i}`, 'is the gateway itself');
    else if (hostname !== domain && !hostname.endsWith(`.${domain}`))
      say(`sites.${i}`, `is not below ${domain}, where no sign-in reaches it`);
    return hostname;
  });
}

function checkStandalone(config: StandaloneEdgeConfig, say: Say): string[] {
  const site = checkOrigin('site', config.site, new URL(config.site), say);
  const { provider, session, renewWithin } = config;
  const issuer = new URL(provider.issuer);
  if (!isSecure(provider.issuer, site)) say('provider.issuer', 'must be https (http only on localhost)');
  if (issuer.search || issuer.hash || issuer.username || issuer.password)
    say('provider.issuer', 'must have no query, fragment or user');
  if (provider.logoutUrl !== undefined && !isSecure(provider.logoutUrl, site))
    say('provider.logoutUrl', 'must be https (http only on localhost)');
  if (!provider.scopes.includes('openid')) say('provider.scopes', 'must contain openid');
  if (provider.triggers && provider.rolesClaim !== undefined)
    say('provider.rolesClaim', 'is not read where triggers put roles into the token');
  if (renewWithin >= session.cookieLifetime) say('renewWithin', 'must be less than session.cookieLifetime');
  if (session.cookieLifetime > session.lifetime) say('session.cookieLifetime', 'must be at most session.lifetime');
  return [site.hostname];
}

function checkOrigin(where: string, text: string, peer: URL, say: Say): URL {
  const url = new URL(text);
  if (url.origin !== text) say(where, `must be an origin, such as ${url.origin}`);
  else if (!isSecure(text, peer)) say(where, 'must be https (http only on localhost)');
  // a wildcard among them: the functions compare, and would answer nobody
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(url.hostname)) say(where, 'must have one host name, without a wildcard');
  return url;
}

function checkPattern(where: string, pattern: string, say: Say): void {
  if (pattern.slice(0, -1).includes('*') || (pattern.endsWith('*') && !pattern.endsWith('/*')))
    say(where, 'may have * only as its last character, after /');
}
