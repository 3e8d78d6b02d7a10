import type { Milliseconds, Seconds } from '../../../shared/clock.ts';
import type { Gateway } from '../../app.ts';
import type { PassingVisitor } from '../../http/passage.ts';
import { isOutlived } from '../../proxy/outlived.ts';

/** An answer under way to somebody who is signed in. */
export type OpenStream = {
  readonly visitor: PassingVisitor;
  /** Whether it goes on by itself: see {@link isOutlived}. */
  lasting: boolean;
  /** Ends it, both ways. */
  readonly end: () => void;
};

/** The answers under way, of one process. */
export type OpenStreams = {
  /** @returns Forgets it. */
  add(stream: OpenStream): () => void;
  /** Ends all that go on by themselves: the process is about to stop. */
  endLasting(): void;
};

const lookEvery: Milliseconds = 1000;

/** Watches over what stays open, by the same news that `/check` goes by: a look a second while anything is open. */
export function createOpenStreams({
  feed,
  parts,
}: {
  readonly feed: Pick<Gateway['feed'], 'isEnded' | 'permissionVersion'>;
  readonly parts: { readonly clock: () => Seconds };
}): OpenStreams {
  const open = new Set<OpenStream>();
  let timer: NodeJS.Timeout | undefined;

  const look = (): void => {
    const now = parts.clock();
    for (const stream of open) if (isOutlived(feed, stream.visitor, stream.lasting, now)) stream.end();
    if (open.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };

  return {
    add(stream) {
      open.add(stream);
      timer ??= setInterval(look, lookEvery).unref();
      return () => void open.delete(stream);
    },
    endLasting() {
      for (const stream of open) if (stream.lasting) stream.end();
    },
  };
}
