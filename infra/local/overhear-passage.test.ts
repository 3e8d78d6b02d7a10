import { expect, it } from 'vitest';
import type { Gateway } from '../../gateway/app.ts';
import type { Passage } from '../../gateway/http/passage.ts';
import { createJournal } from './journal.ts';
import { overhearPassages } from './overhear-passage.ts';

const passage: Passage = {
  method: 'GET',
  upstream: new URL('http://127.0.0.1:1'),
  target: '/pages/lunch?draft=secret',
  headers: [
    'Host',
    'wiki.acme.localhost:4180',
    'Cookie',
    'own=secret',
    'Remote-User',
    '7',
    'Remote-Email',
    '',
    'Remote-Name',
    'Dee %C3%98rsted',
    'Remote-Groups',
    'editor',
  ],
  timeout: 1,
  isWebSocket: false,
  visitor: undefined,
  answer: (headers) => [...headers],
};
/** A gateway that hands everything on. */
const handsOn: Gateway['fetch'] = async (_, env) => (await env?.forward?.(passage)) ?? new Response('own');
const forward = async () => new Response('of the app');

it('what the gateway hands on is told with whom it names, within the request alone', async () => {
  const journal = createJournal({ clock: () => 0 });
  const fetch = overhearPassages(handsOn, 'auth.acme.localhost', journal);
  const request = new Request('http://wiki.acme.localhost:4180/');
  const visit = journal.arrive({
    host: 'wiki.acme.localhost',
    target: '/',
    method: 'GET',
    by: 'navigation',
    sameOrigin: false,
  });
  const answer = await journal.during(visit, () => fetch(request, { forward }));
  expect(await answer.text()).toBe('of the app');
  journal.record({ kind: 'request', host: 'wiki.acme.localhost', summary: 'the request itself' }, visit);
  const handedOn = { 'Remote-User': '7', 'Remote-Email': '', 'Remote-Name': 'Dee Ørsted', 'Remote-Groups': 'editor' };
  expect(journal.steps()).toMatchObject([
    {
      host: 'wiki.acme.localhost',
      journey: visit.journey,
      details: { by: 'auth.acme.localhost', path: '/pages/lunch', handedOn },
    },
    { summary: 'the request itself', details: { handedOn } },
  ]);
  expect(JSON.stringify(journal.steps())).not.toContain('secret');

  await fetch(request, { forward });
  expect(journal.steps()).toHaveLength(2);
});

it('what the gateway answers itself is not', async () => {
  const journal = createJournal({ clock: () => 0 });
  const fetch = overhearPassages(async () => new Response('own'), 'auth.acme.localhost', journal);
  expect(await (await fetch(new Request('http://auth.acme.localhost/'), {})).text()).toBe('own');
  expect(journal.steps()).toEqual([]);
});
