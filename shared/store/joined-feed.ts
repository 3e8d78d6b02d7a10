import type { FeedPage, Store } from './store.ts';

/**
 * A store whose feed also has the news of another one: sessions are in the one, permissions change in the other. Both have
 * to be heard, else there is no news at all. Both are swept.
 */
export function withNewsOf(other: Pick<Store, 'readFeed' | 'sweep'>, store: Store): Store {
  return {
    ...store,
    sweep: async (now) => {
      const [here, there] = await Promise.all([store.sweep(now), other.sweep(now)]);
      return here + there;
    },
    readFeed: async (now, cursor): Promise<FeedPage> => {
      const cursors = cursor === undefined ? [] : cursorsOf(cursor);
      const pages = await Promise.all([store.readFeed(now, cursors[0]), other.readFeed(now, cursors[1])]);
      return {
        entries: pages.flatMap(({ entries }) => entries),
        cursor: JSON.stringify(pages.map((page) => page.cursor)),
      };
    },
  };
}

/** None of them where it is not one of ours: all is read anew. */
function cursorsOf(text: string): (string | undefined)[] {
  if (!/^\["[^"\\]*","[^"\\]*"\]$/.test(text)) return [];
  return JSON.parse(text) as string[];
}
