import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

/** Requests to one server. */
export type LoadTarget = {
  readonly port: number;
  /** Of the server's process. */
  readonly pid: number;
  /** Requests in turn, and the `Remote-User` that each has to be answered with. */
  readonly requests: readonly { readonly bytes: string; readonly uid: string }[];
  /** Never send a request twice; where they run out, measure no more. */
  readonly once: boolean;
  readonly warmUp: { readonly seconds: number; readonly requests: number };
};

/** What the load process is asked to do: warm every target up, then give each a slice in turn, sweep after sweep. */
export type LoadOrder = {
  readonly targets: readonly LoadTarget[];
  readonly connections: number;
  readonly sweeps: number;
  /** Seconds. */
  readonly slice: number;
  /** Count what the server's other threads do for it as well, cryptography among it. Default: its main thread alone. */
  readonly allThreads?: boolean;
};

/** What came of one target. */
export type LoadResult = {
  /** Answers a second, for each sweep; none for a sweep without requests. */
  readonly rates: readonly (number | undefined)[];
  /** Microseconds of processor time that the server spent on each answer, likewise; Linux only. */
  readonly costs: readonly (number | undefined)[];
  readonly answers: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
};

/** What the load process says in the end: what it measured, or what was wrong with an answer. */
export type LoadEvent = { results: LoadResult[] } | { wrong: string };

// Load in a process of its own, only ever to 127.0.0.1: one request under way on each connection, no pipelining.
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => {});
process.once('message', (order: LoadOrder) => {
  run(order, (event) => process.send?.(event)).catch((error: Error) => process.send?.({ wrong: error.message }));
});

async function run(
  { targets, connections, sweeps, slice, allThreads = false }: LoadOrder,
  tell: (event: LoadEvent) => void,
) {
  const drivers = await Promise.all(targets.map((target) => openDriver(target, connections)));
  for (const [i, { warmUp }] of targets.entries()) await drivers[i]?.run(warmUp.seconds, warmUp.requests);
  const rates = targets.map((): (number | undefined)[] => []);
  const costs = targets.map((): (number | undefined)[] => []);
  const latencies = targets.map((): number[] => []);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const [i, driver] of drivers.entries()) {
      const before = processorTime(targets[i]?.pid, allThreads);
      const measured = await driver.run(slice, 0);
      const after = processorTime(targets[i]?.pid, allThreads);
      const answers = measured.latencies.length;
      rates[i]?.push(answers > 0 ? answers / measured.seconds : undefined);
      costs[i]?.push(
        answers > 0 && before !== undefined && after !== undefined ? (after - before) / answers : undefined,
      );
      for (const latency of measured.latencies) latencies[i]?.push(latency);
    }
  }
  tell({
    results: targets.map((_, i) => {
      const sorted = Float64Array.from(latencies[i] ?? []).sort();
      const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
      return { rates: rates[i] ?? [], costs: costs[i] ?? [], answers: sorted.length, p50: at(0.5), p99: at(0.99) };
    }),
  });
}

/** Microseconds that a process's main thread, or all of them, has run so far; `undefined` where the system doesn't say. */
function processorTime(pid: number | undefined, allThreads: boolean): number | undefined {
  try {
    const threads = allThreads ? readdirSync(`/proc/${pid}/task`) : [String(pid)];
    const times = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    return times.reduce((sum, time) => sum + Number(time), 0) / 1000;
  } catch {
    return undefined;
  }
}

type Driver = {
  /** Sends for some seconds, or until at least so many requests were sent; resolves when the last answer is there. */
  run(seconds: number, atLeast: number): Promise<{ readonly seconds: number; readonly latencies: readonly number[] }>;
};

/** Opens the connections to one server. Every answer is verified: a wrong one rejects the run. */
async function openDriver({ port, requests, once }: LoadTarget, connections: number): Promise<Driver> {
  const bytes = requests.map((request) => Buffer.from(request.bytes));
  const users = requests.map(({ uid }) => `\r\nremote-user: ${uid.toLowerCase()}\r\n`);
  let sent = 0;
  let underWay = 0;
  let mayGoOn = (): boolean => false;
  let latencies: number[] = [];
  let done: () => void = () => {};
  let fail: (error: Error) => void = () => {};

  const open = async (): Promise<() => void> => {
    let index = 0;
    let sentAt = 0;
    let partial = '';
    const send = (): void => {
      const next = bytes[once ? sent : sent % bytes.length];
      if (!next || !mayGoOn()) {
        if (underWay === 0) done();
        return;
      }
      index = sent % bytes.length;
      sent += 1;
      underWay += 1;
      sentAt = performance.now();
      socket.write(next);
    };
    const take = (text: string): void => {
      const answer = partial + text;
      partial = answer.endsWith('\r\n\r\n') ? '' : answer;
      if (partial) return;
      latencies.push(performance.now() - sentAt);
      underWay -= 1;
      if (!answer.startsWith('HTTP/1.1 204 ') || !answer.toLowerCase().includes(users[index] ?? '?'))
        fail(new Error(`wrong answer to request ${index}: ${answer}`));
      else send();
    };
    const buffer = Buffer.allocUnsafe(16_384);
    const socket: Socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer,
        callback: (length) => {
          take(buffer.toString('latin1', 0, length));
          return true;
        },
      },
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject);
    });
    socket.on('error', (error) => fail(error));
    socket.on('close', () => fail(new Error('a connection was closed')));
    return send;
  };
  const senders = await Promise.all(Array.from({ length: connections }, open));

  return {
    async run(seconds, atLeast) {
      const begun = performance.now();
      const until = begun + seconds * 1000;
      const enough = sent + atLeast;
      latencies = [];
      mayGoOn = () => sent < enough || performance.now() < until;
      let running = true;
      // Never sleeps: on one machine, waking the load process would be paid for by the server whose answer wakes it, and
      // the slower the server, the more often.
      const spin = (): void => {
        if (running) setImmediate(spin);
      };
      spin();
      try {
        await new Promise<void>((resolve, reject) => {
          done = resolve;
          fail = reject;
          for (const send of senders) send();
        });
      } finally {
        running = false;
      }
      return { seconds: (performance.now() - begun) / 1000, latencies };
    },
  };
}
