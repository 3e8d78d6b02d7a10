import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { inColumns } from '../cli/columns.ts';

/** How often each outcome came. */
type Tally = { passed: number; failed: number; skipped: number };

/**
 * Ends a run of `*.runtime.test.ts` with a table: the suites' parts downwards, the runtimes beside each other. A dash: that
 * part is not there; a sign-out at an app's own address is only at CloudFront. What did not pass follows test by test;
 * `RUNTIME_TABLE=full` shows them all.
 */
export default class RuntimeTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const outcomes = new Map<string, Map<string, TestCase>>();
    const runtimes = new Set<string>();
    for (const module of modules.filter(({ moduleId }) => /\/infra\/suite\/[^/]+\.runtime\.test\.ts$/.test(moduleId))) {
      for (const test of module.children.allTests()) {
        const [runtime = '', ...rest] = test.fullName.split(' > ');
        if (!/^on [A-Z]/.test(runtime)) continue;
        runtimes.add(runtime);
        const name = rest.join(' > ');
        outcomes.set(name, (outcomes.get(name) ?? new Map()).set(runtime, test));
      }
    }
    if (runtimes.size === 0) return;
    const columns = [...runtimes].sort();
    const parts = Map.groupBy(outcomes, ([name]) => name.split(' > ')[0] ?? name);
    const rows = [...parts].map(([part, tests]) => [
      part,
      ...columns.map((runtime) => inWords(tallyOf(tests.map(([, by]) => by.get(runtime))))),
    ]);
    const total = columns.map((runtime) => inWords(tallyOf([...outcomes.values()].map((by) => by.get(runtime)))));
    const singles = [...outcomes]
      .filter(
        ([, by]) => process.env.RUNTIME_TABLE === 'full' || [...by.values()].some((one) => stateOf(one) !== 'passed'),
      )
      .map(([name, by]) => [name, ...columns.map((runtime) => stateOf(by.get(runtime)))]);
    console.log(`\n${inColumns([['', ...columns], ...rows, ['all', ...total], ...singles])}\n`);
  }
}

const stateOf = (test: TestCase | undefined): string => test?.result().state ?? '-';

function tallyOf(tests: readonly (TestCase | undefined)[]): Tally {
  const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  for (const test of tests) {
    if (!test) continue;
    const state = stateOf(test);
    if (state === 'passed') tally.passed += 1;
    else if (state === 'failed') tally.failed += 1;
    else tally.skipped += 1;
  }
  return tally;
}

function inWords({ passed, failed, skipped }: Tally): string {
  if (passed + failed + skipped === 0) return '-';
  const rest = [failed > 0 ? `${failed} failed` : '', skipped > 0 ? `${skipped} not run` : ''].filter(Boolean);
  return rest.length === 0 ? `${passed}` : `${passed}, ${rest.join(', ')}`;
}
