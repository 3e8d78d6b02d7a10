import { describe, expect, it } from 'vitest';
import { runCommand } from './console.testing.ts';
import { bill, shapes, totals, type Usage } from './cost/bill.ts';

const small: Usage = {
  ...{ requests: 1_000_000, users: 100, signIns: 20, activeHours: 6 },
  ...({ plan: 'essentials', federated: false } as const),
};
const dollars = (usage: Partial<Usage>, part: RegExp) =>
  bill({ ...small, ...usage }).find((one) => part.test(one.part))?.dollars;

describe('the bill', () => {
  it.each<[string, Partial<Usage>, RegExp, number]>([
    ['ten thousand people are free', { users: 10_000 }, /^Cognito/, 0],
    ['five thousand more are not', { users: 15_000 }, /^Cognito/, 75],
    ['plan lite', { users: 110_000, plan: 'lite' }, /^Cognito/, 90_000 * 0.0055 + 10_000 * 0.0046],
    ['plan plus has nothing free', { users: 1000, plan: 'plus' }, /^Cognito/, 20],
    ['of federated people fifty are free', { users: 1050, federated: true }, /^Cognito/, 15],
    ['few sign-ins cost nothing at the queue', {}, /^SQS/, 0],
    ['many do', { users: 100_000 }, /^SQS/, (6_000_000 + 657_000 - 1_000_000) * 0.4e-6],
    ['few tokens cost nothing at Lambda', {}, /^Lambda, triggers/, 0],
  ])('%s', (_, usage, part, expected) => expect(dollars(usage, part)?.node).toBeCloseTo(expected, 6));

  it.each<[string, Partial<Usage>, RegExp, number]>([
    ['ten million requests at CloudFront are free', { requests: 10_000_000 }, /^CloudFront/, 0],
    ['ten million more are not', { requests: 20_000_000 }, /^CloudFront/, 10],
    ['the edge has nothing free', { requests: 1_000_000 }, /check_auth/, 0.6 + 1000 * 0.125 * 0.00005001],
  ])('%s', (_, usage, part, expected) => expect(dollars(usage, part)?.cloudfront).toBeCloseTo(expected, 6));

  it('has two tasks where one would do, and more where two would not', () => {
    const [little, much] = [dollars({}, /Fargate/)?.node ?? 0, dollars({ requests: 10 ** 10 }, /Fargate/)?.node ?? 0];
    expect(little).toBeGreaterThan(30);
    expect(much).toBeGreaterThan(little * 5);
  });

  it('never falls when more is used', () => {
    for (const shape of shapes) {
      let before = 0;
      for (const scale of [1, 3, 10, 100, 1000, 10_000]) {
        const sum = totals(bill({ ...small, users: 100 * scale, requests: 1_000_000 * scale }))[shape];
        expect(sum).toBeGreaterThanOrEqual(before);
        before = sum;
      }
    }
  });

  it('knows no users table where CloudFront stands alone, and no gateway on Fargate at Workers', () => {
    expect(dollars({}, /^RDS/)).not.toHaveProperty('standalone');
    expect(dollars({}, /Fargate/)).not.toHaveProperty('workers');
  });
});

describe('cost', () => {
  const asked = ['cost', '--requests', '20,000,000', '--users', '15_000'];

  it('puts the shapes side by side, with what each is for, and dates its prices', async () => {
    const { exit, out, err } = await runCommand(asked);
    expect(exit).toBe(0);
    expect(out).toMatch(/^US dollars a month +Node +Workers +CloudFront \+ gateway +CloudFront alone +for$/m);
    expect(out).toMatch(/^Cognito, plan essentials +75\.00 +75\.00 +75\.00 +75\.00 +15,000 people$/m);
    expect(out).toMatch(/^in all( +[\d.]+){4}$/m);
    expect(err).toMatch(/List prices of \d{4}-\d\d-\d\d/);
  });

  it('prints the same as JSON, with sums that are those of the parts', async () => {
    const { out, err } = await runCommand([...asked, '--json']);
    const { parts, totals: sums, usage } = JSON.parse(out);
    expect(err).toBe('');
    expect(usage).toMatchObject({ requests: 20_000_000, users: 15_000, plan: 'essentials', federated: false });
    expect(totals(parts)).toEqual(sums);
  });

  it('says what plan lite lacks', async () => {
    expect((await runCommand([...asked, '--plan', 'lite'])).err).toContain('only the ID token');
  });

  it.each<[string[], RegExp]>([
    [['cost'], /--requests/],
    [['cost', '--requests', '1'], /--users/],
    [['cost', '--requests', '0', '--users', '1'], /above 0/],
    [['cost', '--requests', '1e6', '--users', '1'], /whole number/],
    [['cost', '--requests', '1', '--users', '1', '--plan', 'gold'], /lite, essentials, plus/],
  ])('%j is wrong usage', async (args, says) => {
    expect(await runCommand(args)).toMatchObject({ exit: 2, err: expect.stringMatching(says), out: '' });
  });
});
