/** Second labels under which country registries sell names: `co.uk`, `com.au`, `ac.jp`. */
const registryLabels = new Set(
  'ac asso co com edu firm gob gouv gov gv id in info ltd me mil ne net nom nsw or org plc qld sch vic web'.split(' '),
);

/** Domains of which every customer of a host gets a part. */
const sharedHosts = new Set(
  (
    'amplifyapp.com appspot.com azurestaticapps.net azurewebsites.net cloudapp.net cloudfront.net deno.dev ' +
    'firebaseapp.com fly.dev github.io gitlab.io herokuapp.com kasserver.com myshopify.com netlify.app ngrok.app ' +
    'ngrok.io ngrok-free.app onrender.com pages.dev railway.app repl.co run.app surge.sh trycloudflare.com up.railway.app ' +
    'vercel.app web.app workers.dev'
  ).split(' '),
);

/**
 * Why no sign-in may be shared below this domain; `undefined`: nothing speaks against it.
 *
 * Everything below the parent domain is trusted as an address to return to, so a domain that strangers can get a part of
 * would be an open redirect. This knows the common cases, not the whole Public Suffix List: browsers hold that for the
 * cookie, and nobody but the operator holds it for the addresses.
 *
 * @param domain Lower case, without a trailing dot.
 */
export function whyNoParentDomain(domain: string): string | undefined {
  if (domain === 'localhost') return undefined;
  // nothing can stand below a whole address, so a gateway may well be alone on one; a part of an address is a slip
  if (isAddress(domain)) return undefined;
  if (/(^|\.)[0-9]+$/.test(domain)) return 'must be a name or a whole address';
  const labels = domain.split('.');
  const [second = '', top = ''] = labels.slice(-2);
  if (labels.length === 1) return 'browsers keep no cookies for a top-level domain';
  const registry = labels.length === 2 && top.length === 2 && registryLabels.has(second);
  const amazon = /(^|\.)(amazonaws\.com|awsapprunner\.com|amazoncognito\.com)$/.test(domain);
  if (registry || amazon || sharedHosts.has(domain)) return 'strangers can get a name below it';
  return undefined;
}

/** Is it an address as `URL#hostname` writes one, rather than a name? */
export function isAddress(hostname: string): boolean {
  return /^([0-9]{1,3}\.){3}[0-9]{1,3}$/.test(hostname) || hostname.startsWith('[');
}
