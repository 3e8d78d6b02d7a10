import { describe, expect, it } from 'vitest';
import type { Passage } from '../http/passage.ts';
import { forwardByFetch } from './by-fetch.ts';

const passage = (changes: Partial<Passage> = {}): Passage => ({
  method: 'POST',
  upstream: new URL('http://10.0.0.7:3000'),
  target: '/a%20b?x=1',
  headers: ['Host', 'notes.acme.test', 'Remote-User', '42', 'X-Odd', 'one', 'X-Odd', 'two'],
  timeout: 1,
  isWebSocket: false,
  visitor: undefined,
  answer: (headers) => [...headers],
  ...changes,
});

const visitors = () => new Request('https://notes.acme.test/a%20b?x=1', { method: 'POST', body: 'hello' });

const never = () => false;

describe('on workerd', () => {
  it('an event stream ends with what its visitor passed by', async () => {
    let over = false;
    let cancelled = false;
    const stream = new TransformStream<Uint8Array, Uint8Array>();
    const app = stream.writable.getWriter();
    app.closed.catch(() => {
      cancelled = true;
    });
    const answered = new Response(stream.readable, { headers: { 'content-type': 'text/event-stream' } });
    const forward = forwardByFetch(
      visitors(),
      () => Promise.resolve(answered),
      () => over,
    );
    const visitor = { uid: '42', sid: 'session-1', permissionVersion: 1, exp: 2_000_000_000 };
    const reader = (await forward(passage({ visitor }))).body?.getReader();
    const says = (text: string) => app.write(new TextEncoder().encode(text)).catch(() => {});
    void says('first');
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('first');
    over = true;
    void says('secret');
    expect(await reader?.read()).toEqual({ done: true, value: undefined });
    await expect.poll(() => cancelled).toBe(true);
  });

  it('a request goes on with its body, and an answer comes back with every cookie', async () => {
    const forward = forwardByFetch(
      visitors(),
      async (input, init) => {
        const asked = new Request(input, init);
        const { method, url, redirect } = asked;
        const [user, odd] = [asked.headers.get('remote-user'), asked.headers.get('x-odd')];
        const headers = new Headers([
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
          ['location', '/next'],
        ]);
        return new Response(JSON.stringify({ method, url, redirect, user, odd, body: await asked.text() }), {
          status: 302,
          headers,
        });
      },
      never,
    );
    const answer = await forward(passage());
    expect(answer.status).toBe(302);
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await answer.json()).toEqual({
      method: 'POST',
      url: 'http://10.0.0.7:3000/a%20b?x=1',
      redirect: 'manual',
      user: '42',
      odd: 'one, two',
      body: 'hello',
    });
  });

  it('an app that never answers is given up', async () => {
    const forward = forwardByFetch(
      visitors(),
      (input) => {
        const { signal } = input as Request;
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
      never,
    );
    await expect(forward(passage())).rejects.toMatchObject({ code: 'upstream_slow' });
  });

  it('a WebSocket is refused', async () => {
    const forward = forwardByFetch(visitors(), () => Promise.reject(new Error('asked')), never);
    await expect(forward(passage({ isWebSocket: true }))).rejects.toMatchObject({ code: 'websocket_unsupported' });
  });
});
