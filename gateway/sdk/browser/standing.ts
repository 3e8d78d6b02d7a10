import type { State } from './ladder.ts';

/** Where somebody stands with this page, and who wants to know. */
export type Standing = {
  /** What was found last. */
  state: State;
  /** What the page was made for: the last state that was not `unknown`. `undefined`: never found out. */
  settled: State | undefined;
  /**
   * Takes what was found.
   *
   * @param isNew The session began just now, so the page was made for nobody whatever was known of it.
   */
  become(next: State, isNew?: boolean): void;
  onChange(fn: (state: State) => void): () => void;
};

/**
 * Keeps a {@link State}. The first one that is found is how the page was made, and changes nothing; from then on `react` is
 * told what begins and what ends. `unknown` neither begins nor ends anything.
 */
export function createStanding(react: (to: 'signed-in' | 'signed-out') => void): Standing {
  const listeners = new Set<(state: State) => void>();
  const standing: Standing = {
    state: 'unknown',
    settled: undefined,
    become(next, isNew) {
      const { state, settled } = standing;
      standing.state = next;
      if (next !== state) {
        for (const tell of listeners) {
          try {
            tell(next);
          } catch (error) {
            // the app's own mistake: not ours to stumble over, nor to hide
            reportError(error);
          }
        }
      }
      if (next === 'unknown') return;
      standing.settled = next;
      if (isNew || (settled && settled !== next)) react(next);
    },
    onChange(fn) {
      listeners.add(fn);
      return () => void listeners.delete(fn);
    },
  };
  return standing;
}
