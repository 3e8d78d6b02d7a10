import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Seconds } from '../../../../shared/clock.ts';
import type { UserPoolCredentials } from '../settings.ts';
import { ApiFault } from './fault.ts';

/** How far a signer's clock may be off. */
const leeway: Seconds = 300;
const service = 'cognito-idp';

/** A request as it was signed. */
export type SignedRequest = {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: string;
};

/**
 * Makes sure that the holder of the credentials sent this request, just now and exactly so.
 *
 * @param now The machine's time: signers go by it, whatever time it is in the pool.
 * @throws ApiFault as AWS names it.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function checkSignature(
  request: SignedRequest,
  { accessKeyId, secretAccessKey }: UserPoolCredentials,
  region: string,
  now: Seconds,
): void {
  const authorization = request.headers.get('authorization');
  if (authorization === null) {
    throw new ApiFault('MissingAuthenticationTokenException', 'Missing Authentication Token');
  }
  const { credential, signedHeaders, signature } = readAuthorization(authorization);
  const [key, date = '', scopeRegion, scopeService, ending] = credential.split('/');
  if (key !== accessKeyId) {
    throw new ApiFault('UnrecognizedClientException', 'The security token included in the request is invalid.');
  }
  if (scopeRegion !== region || scopeService !== service || ending !== 'aws4_request') {
    const says = `Credential should be scoped to a valid region and to service ${service}: ${region}.`;
    throw new ApiFault('InvalidSignatureException', says);
  }
  const at = request.headers.get('x-amz-date') ?? '';
  if (!at.startsWith(date) || !(Math.abs(secondsOf(at) - now) <= leeway)) {
    throw new ApiFault('InvalidSignatureException', `Signature expired or not yet current: ${at}`);
  }
  const names = signedHeaders.split(';');
  if (!names.includes('host') || !names.includes('x-amz-date') || !names.includes('x-amz-target')) {
    throw new ApiFault('IncompleteSignatureException', 'host, x-amz-date and x-amz-target must be signed.');
  }
  const scope = [date, region, service, 'aws4_request'];
  const toSign = ['AWS4-HMAC-SHA256', at, scope.join('/'), sha256(canonical(request, names))].join('\n');
  const signingKey = scope.reduce<string | Buffer>((last, part) => hmac(last, part), `AWS4${secretAccessKey}`);
  const expected = hmac(signingKey, toSign);
  const found = Buffer.from(signature, 'hex');
  if (found.length !== expected.length || !timingSafeEqual(found, expected)) {
    throw new ApiFault(
      'InvalidSignatureException',
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
    );
  }
}

function readAuthorization(header: string): { credential: string; signedHeaders: string; signature: string } {
  const parts = /^AWS4-HMAC-SHA256 +Credential=([^, ]+), *SignedHeaders=([^, ]+), *Signature=([0-9a-f]{64})$/.exec(
    header,
  );
  const [, credential, signedHeaders, signature] = parts ?? [];
  if (credential === undefined || signedHeaders === undefined || signature === undefined) {
    throw new ApiFault('IncompleteSignatureException', 'The Authorization header is no AWS Signature Version 4.');
  }
  return { credential, signedHeaders, signature };
}

/** The API has one address and no query: neither needs an encoding of its own. */
function canonical({ method, url, headers, body }: SignedRequest, names: readonly string[]): string {
  const lines = names.map((name) => `${name}:${(headers.get(name) ?? '').trim().replace(/ +/g, ' ')}\n`);
  return [method, url.pathname, url.search.slice(1), lines.join(''), names.join(';'), sha256(body)].join('\n');
}

/** `20260102T030405Z` in seconds since 1970; NaN for anything else. */
function secondsOf(at: string): Seconds {
  const [, date, time] = /^(\d{8})T(\d{6})Z$/.exec(at) ?? [];
  if (date === undefined || time === undefined) return Number.NaN;
  const dashed = date.replace(/(....)(..)(..)/, '$1-$2-$3');
  return Date.parse(`${dashed}T${time.replace(/(..)(..)(..)/, '$1:$2:$3')}Z`) / 1000;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
