import { describe, expect, it } from 'vitest';
import { createJournal } from './journal.ts';
import { invocationStep, poolStep, queueStep } from './journal-steps.ts';

const clock = () => 1_800_000_000;
const step = (summary: string) => ({ kind: 'pool', host: 'user-pool', summary }) as const;
const goes = (host: string, target: string, method = 'GET') =>
  ({ host, target, method, by: 'navigation', sameOrigin: false }) as const;

describe('a journal', () => {
  it('keeps the last steps only, and tells what is new', () => {
    const journal = createJournal({ clock, size: 3 });
    for (const name of ['a', 'b', 'c', 'd']) journal.record(step(name));
    expect(journal.steps().map(({ summary }) => summary)).toEqual(['b', 'c', 'd']);
    expect(journal.steps(3).map(({ summary }) => summary)).toEqual(['d']);
    expect(journal.cursor).toBe(4);
  });

  it('shows an emptied journal to whoever looks again', () => {
    const journal = createJournal({ clock });
    const { id } = journal.record(step('a'));
    journal.clear();
    expect(journal.steps()).toEqual([]);
    expect(journal.cursor).toBeGreaterThan(id);
    expect(journal.record(step('b')).id).toBeGreaterThan(id);
  });

  it('takes secrets out on the way in', () => {
    const journal = createJournal({ clock });
    journal.record({ ...step('code=hunter2secret'), details: { password: 'hunter2', parts: { cookie: 'hunter2' } } });
    expect(JSON.stringify(journal.steps())).not.toContain('hunter2');
  });

  it('notes the parts of a step right after it', () => {
    const journal = createJournal({ clock });
    const { journey } = journal.record({ ...step('whole'), parts: [step('part one'), step('part two')] });
    expect(journal.steps().map(({ summary }) => summary)).toEqual(['whole', 'part one', 'part two']);
    expect(journal.steps().every((one) => one.journey === journey)).toBe(true);
  });
});

describe('what a page that is left open asks', () => {
  const poll = (answer: string, durationMs = 1) => ({ ...step('poll'), isPoll: true, details: { answer, durationMs } });
  const shown = (journal: ReturnType<typeof createJournal>) =>
    journal
      .steps()
      .map(({ summary, details: { answer, times } }) => [summary, answer, times].filter(Boolean).join(' '));

  it('is one line with a count, which is news each time', () => {
    const journal = createJournal({ clock });
    journal.record(step('page'));
    const first = journal.record(poll('yes'));
    for (let i = 0; i < 1000; i += 1) journal.record(poll('yes', i));
    expect(shown(journal)).toEqual(['page', 'poll yes 1001']);
    expect(journal.steps(first.id)).toHaveLength(1);
    expect(journal.steps()[1]?.order).toBe(first.order);
  });

  it('is told apart by its answer; two kinds in turn are two lines', () => {
    const journal = createJournal({ clock });
    for (const answer of ['yes', 'own', 'yes', 'own', 'yes']) journal.record(poll(answer));
    journal.record(poll('no'));
    expect(shown(journal)).toEqual(['poll own 2', 'poll yes 3', 'poll no']);
  });

  it('begins anew after anything else, and stands alone where it changes something', () => {
    const journal = createJournal({ clock });
    journal.record(poll('yes'));
    journal.record(step('click'));
    journal.record(poll('yes'));
    journal.record({ ...poll('yes'), parts: [step('cookie')] });
    journal.record(poll('yes'));
    expect(shown(journal)).toEqual(['poll yes', 'click', 'poll yes', 'poll yes', 'cookie', 'poll yes']);
  });

  it('is counted for each journey on its own', () => {
    const journal = createJournal({ clock });
    const one = journal.arrive(goes('globex.localhost', '/'));
    const other = journal.arrive(goes('initech.localhost', '/'));
    for (const visit of [one, other, one, other]) journal.record(poll('yes'), visit);
    expect(shown(journal)).toEqual(['poll yes 2', 'poll yes 2']);
  });
});

it('a note is kept with the request that is being handled, without its secrets, and with no other', async () => {
  const journal = createJournal({ clock });
  const one = journal.arrive(goes('auth.localhost', '/a'));
  const other = journal.arrive(goes('auth.localhost', '/b'));
  await journal.during(one, async () => {
    await Promise.resolve();
    journal.note({ answer: 'signed-in', code: 'hunter2hunter2' });
    journal.note({ codeGiven: true });
  });
  journal.note({ lost: true });
  const noted = [one, other].map((visit) => journal.record({ ...step('x'), details: { path: '/' } }, visit).details);
  expect(noted).toEqual([{ path: '/', answer: 'signed-in', code: '…', codeGiven: true }, { path: '/' }]);
});

