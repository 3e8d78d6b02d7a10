import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AnnouncerOptions, createAnnouncer } from '../announce-sign-in.ts';
import { parseSignInMessage } from '../sign-in-message.ts';
import { createSqsQueue } from '../sign-in-queue.ts';
import { createPostAuthentication } from './post-authentication.ts';

const now = 1_735_689_600;
const event = {
  version: '1',
  triggerSource: 'PostAuthentication_Authentication',
  region: 'us-east-1',
  userPoolId: 'us-east-1_LocalDev0',
  userName: 'ann',
  callerContext: { awsSdkVersion: 'x', clientId: 'web' },
  request: {
    userAttributes: { sub: 'ann-sub', email: 'ann@acme.test', email_verified: 'true', name: 'Ann' },
    newDeviceUsed: false,
  },
  response: {},
};

let logged: Record<string, unknown>[];
beforeEach(() => {
  logged = [];
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
});
afterEach(() => vi.unstubAllEnvs());

function trigger(options: Partial<AnnouncerOptions> = {}) {
  const log: AnnouncerOptions['log'] = (what, fields) => logged.push({ event: what, ...fields });
  const announce = createAnnouncer({ provider: 'cognito', deadline: 200, clock: () => now, log, ...options });
  return createPostAuthentication({ announce, log });
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a sign-in', () => {
  let sqs: FauxqsServer;
  beforeAll(async () => {
    sqs = await startFauxqs({ port: 0, logger: false, host: '127.0.0.1' });
  });
  afterAll(() => sqs.stop());

  it('is a message in the queue, and the event comes back', async () => {
    sqs.createQueue('sign-ins');
    const queueUrl = `${sqs.address}/000000000000/sign-ins`;
    expect(await trigger({ send: createSqsQueue(queueUrl, 5000), deadline: 5000 })(event)).toBe(event);
    expect(logged).toEqual([]);
    const [sent, ...others] = sqs.inspectQueue('sign-ins')?.messages.ready ?? [];
    expect(others).toEqual([]);
    expect(parseSignInMessage(sent?.body, now)).toEqual({
      v: 1,
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      provider: 'cognito',
      subject: 'ann-sub',
      at: now,
      attributes: { email: 'ann@acme.test', emailVerified: true, name: 'Ann' },
      trigger: 'PostAuthentication_Authentication',
    });
  });

  it('into a queue that is not there is logged, and the event comes back', async () => {
    const send = createSqsQueue(`${sqs.address}/000000000000/gone`, 5000);
    expect(await trigger({ send, deadline: 5000 })(event)).toBe(event);
    expect(logged).toMatchObject([{ event: 'sign-in not announced', subject: 'ann-sub' }]);
  });
});

describe('the event comes back, within the deadline, and a line says why nothing was sent', () => {
  it.each<[string, () => Promise<void>]>([
    ['the queue refuses', () => Promise.reject(new Error('AccessDenied'))],
    [
      'the queue breaks before it begins',
      () => {
        throw new Error('broken');
      },
    ],
    ['the queue never answers', () => new Promise(() => {})],
  ])('%s', async (_, send) => {
    const began = performance.now();
    expect(await trigger({ send })(event)).toBe(event);
    expect(performance.now() - began).toBeLessThan(1000);
    expect(logged).toMatchObject([{ event: 'sign-in not announced', subject: 'ann-sub', error: expect.any(Error) }]);
    expect(JSON.stringify(logged)).not.toContain('ann@acme.test');
  });

  it('nobody listens', async () => {
    const server = createServer();
    const url = await listen(server);
    await new Promise((done) => server.close(done));
    expect(await trigger({ send: createSqsQueue(`${url}/000000000000/sign-ins`, 200) })(event)).toBe(event);
    expect(logged).toHaveLength(1);
  });

  it('somebody listens and says nothing', async () => {
    const server = createServer(() => {});
    const url = await listen(server);
    const began = performance.now();
    expect(await trigger({ send: createSqsQueue(`${url}/000000000000/sign-ins`, 200) })(event)).toBe(event);
    expect(performance.now() - began).toBeLessThan(1000);
    expect(logged).toHaveLength(1);
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });

  it('nobody gives the function credentials', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', '');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', '');
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    const send = createSqsQueue('http://127.0.0.1:1/000000000000/sign-ins', 2000);
    expect(await trigger({ send, deadline: 2000 })(event)).toBe(event);
    expect(logged).toMatchObject([{ event: 'sign-in not announced', error: { name: 'CredentialsProviderError' } }]);
  });

  it('no queue is configured: once, however many come', async () => {
    const run = trigger();
    for (let i = 0; i < 3; i += 1) expect(await run(event)).toBe(event);
    expect(logged).toEqual([{ event: 'sign-ins are not written down', reason: 'triggers.queueUrl is not set' }]);
  });
});

describe('an event that is none comes back as it is', () => {
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a list', []],
    ['another trigger', { ...event, triggerSource: 'PostConfirmation_ConfirmSignUp' }],
    ['no attributes', { ...event, request: {} }],
    ['no sub', { ...event, request: { userAttributes: { email: 'ann@acme.test' } } }],
  ])('%s', async (_, input) => {
    const sent: string[] = [];
    expect(await trigger({ send: async (body) => void sent.push(body) })(input)).toBe(input);
    expect(sent).toEqual([]);
    expect(logged).toMatchObject([{ event: 'event not understood' }]);
  });
});

describe('the function as it is deployed', () => {
  it.each<[string, Record<string, string>]>([
    ['no configuration', {}],
    ['a queue that is no URL', { CROSSGATE_TRIGGERS_QUEUE_URL: 'sign-ins' }],
    ['a setting that does not exist', { CROSSGATE_TRIGGERS_QUEUE: 'x' }],
    ['a deadline that is no number', { CROSSGATE_TRIGGERS_QUEUE_DEADLINE: 'soon' }],
    ['a secret file that is gone', { CROSSGATE_DATABASE_URL_FILE: '/nowhere/url' }],
  ])('hands the event back with %s', async (_, env) => {
    vi.resetModules();
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const written: string[] = [];
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((line) => written.push(String(line)) > 0);
    try {
      const { handler } = await import('./handler.ts');
      expect(await handler(event)).toBe(event);
      expect(await handler(event)).toBe(event);
    } finally {
      write.mockRestore();
    }
    const said = written.filter((line) => line.includes('sign-ins are not written down'));
    expect(said).toHaveLength(1);
    expect(written.filter((line) => line.includes('configuration not valid'))).toHaveLength(
      Object.keys(env).length > 0 ? 1 : 0,
    );
  });
});
