import { type Dollars, prices, type Steps } from './prices.ts';

/** What a company uses in a month. */
export type Usage = {
  /** Requests to all apps: each is checked. */
  readonly requests: number;
  /** People who sign in at least once. */
  readonly users: number;
  /** How often each of them signs in. */
  readonly signIns: number;
  /** Hours for which each sign-in is used. */
  readonly activeHours: number;
  readonly plan: 'lite' | 'essentials' | 'plus';
  /** Whether people come by SAML or another OpenID provider. */
  readonly federated: boolean;
};

/** The ways to run it that are compared. */
export const shapes = ['node', 'workers', 'cloudfront', 'standalone'] as const;
export type Shape = (typeof shapes)[number];

/** One line of the bill. A shape that has no part of it is absent. */
export type Part = {
  readonly part: string;
  /** How much of it is used, for a person to read. */
  readonly amount: string;
  readonly dollars: Partial<Record<Shape, Dollars>>;
};

const everywhere = (dollars: Dollars): Part['dollars'] => Object.fromEntries(shapes.map((shape) => [shape, dollars]));
const withGateway = (dollars: Dollars): Part['dollars'] => ({ node: dollars, workers: dollars, cloudfront: dollars });

/** What the suites and benchmarks of this project measured, rounded up; in milliseconds of a Lambda function's time. */
const took = { preToken: 20, postAuthentication: 30, profileUpdate: 40, checkAuth: 1, httpHeaders: 1, workersCheck: 1 };
/** Gigabytes of memory that each function is given. */
const memory = { trigger: 0.25, edge: 0.125 };
/** A domain cookie lives for 30 minutes and is renewed in its last ten. */
const renewalsPerHour = 3;
/** The queue is asked by five pollers every 20 seconds, whether anything is there or not. */
const idlePolls = 5 * 3 * 60 * prices.hours;
/** Requests a second that one small task of the gateway takes without being tired. */
const perTask = 1500;
/** The busiest second against the average one. */
const peak = 5;

/** Works out the monthly bill, part by part. */
export function bill(usage: Usage): readonly Part[] {
  const { requests, users, plan, federated } = usage;
  const signIns = users * usage.signIns;
  const renewals = Math.round(signIns * usage.activeHours * renewalsPerHour);
  const refreshes = Math.round(signIns * usage.activeHours);
  const tokens = signIns + refreshes;
  const gateway = requests + signIns * 4 + renewals;
  const queries = tokens + signIns * 6 + renewals * 3;
  return [
    {
      part: federated ? 'Cognito, federated people' : `Cognito, plan ${plan}`,
      amount: `${count(users)} people`,
      dollars: everywhere(stepped(users, prices.cognito[federated ? 'federated' : plan])),
    },
    {
      part: 'Lambda, triggers',
      amount: `${count(tokens + signIns * 2)} calls`,
      dollars: withGateway(triggers(tokens, signIns)),
    },
    {
      part: 'SQS, sign-ins',
      amount: `${count(signIns * 3 + idlePolls)} requests`,
      dollars: withGateway(over(signIns * 3 + idlePolls, prices.sqs.freeRequests) * prices.sqs.request),
    },
    {
      part: 'RDS, db.t4g.small Multi-AZ',
      amount: `${count(queries)} queries, ${(queries / prices.hours / 3600).toFixed(1)} a second`,
      dollars: withGateway(prices.rds.hour * prices.hours + prices.rds.gigabyte * 20),
    },
    {
      part: 'Gateway on Fargate, load balancer',
      amount: `${tasks(gateway)} tasks (${tasks(signIns * 4 + renewals)} with checks at the edge)`,
      dollars: { node: fargate(gateway), cloudfront: fargate(signIns * 4 + renewals) },
    },
    {
      part: 'Workers',
      amount: `${count(gateway)} requests`,
      dollars: { workers: workers(gateway) },
    },
    {
      part: 'Durable Object (instead of the store in RDS)',
      amount: `${count(signIns * 4 + renewals * 2)} requests`,
      dollars: { workers: durableObject(signIns * 4 + renewals * 2) },
    },
    {
      part: 'CloudFront, requests',
      amount: `${count(requests)}`,
      dollars: edges(over(requests, prices.cloudFront.freeRequests) * prices.cloudFront.request),
    },
    {
      part: 'Lambda@Edge, check_auth',
      amount: `${count(requests)} calls`,
      dollars: edges(atEdge(requests, took.checkAuth)),
    },
    {
      part: 'Lambda@Edge, http_headers',
      amount: `${count(requests)} calls`,
      dollars: edges(atEdge(requests, took.httpHeaders)),
    },
    {
      part: 'Lambda@Edge, sign-in and renewal',
      amount: `${count(signIns + renewals)} calls`,
      dollars: { standalone: atEdge(signIns + renewals, 150) },
    },
  ];
}