describe('a journey', () => {
  it('goes on where a redirect leads, over any number of hosts', () => {
    const journal = createJournal({ clock });
    const first = journal.arrive(goes('notes.localhost', '/'));
    first.leave('http://auth.localhost:4180/login?return_to=x');
    const second = journal.arrive(goes('auth.localhost', '/login?return_to=x'));
    second.leave('http://cognito.localhost:4180/login');
    const third = journal.arrive(goes('cognito.localhost', '/login'));
    expect([second.journey, third.journey]).toEqual([first.journey, first.journey]);
  });

  it('goes on with a form on the sign-in page to which it was sent', () => {
    const journal = createJournal({ clock });
    const first = journal.arrive(goes('notes.localhost', '/'));
    first.leave('http://cognito.localhost/login');
    const page = journal.arrive(goes('cognito.localhost', '/login'));
    page.leave();
    const form = journal.arrive({ ...goes('cognito.localhost', '/login', 'POST'), sameOrigin: true });
    expect(form.journey).toBe(first.journey);
    const foreign = journal.arrive(goes('cognito.localhost', '/login', 'POST'));
    expect(foreign.journey).not.toBe(first.journey);
  });

  it('ends at the page that was asked for: the next click is another one', () => {
    const journal = createJournal({ clock });
    const first = journal.arrive(goes('notes.localhost', '/'));
    first.leave();
    const next = journal.arrive({ ...goes('notes.localhost', '/notes', 'POST'), sameOrigin: true });
    expect(next.journey).not.toBe(first.journey);
  });

  it('is not resumed after a sign-out, whose last page is somewhere else by nature', () => {
    const journal = createJournal({ clock });
    const out = journal.arrive(goes('auth.localhost', '/logout', 'POST'));
    out.leave('http://photos.localhost/bye');
    journal.arrive(goes('photos.localhost', '/bye')).leave();
    const next = journal.arrive({ ...goes('photos.localhost', '/'), sameOrigin: true });
    expect(next.journey).not.toBe(out.journey);
  });

  it('takes in what servers ask each other meanwhile, and says who asked', () => {
    const journal = createJournal({ clock });
    journal.arrive(goes('notes.localhost', '/')).leave();
    const visit = journal.arrive(goes('auth.localhost', '/callback/cognito'));
    const asked = journal.arrive({ ...goes('cognito.localhost', '/oauth2/token', 'POST'), by: 'server' });
    expect(asked).toMatchObject({ journey: visit.journey, causedBy: 'auth.localhost' });
  });

  it('counts what is recorded during a request as its, also with another one under way', async () => {
    const journal = createJournal({ clock });
    const one = journal.arrive(goes('cognito.localhost', '/a'));
    const other = journal.arrive(goes('cognito.localhost', '/b'));
    const during = journal.during(one, async () => {
      await Promise.resolve();
      return journal.record(step('in a'));
    });
    expect((await during).journey).toBe(one.journey);
    expect(journal.record(step('anywhere')).journey).toBe(other.journey);
  });

  it('forgets redirects that nobody followed', () => {
    let now = clock();
    const journal = createJournal({ clock: () => now });
    const first = journal.arrive(goes('notes.localhost', '/'));
    first.leave('http://auth.localhost/login');
    now += 60;
    expect(journal.arrive(goes('auth.localhost', '/login')).journey).not.toBe(first.journey);
  });
});

