import postgres from 'postgres';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../cli/console.testing.ts';
import { freshDatabase } from '../local/postgres.testing.ts';
import { read } from './sources.testing.ts';

describe('the SQL in the README', () => {
  it('gives a person a role and its permission, after the migrations', async () => {
    const database = await freshDatabase();
    const sql = postgres(database.url, { max: 1, onnotice: () => {} });
    try {
      expect((await runCommand(['migrate'], { env: { CROSSGATE_DATABASE_URL: database.url } })).exit).toBe(0);
      const blocks = [...read('README.md').matchAll(/^```sql\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '');
      expect(blocks.length).toBeGreaterThan(0);
      for (const block of blocks) await sql.unsafe(block);
      const rows = await sql`select ur.role, p.resource, p.action from crossgate.user_roles ur
        join crossgate.role_permissions rp on rp.role = ur.role
        join crossgate.permissions p on p.id = rp.permission_id where ur.user_id = '42'`;
      expect([...rows]).toEqual([{ role: 'editor', resource: 'notes', action: 'write' }]);
    } finally {
      await sql.end();
      await database.drop();
    }
  });
});
