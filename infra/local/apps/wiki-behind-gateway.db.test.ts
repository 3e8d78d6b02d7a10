import { get, type IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type Browser, textOf } from '../../suite/browser.ts';
import { ask } from '../../suite/exchange.ts';
import { appsWorld } from './apps-world.testing.ts';

const here = appsWorld();
const wiki = (at: string) => here().world.at.wiki + at;

/** An event stream that is open. */
type Open = { readonly status: number; text: string; over: boolean; close(): void };

function openStream(of: Browser): Promise<Open> {
  return new Promise((resolve, reject) => {
    const headers = {
      cookie: of.jar.header(new URL(wiki('/'))) ?? '',
      accept: 'text/event-stream',
      'user-agent': 'Mozilla/5.0',
      'sec-fetch-mode': 'cors',
    };
    const request = get(wiki('/live'), { headers }, (message: IncomingMessage) => {
      const open: Open = { status: message.statusCode ?? 0, text: '', over: false, close: () => request.destroy() };
      message.on('data', (chunk: Buffer) => {
        open.text += String(chunk);
      });
      message.on('error', () => {});
      message.on('close', () => {
        open.over = true;
      });
      resolve(open);
    });
    request.on('error', reject);
  });
}

describe('the stream of an open page', () => {
  const soon = { timeout: 6000, interval: 20 };

  it('tells of edits by others at once, and nothing of their text', async () => {
    await here().signIn('cyd@acme.test', wiki('/'));
    const stream = await openStream(here().browser);
    const ann = await here().someoneElse('ann@acme.test', wiki('/'));
    await ann.post(wiki('/edit'), { title: 'News', body: 'secret plans\n\nevent: x' });
    await expect.poll(() => stream.text, soon).toContain('event: edit\n');
    expect(stream.text).toMatch(/data: {"id":"\d+","slug":"news","title":"News","by":"Ann Almond"}\n\n$/);
    stream.close();
  });

  it('ends when the person signs out elsewhere, and no other is opened', async () => {
    await here().signIn('ann@acme.test', wiki('/'));
    const stream = await openStream(here().browser);
    expect(stream.status).toBe(200);
    const bob = await here().someoneElse('bob@acme.test', wiki('/'));
    expect(bob.page.status).toBe(200);
    await here().signOutAtNotes();
    await expect.poll(() => stream.over, soon).toBe(true);
    expect((await openStream(here().browser)).status).toBe(401);
    expect((await bob.load('fetch', wiki('/api/me'))).status).toBe(200);
  });
});

describe('what happened', () => {
  it('tells of page loads in words, and of nothing that the page’s script asks', async () => {
    await here().signIn('ann@acme.test', wiki('/pages/lunch'));
    const stream = await openStream(here().browser);
    await here().tab.load('fetch', wiki('/api/me'));
    await here().tab.load('fetch', wiki('/pages/lunch'));
    stream.close();
    const said = textOf((await here().tab.goto(`${here().world.at.start}/what-happened`)).body);
    expect(said).toContain('Opening Wiki, with a password');
    expect(said).toContain('Wiki can’t sign anybody in. The gateway stands in front of it');
    expect(said).toContain('handed the request on as Ann Almond.');
    expect(said).toContain('who is there it reads in the four headers');
    const paths = here()
      .world.journal.steps()
      .map(({ details }) => details.path);
    expect(paths.filter((one) => one === '/pages/lunch')).toHaveLength(3);
    expect(paths).not.toContain('/live');
    expect(paths).not.toContain('/api/me');
  });

  it('tells of a refusal that the wiki never hears of', async () => {
    await here().signIn('cyd@acme.test', wiki('/'));
    here().world.journal.clear();
    await here().tab.goto(wiki('/edit/lunch'));
    const said = textOf((await here().tab.goto(`${here().world.at.start}/what-happened`)).body);
    expect(said).toContain('its rule for this path says no. Wiki hears nothing of it.');
    expect(said).not.toContain('handed the request on');
  });
});

describe('the wiki’s own port', () => {
  const door = () => here().world.gateway.parts.config.clients.find(({ id }) => id === 'wiki')?.upstream?.url ?? '';
  const knock = (headers: Record<string, string>, at = '/api/me') => ask(door() + at, { headers });
  const host = () => new URL(here().world.at.wiki).host;

  it('is open to this machine alone', () => {
    expect(new URL(door()).hostname).toBe('127.0.0.1');
  });

  it.each([
    ['by whoever says nothing', () => ({ host: host() }), 403],
    ['by whoever is called nothing', () => ({ host: host(), 'remote-user': '' }), 403],
    ['by what no gateway writes', () => ({ host: host(), 'remote-user': '%zz' }), 403],
    // a page can make its browser do this, once its own name leads to this machine
    ['by a page of another host', () => ({ host: 'evil.test', 'remote-user': 'root' }), 421],
    ['under its address on this machine', () => ({ 'remote-user': 'root' }), 421],
    // that is why nobody else may reach an app behind the gateway
    [
      'by a program on this machine that says the right things, whom it believes',
      () => ({ host: host(), 'remote-user': 'root' }),
      200,
    ],
  ])('asked %s', async (_, headers, status) => {
    expect((await knock(headers())).status).toBe(status);
  });

  it('reads names that are not ASCII', async () => {
    const headers = {
      host: host(),
      'remote-user': '7',
      'remote-name': 'Dee %C3%98rsted 100%25',
      'remote-groups': 'a,b',
    };
    expect(JSON.parse((await knock(headers)).body)).toEqual({
      uid: '7',
      email: null,
      name: 'Dee Ørsted 100%',
      roles: ['a', 'b'],
    });
  });
});
