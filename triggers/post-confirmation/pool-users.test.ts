import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { developmentCredentials } from '../../infra/local/user-pool/settings.ts';
import { ann, bob, type PoolServer, servePool } from '../../infra/local/user-pool/user-pool.testing.ts';
import { createTakeBack } from './pool-users.ts';

const userPoolId = 'us-east-1_LocalDev0';

beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', developmentCredentials.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', developmentCredentials.secretAccessKey);
});
afterEach(() => vi.unstubAllEnvs());

const at = (origin: string) => vi.stubEnv('AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER', origin);

describe('taking back a sign-up in a user pool', () => {
  let server: PoolServer;
  beforeAll(async () => {
    server = await servePool({ passwordCost: 2 });
  });
  afterAll(() => server.stop());
  const account = (username: string) => server.pool.accounts().find((one) => one.username === username);

  it('disables the one profile', async () => {
    at(server.origin);
    expect(await createTakeBack('disable', 5000)({ userPoolId, userName: ann.username })).toBe('done');
    expect(account(ann.username)).toMatchObject({ enabled: false });
    expect(account(bob.username)).toMatchObject({ enabled: true });
  });

  it('deletes the one profile, and is content when it is gone', async () => {
    at(server.origin);
    const takeBack = createTakeBack('delete', 5000);
    expect(await takeBack({ userPoolId, userName: ann.username })).toBe('done');
    expect(account(ann.username)).toBeUndefined();
    expect(account(bob.username)).toBeDefined();
    expect(await takeBack({ userPoolId, userName: ann.username })).toBe('gone');
  });

  it('touches nobody in a pool of another name', async () => {
    at(server.origin);
    const other = { userPoolId: 'us-east-1_SomeOther', userName: bob.username };
    await expect(createTakeBack('delete', 5000)(other)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    expect(account(bob.username)).toBeDefined();
  });
});

describe('a pool that does not answer', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  });
  async function listen(server: Server): Promise<string> {
    servers.push(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it.each<[string, Server]>([
    ['says nothing', createServer(() => {})],
    ['closes the connection', createServer((_, response) => response.socket?.destroy())],
    ['is broken', createServer((_, response) => response.writeHead(500).end())],
  ])('because it %s: rejects within the deadline', async (_, server) => {
    at(await listen(server));
    const began = performance.now();
    await expect(createTakeBack('delete', 300)({ userPoolId, userName: 'ann' })).rejects.toThrow();
    expect(performance.now() - began).toBeLessThan(1500);
  });
});
