import { createHash, createHmac } from 'node:crypto';
import type { Seconds } from '../clock.ts';

/** Credentials of AWS. The session token belongs to temporary ones, as functions and containers have. */
export type AwsCredentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
};

/** Whom a token is for. */
export type IamTokenFor = {
  /** The endpoint as RDS names it: a name of your own in front of it is not what RDS checks. */
  readonly host: string;
  readonly port: number;
  /** Database user that has been granted `rds_iam`. */
  readonly user: string;
  readonly region: string;
};

/** How long RDS takes a token for; connections made with it last longer. */
const lifetime: Seconds = 900;

/**
 * Makes the token that RDS takes for a password: a request `connect` to `rds-db`, signed in advance (Signature Version 4,
 * query form) and without its scheme. Nobody is asked.
 *
 * @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function iamToken({ host, port, user, region }: IamTokenFor, by: AwsCredentials, now: Seconds): string {
  const time = new Date(now * 1000).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = time.slice(0, 8);
  const scope = `${day}/${region}/rds-db/aws4_request`;
  const parameters: Readonly<Record<string, string>> = {
    Action: 'connect',
    DBUser: user,
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${by.accessKeyId}/${scope}`,
    'X-Amz-Date': time,
    'X-Amz-Expires': String(lifetime),
    ...(by.sessionToken === undefined ? {} : { 'X-Amz-Security-Token': by.sessionToken }),
    'X-Amz-SignedHeaders': 'host',
  };
  // written in the order that the signature wants: by name, in ASCII
  const query = Object.entries(parameters)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&');
  const request = ['GET', '/', query, `host:${host}:${port}`, '', 'host', sha256('')].join('\n');
  const signed = ['AWS4-HMAC-SHA256', time, scope, sha256(request)].join('\n');
  const key = [day, region, 'rds-db', 'aws4_request'].reduce<string | Buffer>(
    (above, part) => createHmac('sha256', above).update(part).digest(),
    `AWS4${by.secretAccessKey}`,
  );
  const signature = createHmac('sha256', key).update(signed).digest('hex');
  return `${host}:${port}/?${query}&X-Amz-Signature=${signature}`;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** RFC 3986 §2.3: all but the unreserved characters. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
