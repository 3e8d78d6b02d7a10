import { beforeEach, describe, expect, it } from 'vitest';
import { generateSigningKey } from './keyring.ts';
import { createRemoteJwks, type RemoteJwks } from './remote-jwks.ts';
import { publicJwks, readPrivateJwk } from './signing.ts';

const url = 'https://provider.test/jwks.json';
const start = 1_800_000_000;
const set = (kid: string) => publicJwks([readPrivateJwk({ ...generateSigningKey('ES256'), kid })]);
const [first, second] = [set('first'), set('second')];

let now: number;
let requests: { url: string; redirect: RequestRedirect | undefined }[];
let answer: () => Response | Promise<Response>;
let remote: RemoteJwks;

const serve = (body: unknown, status = 200) => {
  answer = () => Response.json(body, { status });
};
const kids = async (keys: Promise<ReadonlyMap<string, unknown>>) => [...(await keys).keys()];
const down = () => {
  answer = () => {
    throw new TypeError('fetch failed');
  };
};

beforeEach(() => {
  now = start;
  requests = [];
  serve(first);
  remote = createRemoteJwks({
    url,
    algorithms: ['RS256', 'ES256'],
    clock: () => now,
    fetch: async (input, init) => {
      requests.push({ url: String(input), redirect: init?.redirect });
      return await answer();
    },
  });
});

describe("somebody else's keys", () => {
  it('are fetched when first asked for, once for everybody who asks meanwhile', async () => {
    expect(remote.known).toBeUndefined();
    const answers = await Promise.all([kids(remote.keys()), kids(remote.keys()), kids(remote.keysAfterUnknownKid())]);
    expect(answers).toEqual([['first'], ['first'], ['first']]);
    expect(requests).toEqual([{ url, redirect: 'manual' }]);
    expect([...(remote.known?.keys() ?? [])]).toEqual(['first']);
  });

  it.each([
    ['599 seconds old', 599, 1, 'first'],
    ['600 seconds old', 600, 2, 'second'],
  ])('%s', async (_, age, fetches, kid) => {
    await remote.keys();
    serve(second);
    now += age;
    expect(await kids(remote.keys())).toEqual([kid]);
    expect(requests).toHaveLength(fetches);
  });

  it('are fetched again for an unknown kid, at most once in ten seconds', async () => {
    await remote.keys();
    serve(second);
    now += 9;
    expect(await kids(remote.keysAfterUnknownKid())).toEqual(['first']);
    now += 1;
    expect(await kids(remote.keysAfterUnknownKid())).toEqual(['second']);
    for (let i = 0; i < 100; i++) await remote.keysAfterUnknownKid();
    expect(requests).toHaveLength(2);
  });
});

describe('while their server fails, the last good set', () => {
  it.each<[string, () => void]>([
    ['nothing listens', down],
    ['it answers 500', () => serve({}, 500)],
    ['it answers 404 with a set', () => serve(second, 404)],
    [
      'it redirects elsewhere',
      () => {
        answer = () => new Response(null, { status: 302, headers: { location: 'https://evil.test/jwks' } });
      },
    ],
    [
      'it answers HTML',
      () => {
        answer = () => new Response('<h1>Maintenance</h1>');
      },
    ],
    ['the set is empty', () => serve({ keys: [] })],
    ['the set has no key we accept', () => serve({ keys: [{ kty: 'oct', k: 'AA', kid: 'x', alg: 'HS256' }] })],
    ['the set is null', () => serve(null)],
  ])('serves on: %s', async (_, fail) => {
    await remote.keys();
    fail();
    now += 700;
    expect(await kids(remote.keys())).toEqual(['first']);
    now += 11;
    expect(await kids(remote.keysAfterUnknownKid())).toEqual(['first']);
    expect(requests).toHaveLength(3);
  });

  it('serves to the last second of 24 hours and no longer', async () => {
    await remote.keys();
    down();
    now = start + 86_399;
    expect(await kids(remote.keys())).toEqual(['first']);
    now = start + 86_400;
    expect(remote.known).toBeUndefined();
    await expect(remote.keys()).rejects.toMatchObject({ code: 'provider_unavailable' });
  });

  it('is asked for at most once per cool-down, by everybody together', async () => {
    down();
    for (let i = 0; i < 10; i++) await expect(remote.keys()).rejects.toMatchObject({ code: 'provider_unavailable' });
    expect(requests).toHaveLength(1);
    now += 10;
    serve(first);
    expect(await kids(remote.keys())).toEqual(['first']);
  });

  it('older than a day is waited for while a new one is under way', async () => {
    await remote.keys();
    now += 100_000;
    serve(second);
    const answers = await Promise.all([kids(remote.keys()), kids(remote.keys())]);
    expect(answers).toEqual([['second'], ['second']]);
  });

  it('is not waited for for ever where a fetch ended without a word', async () => {
    answer = () => new Promise(() => {});
    void remote.keys();
    serve(second);
    now += 7;
    expect(await kids(remote.keys())).toEqual(['second']);
    expect(requests).toHaveLength(2);
  });

  it('is never an accident of a hanging server: the request carries a deadline', async () => {
    let signal: AbortSignal | null | undefined;
    const hanging = createRemoteJwks({
      url,
      algorithms: ['ES256'],
      clock: () => now,
      fetch: async (_, init) => {
        signal = init?.signal;
        throw new DOMException('timed out', 'TimeoutError');
      },
    });
    await expect(hanging.keys()).rejects.toMatchObject({ code: 'provider_unavailable' });
    expect(signal).toBeInstanceOf(AbortSignal);
  });
});
