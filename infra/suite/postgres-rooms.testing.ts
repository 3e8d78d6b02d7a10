import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { configSchema } from '../../shared/config.ts';
import { asSubject, type UserId } from '../../shared/identity.ts';
import { migrate } from '../../shared/migrations/migrate.ts';
import { connectDatabase } from '../../shared/store/connect.ts';
import { createPostgresStore } from '../../shared/store/postgres.ts';
import { createPostgresDirectory } from '../../shared/users/postgres.ts';
import { freshDatabase } from '../local/postgres.testing.ts';
import { people, rolePermissions } from './people.testing.ts';
import { providerId } from './provider.testing.ts';
import type { OpenRooms } from './rooms.testing.ts';

/** A way to the database that can be cut, as a network is. */
type Wire = { readonly url: string; setAvailable(available: boolean): void; close(): void };

/** Sessions and people in a real database. Store and directory each have a connection of their own, which can be cut. */
export const postgresRooms: OpenRooms = async ({ users, providers }) => {
  const database = await freshDatabase();
  const open = (url: string) =>
    connectDatabase(configSchema.shape.database.parse({ url, poolSize: 4, connectTimeout: 1, statementTimeout: 3 }));
  const wires = { store: await layWire(database.url), directory: await layWire(database.url) };
  const own = open(database.url);
  await migrate(own, users);
  const pools = { store: open(wires.store.url), directory: open(wires.directory.url) };

  for (const [role, permissions] of Object.entries(rolePermissions)) {
    await own`insert into crossgate.roles (name) values (${role})`;
    for (const permission of permissions) {
      const [resource = '', action = ''] = permission.split(':');
      await own`insert into crossgate.permissions (resource, action) values (${resource}, ${action})
        on conflict do nothing`;
      await own`insert into crossgate.role_permissions (role, permission_id)
        select ${role}, id from crossgate.permissions where (resource, action) = (${resource}, ${action})`;
    }
  }
  const directory = createPostgresDirectory(own, { users, providers });
  const ids = new Map<string, UserId>();
  const giveRoles = async (id: UserId, roles: readonly string[]) => {
    await own.begin(async (sql) => {
      await sql`delete from crossgate.user_roles where user_id = ${id}`;
      for (const role of roles) {
        await sql`insert into crossgate.roles (name) values (${role}) on conflict do nothing`;
        await sql`insert into crossgate.user_roles (user_id, role) values (${id}, ${role})`;
      }
    });
  };
  for (const { sub, email, name, roles } of Object.values(people)) {
    const identity = { provider: providerId, subject: asSubject(sub) };
    const outcome = await directory.heal(identity, { email, emailVerified: true, name });
    if (outcome.kind === 'refused') throw new Error(`no row for ${email}: ${outcome.why}`);
    ids.set(sub, outcome.person.id);
    await giveRoles(outcome.person.id, roles);
  }

  return {
    users: createPostgresDirectory(pools.directory, { users, providers }),
    store: createPostgresStore(pools.store),
    urls: { store: wires.store.url, directory: wires.directory.url },
    setAvailable: (which, available) => wires[which].setAvailable(available),
    ids,
    giveRoles,
    setState: async (id, state) => {
      await own`update crossgate.users set state = ${state} where id = ${id}`;
    },
    removeRow: async (id) => {
      await own`delete from crossgate.users where id = ${id}`;
    },
    close: async () => {
      await Promise.all([own, pools.store, pools.directory].map((sql) => sql.end({ timeout: 1 })));
      for (const wire of Object.values(wires)) wire.close();
      await database.drop();
    },
  };
};

/** Hands bytes on to the database, until it is cut: then what is open closes, and what is new is refused. */
async function layWire(url: string): Promise<Wire> {
  const to = new URL(url);
  const open = new Set<Socket>();
  const server = createServer((here) => {
    const there = connect({ host: to.hostname, port: Number(to.port || 5432) });
    for (const [one, other] of [
      [here, there],
      [there, here],
    ] as const) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const from = new URL(url);
  const { port } = server.address() as AddressInfo;
  from.host = `127.0.0.1:${port}`;
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    url: from.href,
    setAvailable(available) {
      if (available === server.listening) return;
      if (available) return void server.listen(port, '127.0.0.1');
      server.close();
      cut();
    },
    close() {
      cut();
      server.close();
    },
  };
}