/** The sum for each shape. */
export function totals(parts: readonly Part[]): Record<Shape, Dollars> {
  const sum = (shape: Shape) => parts.reduce((so, { dollars }) => so + (dollars[shape] ?? 0), 0);
  return { node: sum('node'), workers: sum('workers'), cloudfront: sum('cloudfront'), standalone: sum('standalone') };
}

const edges = (dollars: Dollars): Part['dollars'] => ({ cloudfront: dollars, standalone: dollars });
const over = (amount: number, free: number): number => Math.max(0, amount - free);

/** A price that falls with the amount. */
function stepped(amount: number, steps: Steps): Dollars {
  let from = 0;
  let sum = 0;
  for (const { upTo, each } of steps) {
    sum += over(Math.min(amount, upTo), from) * each;
    from = upTo;
  }
  return sum;
}

function triggers(tokens: number, signIns: number): Dollars {
  const { request, gigabyteSecond, freeRequests, freeGigabyteSeconds } = prices.lambda;
  const milliseconds = tokens * took.preToken + signIns * (took.postAuthentication + took.profileUpdate);
  return (
    over(tokens + signIns * 2, freeRequests) * request +
    over((milliseconds / 1000) * memory.trigger, freeGigabyteSeconds) * gigabyteSecond
  );
}

const atEdge = (calls: number, milliseconds: number): Dollars =>
  calls * prices.lambdaEdge.request + ((calls * milliseconds) / 1000) * memory.edge * prices.lambdaEdge.gigabyteSecond;

/** Two at least, so that one may fail. */
const tasks = (requests: number): number => Math.max(2, Math.ceil((requests * peak) / (prices.hours * 3600) / perTask));

/** Tasks with a quarter of a CPU and half a gigabyte, behind a load balancer. */
function fargate(requests: number): Dollars {
  const task = 0.25 * prices.fargate.cpuHour + 0.5 * prices.fargate.gigabyteHour;
  // a capacity unit takes 25 new connections a second
  const units = Math.max(1, requests / (prices.hours * 3600) / 25);
  const balancer = prices.loadBalancer.hour + units * prices.loadBalancer.capacityUnitHour;
  return (tasks(requests) * task + balancer) * prices.hours;
}

function workers(requests: number): Dollars {
  const { plan, request, includedRequests, cpuMillisecond, includedCpuMilliseconds } = prices.workers;
  const milliseconds = requests * took.workersCheck;
  return (
    plan + over(requests, includedRequests) * request + over(milliseconds, includedCpuMilliseconds) * cpuMillisecond
  );
}

/** One object of 128 MB; each request holds it for ten milliseconds. */
function durableObject(requests: number): Dollars {
  const { request, includedRequests, gigabyteSecond, includedGigabyteSeconds } = prices.durableObjects;
  return (
    over(requests, includedRequests) * request + over(requests * 0.01 * 0.125, includedGigabyteSeconds) * gigabyteSecond
  );
}

const count = (amount: number): string => Math.round(amount).toLocaleString('en-US');
