/** What `oidc-provider` keeps of anything; the fields are those by which it looks things up. */
type Kept = { readonly grantId?: string; readonly uid?: string; readonly consumed?: number };

/**
 * Storage of one `oidc-provider` in Maps, as its documentation outlines an adapter. The one that it brings along warns at
 * every start.
 */
export function mapAdapter() {
  const models = new Map<string, Map<string, Kept>>();
  return (model: string) => {
    const kept = models.get(model) ?? new Map<string, Kept>();
    models.set(model, kept);
    return {
      upsert: async (id: string, payload: Kept) => void kept.set(id, payload),
      find: async (id: string) => kept.get(id),
      findByUid: async (uid: string) => [...kept.values()].find((one) => one.uid === uid),
      findByUserCode: async () => undefined,
      destroy: async (id: string) => void kept.delete(id),
      consume: async (id: string) => {
        const found = kept.get(id);
        if (found) kept.set(id, { ...found, consumed: Math.floor(Date.now() / 1000) });
      },
      revokeByGrantId: async (grantId: string) => {
        for (const [id, one] of kept) if (one.grantId === grantId) kept.delete(id);
      },
    };
  };
}
