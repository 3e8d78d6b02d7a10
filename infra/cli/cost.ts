import { type Console, exits } from './console.ts';
import { bill, type Shape, shapes, totals, type Usage } from './cost/bill.ts';
import { pricesAsOf } from './cost/prices.ts';

export type CostOptions = Usage & { readonly json?: boolean };

const titles: Record<Shape, string> = {
  node: 'Node',
  workers: 'Workers',
  cloudfront: 'CloudFront + gateway',
  standalone: 'CloudFront alone',
};

/** Prints what a month costs, part by part, for each way to run it. */
export function runCost({ json, ...usage }: CostOptions, console: Console): number {
  const parts = bill(usage);
  const sums = totals(parts);
  if (json) {
    console.out(JSON.stringify({ pricesAsOf, usage, parts, totals: sums }));
    return exits.fine;
  }
  const dollars = (amount: number | undefined) => (amount === undefined ? '' : amount.toFixed(2));
  const rows = [
    ['US dollars a month', ...shapes.map((shape) => titles[shape]), 'for'],
    ...parts.map(({ part, amount, dollars: each }) => [part, ...shapes.map((shape) => dollars(each[shape])), amount]),
    ['in all', ...shapes.map((shape) => dollars(sums[shape])), ''],
    ['for a thousand people', ...shapes.map((shape) => dollars((sums[shape] / usage.users) * 1000)), ''],
  ];
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const last = widths.length - 1;
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i === 0 || i === last ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  const rule = '-'.repeat(widths.slice(0, last).reduce((sum, width) => sum + width + 2, -2));
  console.out(
    [...rows.slice(0, 1), [rule], ...rows.slice(1, -2), [rule], ...rows.slice(-2)].map((row) => line(row)).join('\n'),
  );
  console.err(
    `\nList prices of ${pricesAsOf} (us-east-1, Cloudflare), before tax; data transfer, logs, mail and text messages not counted.` +
      '\nNode: gateway on Fargate, any proxy asks it. Workers: gateway at Cloudflare. CloudFront + gateway: Lambda@Edge checks,' +
      '\nthe gateway signs in. CloudFront alone: one site with a session of its own, no users table.' +
      (usage.plan === 'lite' && !usage.federated
        ? '\nWith plan lite only the ID token can carry the id, roles and permissions.'
        : ''),
  );
  return exits.fine;
}
