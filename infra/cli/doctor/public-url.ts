import type { Config } from '../../../shared/config.ts';
import type { Keyring } from '../../../shared/keys/keyring.ts';
import { readJwks } from '../../../shared/keys/signing.ts';
import { inWords } from '../console.ts';
import { type Finding, failure, fine, skipped, warning } from './finding.ts';

/** Asks the gateway that runs, by its public URL: does it answer, is it ready, and does it have the keys of the key file? */
export async function lookAtPublicUrl(
  { publicUrl }: Pick<Config, 'publicUrl'>,
  { domainCookie }: Pick<Keyring, 'domainCookie'>,
  fetching: typeof fetch,
): Promise<Finding[]> {
  const get = (path: string) =>
    fetching(`${publicUrl}${path}`, { redirect: 'manual', signal: AbortSignal.timeout(5000) });
  try {
    const alive = await get('/healthz');
    const { status } = alive.ok ? ((await alive.json()) as { status?: unknown }) : { status: undefined };
    if (status !== 'ok') {
      return notThere(`${publicUrl}/healthz answers ${alive.status}, and is not a gateway's`);
    }
  } catch (error) {
    return notThere(`${publicUrl}: ${inWords(error)}`);
  }
  return [
    fine('public URL', `${publicUrl} is a gateway`),
    await lookAtReadiness(get),
    await lookAtKeys(get, domainCookie),
  ];
}

const notThere = (says: string): Finding[] => [
  failure(
    'public URL',
    says,
    'Name, certificate and proxy have to lead there. If no gateway runs yet, leave this out by --before-start.',
  ),
  skipped('running gateway', 'needs the public URL'),
];

type Get = (path: string) => Promise<Response>;

async function lookAtReadiness(get: Get): Promise<Finding> {
  const check = 'running gateway';
  try {
    const answer = await get('/readyz');
    if (answer.ok) return fine(check, 'is ready');
    const { down } = (await answer.json()) as { down?: unknown };
    const what = Array.isArray(down) ? down.join(', ') : `HTTP ${answer.status}`;
    return failure(check, `is not ready: ${what}`, 'Its log says why.');
  } catch (error) {
    return failure(check, `/readyz: ${inWords(error)}`);
  }
}

async function lookAtKeys(get: Get, { current }: Keyring['domainCookie']): Promise<Finding> {
  const check = 'its keys';
  try {
    const answer = await get('/.well-known/sso-jwks.json');
    const published = readJwks(await answer.json(), ['RS256', 'ES256', 'EdDSA']);
    if (published.has(current.kid)) return fine(check, `publishes ${current.kid}, which signs`);
    return warning(
      check,
      `does not publish ${current.kid}, which signs by this key file`,
      'Is this its key file? After `crossgate keys rotate` restart the gateways with it.',
    );
  } catch (error) {
    return failure(check, `/.well-known/sso-jwks.json: ${inWords(error)}`);
  }
}
