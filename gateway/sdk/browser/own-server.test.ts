import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settle } from './options.ts';
import { createOwnServer } from './own-server.ts';

const gateway = 'https://auth.acme.com';
const view = { signed_in: true, gateway, client_id: 'globex' };
const challenge = { client_id: 'globex', redirect_uri: 'r', code_challenge: 'c', nonce: 'n', scope: 'openid' };

let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void;
beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    answer(request, response, body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.close();
});

/** The app's server side as it stands at an address, and what was told. */
function own() {
  const said: string[] = [];
  const settings = settle({ gateway, clientId: 'globex' }, { protocol: 'https:' }, () => {});
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sso`;
  return { own: createOwnServer(base, settings, (text) => said.push(text.replaceAll(base, '/sso'))), said };
}
const json = (value: unknown, status = 200) => {
  answer = (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };
};

describe('the app’s own session', () => {
  it.each<[string, unknown, number, object, RegExp | undefined]>([
    ['somebody', view, 200, { state: 'signed-in' }, undefined],
    ['somebody, with a ticket', { ...view, monitor: 't' }, 200, { state: 'signed-in', monitor: 't' }, undefined],
    ['nobody', { ...view, signed_in: false }, 200, { state: 'signed-out' }, undefined],
    ['another shape', { user: 'ann' }, 200, { state: 'unknown' }, undefined],
    ['text for a yes', { ...view, signed_in: 'yes' }, 200, { state: 'unknown' }, undefined],
    ['its store is down', { title: 'later' }, 503, { state: 'unknown' }, undefined],
    [
      'not mounted',
      {},
      404,
      { state: 'unknown' },
      /^\/sso\/session isn't there: mount handOff\(\) at \/sso, or say by `base`/,
    ],
    [
      'another client',
      { ...view, client_id: 'initech' },
      200,
      { state: 'signed-in' },
      /^handOff\(\) is initech at .*, this script globex/,
    ],
    [
      'another gateway',
      { ...view, gateway: 'https://evil.example' },
      200,
      { state: 'signed-in' },
      /^handOff\(\) is globex at https:\/\/evil/,
    ],
  ])('%s', async (_, value, status, outcome, text) => {
    json(value, status);
    const { own: app, said } = own();
    expect(await app.session()).toEqual(outcome);
    expect(said).toEqual(text ? [expect.stringMatching(text)] : []);
  });

  it('an app that has one page for every address has none of ours', async () => {
    answer = (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>');
    const { own: app, said } = own();
    expect([(await app.session()).state, said.length]).toEqual(['unknown', 1]);
  });

  it('a redirect is followed nowhere', async () => {
    const asked: string[] = [];
    answer = ({ url = '' }, response) => {
      asked.push(url);
      response.writeHead(302, { location: '/elsewhere' }).end();
    };
    expect((await own().own.session()).state).toBe('unknown');
    expect(asked).toEqual(['/sso/session']);
  });

  it('a connection that breaks says nothing', async () => {
    answer = ({ socket }) => void socket.destroy();
    const { own: app, said } = own();
    expect([await app.session(), await app.challenge(), await app.end(), said]).toEqual([
      { state: 'unknown' },
      undefined,
      false,
      [],
    ]);
  });
});

describe('a code', () => {
  it.each<[string, unknown, number, boolean, string, string | undefined]>([
    ['is taken', view, 200, true, 'signed-in', undefined],
    ['is refused', { title: 'no' }, 400, false, 'signed-out', '/sso/callback refused the code: see its log'],
    ['is refused, but another tab was faster', { title: 'no' }, 400, true, 'signed-in', undefined],
    ['is taken, and the cookie lost', view, 200, false, 'signed-out', '/sso/callback set a cookie that was not kept'],
    ['is good, and its session over meanwhile', { ...view, signed_in: false }, 200, false, 'signed-out', undefined],
  ])('%s', async (_, value, status, isIn, state, text) => {
    const posted: unknown[] = [];
    answer = ({ method, url, headers }, response, body) => {
      const isPost = method === 'POST';
      if (isPost) posted.push([url, headers['content-type'], JSON.parse(body)]);
      response.writeHead(isPost ? status : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(isPost ? value : { ...view, signed_in: isIn }));
    };
    const { own: app, said } = own();
    expect((await app.redeem('the-code', challenge)).state).toBe(state);
    expect(posted).toEqual([['/sso/callback', 'application/json', { code: 'the-code', nonce: 'n' }]]);
    expect(said).toEqual(text ? [text] : []);
  });
});

it('a challenge is what the server says', async () => {
  json(challenge);
  expect(await own().own.challenge()).toEqual(challenge);
});

it('an end has no content', async () => {
  answer = (_, response) => void response.writeHead(204).end();
  const { own: app, said } = own();
  expect([await app.end(), said]).toEqual([true, []]);
});
