import type postgres from 'postgres';

/** Notes in the audit trail why a message can't be read: once a message, however often it is delivered. */
export type NotePoison = (messageId: string, reason: string) => Promise<void>;

/** @param sql Stays open; the caller closes it. */
export function createPoisonNote(sql: postgres.Sql): NotePoison {
  return async (messageId, reason) => {
    await sql`
      insert into crossgate.audit (event, actor, details)
      values ('message.poisoned', 'crossgate', ${sql.json({ messageId, reason })})
      on conflict do nothing`;
  };
}
