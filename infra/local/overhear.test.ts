import { describe, expect, it } from 'vitest';
import { createJournal } from './journal.ts';
import { overhear } from './overhear.ts';

const secret = 'aA1bB2cC3dD4eE5fF6gG7hH8';

/** What the journal keeps of one request, and what the asker got. */
async function heard(
  path: string,
  asked: string | undefined,
  told: Response,
): Promise<{ noted: object; body: string }> {
  const journal = createJournal({ clock: () => 1 });
  const read: string[] = [];
  const fetch = overhear(async (request: Request) => {
    read.push(await request.text());
    return told;
  }, journal);
  const visit = journal.arrive({ host: 'auth', target: path, method: 'POST', by: 'page', sameOrigin: true });
  const request = new Request(`http://auth.acme.localhost${path}`, {
    headers: {
      cookie: `__Host-sso_xs=${secret}; theme=dark; __Host-sso_login_AbCd=${secret}; __Host-sso_mon=${secret}`,
    },
    ...(asked === undefined ? {} : { method: 'POST', body: asked }),
  });
  const answer = await journal.during(visit, () => fetch(request));
  const { details } = journal.record({ kind: 'request', host: 'auth', summary: path }, visit);
  expect(read).toEqual([asked ?? '']);
  expect(JSON.stringify(journal.steps())).not.toContain(secret.slice(0, 9));
  return { noted: details, body: await answer.text() };
}

const cookies = { sentAlong: ['__Host-sso_xs', '__Host-sso_mon'] };

describe('of a frame and of FedCM the journal learns', () => {
  it.each([
    [
      'that a code was given, and not which',
      '/frame/check',
      { want: 'code', nonce: secret, has_access: true, code_challenge: secret },
      { state: 'signed-in', code: secret },
      { wants: 'code', answer: 'signed-in', seesCookies: true, codeGiven: true },
    ],
    [
      'why nobody could tell',
      '/frame/check',
      { want: 'state', has_access: false },
      { state: 'unknown', reason: 'storage-blocked' },
      { wants: 'state', answer: 'unknown', reason: 'storage-blocked', seesCookies: false },
    ],
    ['that a ticket was taken', '/frame/watch', { ticket: secret }, { state: 'signed-in' }, { answer: 'signed-in' }],
    [
      'that a code was given by FedCM',
      '/fedcm/assertion',
      `account_id=1&params=${secret}`,
      { token: secret },
      { codeGiven: true },
    ],
    ['how many accounts there are', '/fedcm/accounts', undefined, { accounts: [{ id: secret }] }, { accounts: 1 }],
    [
      'words of the protocol alone',
      '/frame/check',
      { want: secret, has_access: secret },
      { state: `x ${secret}`, reason: [secret] },
      {},
    ],
    ['nothing of what is no JSON', '/frame/check', `{"want":"${secret}`, null, {}],
  ])('%s', async (_, path, asked, told, noted) => {
    const text = typeof asked === 'object' ? JSON.stringify(asked) : asked;
    const found = await heard(path, text, Response.json(told));
    expect(found).toEqual({ noted: { ...noted, ...cookies }, body: JSON.stringify(told) });
  });

  it('nothing at any other address', async () => {
    const told = JSON.stringify({ id_token: secret, code: secret });
    expect(await heard('/token', `code=${secret}`, new Response(told))).toEqual({ noted: {}, body: told });
  });
});
