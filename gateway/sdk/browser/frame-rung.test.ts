import { describe, expect, it } from 'vitest';
import type { Reply } from './frame.ts';
import { type Asked, judgeReply } from './frame-rung.ts';
import type { FrameFinding } from './ladder.ts';

const asked: Asked = {
  clientId: 'globex',
  gateway: 'https://auth.acme.com',
  page: 'https://www.globex.com',
  redirectUri: 'https://www.globex.com/sso/callback',
};
const add = 'add https://www.globex.com to clients[].origins of globex at https://auth.acme.com';

async function judged(reply: Reply, isReached = true, changes: Partial<Asked> = {}) {
  const said: (string | undefined)[] = [];
  let probes = 0;
  const finding = await judgeReply(
    reply,
    { ...asked, ...changes },
    (text, level = 'warn') => said.push(`${level}: ${text}`),
    async () => {
      probes += 1;
      return isReached;
    },
  );
  return { finding, said, probes };
}

const answer = (state: 'signed-in' | 'signed-out' | 'unknown' | 'error', reason?: string, code?: string) =>
  ({ state, reason, code }) as const;

describe('the frame', () => {
  it.each<[string, Reply, FrameFinding, RegExp | undefined]>([
    ['gives a code', answer('signed-in', undefined, 'a-code-of-128-bits'), 'code', undefined],
    ['knows of a session', answer('signed-in'), 'signed-in', undefined],
    [
      'knows of a session by its monitor alone',
      answer('signed-in', 'storage-blocked'),
      'signed-in',
      /^info: this browser hides/,
    ],
    ['knows that nobody is signed in', answer('signed-out'), 'signed-out', undefined],
    [
      'sees no cookies',
      answer('unknown', 'storage-blocked'),
      'unknown',
      /^info: this browser hides the gateway's cookies/,
    ],
    [
      'is told that the page is a stranger',
      answer('error', 'origin-not-registered'),
      'refused',
      new RegExp(`^warn: ${add.replace(/[[\]]/g, '\\$&')}$`),
    ],
    [
      'is told that the question is wrong',
      answer('error', 'bad-request'),
      'refused',
      /^warn: add https:\/\/www\.globex\.com\/sso\/callback to clients\[\]\.redirectUris of globex/,
    ],
    ['is asked too often', answer('error', 'throttled'), 'unreachable', undefined],
    ['can’t reach the gateway', answer('error', 'unavailable'), 'unreachable', undefined],
    ['has a reason that we don’t know', answer('error', 'new'), 'unreachable', undefined],
    ['is blocked by the page’s policy, which is told elsewhere', { state: 'blocked' }, 'unknown', undefined],
  ])('%s', async (_, reply, finding, text) => {
    const outcome = await judged(reply);
    expect(outcome).toMatchObject({ finding, probes: 0 });
    expect(outcome.said).toEqual(text ? [expect.stringMatching(text)] : []);
  });

  it('that says nothing, while the gateway is up, may not stand there', async () => {
    const { finding, said } = await judged({ state: 'none', reason: 'silent' });
    expect([finding, said]).toEqual([
      'unknown',
      [expect.stringMatching(/add https:\/\/www\.globex\.com.*clients\[\]\.origins of globex/)],
    ]);
  });

  it('that refuses an old ticket means nothing that anybody could change', async () => {
    const outcome = await judged(answer('error', 'bad-request'), true, { redirectUri: undefined });
    expect(outcome).toMatchObject({ finding: 'refused', said: [] });
  });

  it('that is slow is no mistake of anybody’s', async () =>
    expect(await judged({ state: 'none', reason: 'slow' })).toEqual({ finding: 'unknown', said: [], probes: 1 }));

  it.each(['silent', 'slow'] as const)(
    'that is %s while the gateway is down tells nobody to change anything',
    async (reason) =>
      expect(await judged({ state: 'none', reason }, false)).toEqual({ finding: 'unreachable', said: [], probes: 1 }),
  );
});
