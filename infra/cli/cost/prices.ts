/** US dollars. */
export type Dollars = number;

/** A price that falls with the amount: each step holds up to `upTo` units. */
export type Steps = readonly { readonly upTo: number; readonly each: Dollars }[];

/** When this file was last looked through. Prices change: compare the pages below before relying on a sum. */
export const pricesAsOf = '2026-11-21';

/**
 * List prices in us-east-1 and at Cloudflare, before tax and discounts. Free amounts are those that don't end after a
 * year.
 *
 * @see https://aws.amazon.com/cognito/pricing/, https://aws.amazon.com/lambda/pricing/,
 *   https://aws.amazon.com/cloudfront/pricing/, https://aws.amazon.com/sqs/pricing/, https://aws.amazon.com/fargate/pricing/,
 *   https://aws.amazon.com/elasticloadbalancing/pricing/, https://aws.amazon.com/rds/postgresql/pricing/,
 *   https://developers.cloudflare.com/workers/platform/pricing/,
 *   https://developers.cloudflare.com/durable-objects/platform/pricing/
 */
export const prices = {
  /** A month, in hours, as AWS counts it. */
  hours: 730,
  cognito: {
    /** Monthly active users. Tokens can carry the id, roles and permissions in the access token from Essentials on. */
    lite: [
      { upTo: 10_000, each: 0 },
      { upTo: 100_000, each: 0.0055 },
      { upTo: 1_000_000, each: 0.0046 },
      { upTo: 10_000_000, each: 0.00325 },
      { upTo: Number.POSITIVE_INFINITY, each: 0.0025 },
    ],
    essentials: [
      { upTo: 10_000, each: 0 },
      { upTo: Number.POSITIVE_INFINITY, each: 0.015 },
    ],
    plus: [{ upTo: Number.POSITIVE_INFINITY, each: 0.02 }],
    /** Who comes by SAML or another OpenID provider. */
    federated: [
      { upTo: 50, each: 0 },
      { upTo: Number.POSITIVE_INFINITY, each: 0.015 },
    ],
  } satisfies Record<string, Steps>,
  lambda: { request: 0.2e-6, gigabyteSecond: 0.000_016_666_7, freeRequests: 1_000_000, freeGigabyteSeconds: 400_000 },
  lambdaEdge: { request: 0.6e-6, gigabyteSecond: 0.000_050_01 },
  cloudFrontFunction: { request: 0.1e-6, freeRequests: 2_000_000 },
  cloudFront: { request: 0.01 / 10_000, freeRequests: 10_000_000 },
  sqs: { request: 0.4e-6, freeRequests: 1_000_000 },
  fargate: { cpuHour: 0.040_48, gigabyteHour: 0.004_445 },
  loadBalancer: { hour: 0.0225, capacityUnitHour: 0.008 },
  /** db.t4g.small, Multi-AZ, with 20 GB of gp3. */
  rds: { hour: 0.065, gigabyte: 0.23 },
  workers: {
    plan: 5,
    request: 0.3e-6,
    includedRequests: 10_000_000,
    cpuMillisecond: 0.02e-6,
    includedCpuMilliseconds: 30_000_000,
  },
  durableObjects: {
    request: 0.15e-6,
    includedRequests: 1_000_000,
    gigabyteSecond: 12.5e-6,
    includedGigabyteSeconds: 400_000,
  },
} as const;
