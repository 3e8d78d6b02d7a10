import { describe, expect, it } from 'vitest';
import { background, inScope, perRequest } from './scope.ts';

/** A context whose promises can be waited for, as the runtime does after the answer. */
function newContext() {
  const kept: Promise<unknown>[] = [];
  return { waitUntil: (work: Promise<unknown>) => void kept.push(work), over: () => Promise.all(kept) };
}

/** Things that belong to requests, and what became of them. */
function newThings() {
  const made: { closed: boolean }[] = [];
  const thing = perRequest(() => {
    const one = { closed: false };
    made.push(one);
    return {
      value: { number: made.length, use: async () => `${made.indexOf(one)} ${one.closed}` },
      close: async () => {
        one.closed = true;
      },
    };
  });
  return { made, thing };
}

function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe('what belongs to a request', () => {
  it('is made at its first use, once, and closed when the request is over', async () => {
    const { made, thing } = newThings();
    const context = newContext();
    await inScope(context, async () => {
      expect(made).toHaveLength(0);
      expect([thing.number, thing.number]).toEqual([1, 1]);
      expect(made).toEqual([{ closed: false }]);
    });
    await context.over();
    expect(made).toEqual([{ closed: true }]);
  });

  it('is another one in each request, also where they run at once', async () => {
    const { thing } = newThings();
    const { open, opened } = gate();
    const numbers = [1, 2, 3].map((i) =>
      inScope(newContext(), async () => {
        const before = thing.number;
        if (i === 3) open();
        await opened;
        return [before, thing.number];
      }),
    );
    expect(await Promise.all(numbers)).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
  });

  it('stays open for work that nobody waits for, and for what that begins', async () => {
    const { made, thing } = newThings();
    const context = newContext();
    const { open, opened } = gate();
    const seen: string[] = [];
    await inScope(context, async () => {
      expect(thing.number).toBe(1);
      background(
        opened.then(async () => {
          seen.push(await thing.use());
          background(Promise.resolve().then(async () => void seen.push(await thing.use())));
          throw new Error('it fails, and nobody else is told');
        }),
      );
    });
    expect(made).toEqual([{ closed: false }]);
    open();
    await context.over();
    expect(seen).toEqual(['0 false', '0 false']);
    expect(made).toEqual([{ closed: true }]);
  });

  it('is closed where the request fails', async () => {
    const { made, thing } = newThings();
    const context = newContext();
    const failing = inScope(context, async () => {
      throw new Error(`failed after ${thing.number}`);
    });
    await expect(failing).rejects.toThrow('failed after 1');
    await context.over();
    expect(made).toEqual([{ closed: true }]);
  });

  it('is kept by the runtime until it is over, whether or not somebody still waits', async () => {
    const context = newContext();
    const { open, opened } = gate();
    let isOver = false;
    void inScope(context, () => opened);
    const over = context.over().then(() => {
      isOver = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isOver).toBe(false);
    open();
    await over;
  });

  it('is nobody’s outside of a request', () => {
    expect(() => newThings().thing.number).toThrow('outside of any request');
    expect(() => background(Promise.resolve())).toThrow('outside of any request');
  });
});