describe('a Lambda invocation', () => {
  const record = {
    functionName: 'pre-token-generation',
    requestId: 'r',
    at: 5,
    durationMs: 12.6,
    event: {
      triggerSource: 'TokenGeneration_HostedAuth',
      version: '2',
      userName: 'ann',
      request: { password: 'hunter2' },
    },
    log: ['{"event":"users row created","uid":"u1"}', 'plain'],
  };
  const claims = { uid: 'u1', roles: ['admin'], permissions: ['notes:read'], perm_v: 2 };

  it.each([
    ['V2 and V3', { claimsAndScopeOverrideDetails: { idTokenGeneration: { claimsToAddOrOverride: claims } } }],
    ['V1', { claimsOverrideDetails: { claimsToAddOrOverride: claims } }],
  ])('says which claims it added, and the row that they came from: %s', (_, response) => {
    const noted = invocationStep({ ...record, response: { response } });
    expect(noted).toMatchObject({ kind: 'trigger', at: 5, details: { claims, durationMs: 13 } });
    expect(noted.parts).toMatchObject([{ kind: 'row', host: 'postgres', details: { uid: 'u1', action: 'created' } }]);
    expect(JSON.stringify(noted)).not.toContain('hunter2');
  });

  it('says why it failed, without the stack', () => {
    const error = { errorType: 'Refused', errorMessage: 'This account is disabled.', trace: ['at secret place'] };
    const noted = invocationStep({ ...record, error });
    expect(noted.details?.error).toEqual({ type: 'Refused', message: 'This account is disabled.' });
    expect(JSON.stringify(noted)).not.toContain('secret place');
  });

  it.each([undefined, null, 'text', [], { response: null }])('understands an odd answer: %j', (response) => {
    expect(invocationStep({ ...record, event: response, response }).parts).toEqual([]);
  });
});

describe('a Lambda invocation that nobody sees', () => {
  const record = { requestId: 'r', at: 5, durationMs: 3, log: [] };

  it('names the row that it made at sign-up', () => {
    const event = { triggerSource: 'PostConfirmation_ConfirmSignUp', version: '1' };
    const log = ['{"event":"users row created","uid":"u1"}'];
    const noted = invocationStep({ ...record, functionName: 'post-confirmation', event, response: event, log });
    expect(noted.parts).toEqual([expect.objectContaining({ details: { uid: 'u1', action: 'created' } })]);
  });

  it('says how many messages it had, how many failed, and what it wrote down', () => {
    const event = { Records: [{ messageId: 'm1' }, { messageId: 'm2' }] };
    const response = { batchItemFailures: [{ itemIdentifier: 'm2' }] };
    const log = ['{"event":"sign-in applied","messageId":"m1","subject":"s1","at":4}', '{"event":"message poisoned"}'];
    const noted = invocationStep({ ...record, functionName: 'profile-update', event, response, log });
    expect(noted).toMatchObject({
      summary: 'profile-update could not handle 1 of 2',
      details: { messages: 2, failed: 1 },
      parts: [{ kind: 'row', details: { action: 'sign-in', subject: 's1', signedInAt: 4 } }],
    });
  });
});

describe('a message of the queue', () => {
  const shared = {
    queue: 'sign-ins',
    messageId: 'm1',
    body: '{"v":1,"subject":"s1","token":"abcdefghijklmnopqrstuvwx"}',
  };

  it.each([
    [{ type: 'sent' as const, ...shared }, /^sign-ins: a message was sent$/],
    [{ type: 'received' as const, ...shared, receiveCount: 1 }, /^sign-ins: a message was taken$/],
    [{ type: 'received' as const, ...shared, receiveCount: 3 }, /was taken, for the 3\. time$/],
    [{ type: 'dead-lettered' as const, ...shared, reason: '{"reason":"v is 2"}' }, /dead-letter queue$/],
  ])('says what became of it: $type', (event, says) => {
    const noted = queueStep(event);
    expect(noted).toMatchObject({ kind: 'queue', host: 'queue', summary: expect.stringMatching(says) });
    expect(noted.details).toMatchObject({ message: { v: 1, subject: 's1' } });
  });

  it('tells why it was given up, and nothing that is secret', () => {
    const journal = createJournal({ clock: () => 1 });
    const step = journal.record(queueStep({ type: 'dead-lettered', ...shared, reason: '{"reason":"v is 2"}' }));
    expect(step.details).toMatchObject({ reason: { reason: 'v is 2' }, message: { subject: 's1' } });
    expect(JSON.stringify(step)).not.toContain('abcdefghijkl');
  });

  it('may be anything at all', () => {
    expect(queueStep({ type: 'sent', ...shared, body: 'not JSON' }).details?.message).toBe('not JSON');
  });
});

it('an event of the user pool says what and who', () => {
  const noted = poolStep({ type: 'token', at: 7, details: { username: 'ann', idClaims: { sub: 's' } } });
  expect(noted).toMatchObject({ kind: 'token', host: 'user-pool', at: 7, summary: 'made tokens: ann' });
  expect(poolStep({ type: 'logout', at: 7, details: {} })).toMatchObject({ kind: 'pool', summary: 'signed out' });
});
