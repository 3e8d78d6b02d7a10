import { describe, expect, it } from 'vitest';
import { app, check, codeCheck, frameIn, state, watch } from './frame-script.testing.ts';

describe('the messages of Session Management', () => {
  it.each(['unchanged', 'changed', 'error'])('are answered by a word: %s', async (word) => {
    const one = frameIn({ client: null });
    one.answerWith(() => Response.json({ state: word }));
    await one.hear(`globex ${state}`);
    const body = { client_id: 'globex', parent_origin: app, session_state: state, has_access: true };
    expect(one.asked).toEqual([{ path: '/sso/frame/session-state', body }]);
    expect(one.said).toEqual([{ message: word, to: app }]);
  });

  it.each([
    ['nothing', ''],
    ['an app alone', 'globex'],
    ['no app', ` ${state}`],
    ['two spaces', `globex  ${state}`],
    ['something behind', `globex ${state} `],
    ['a character less', `globex ${state.slice(1)}`],
    ['no end', 'x'.repeat(9999)],
  ])('that are none are an error: %s', async (_, data) => {
    const one = frameIn({ client: null });
    await one.hear(data);
    expect([one.asked, one.said]).toEqual([[], [{ message: 'error', to: app }]]);
  });

  it('may come from a frame beside it, of the origin of the page around: that one is answered', async () => {
    const one = frameIn({ client: null });
    one.answerWith(() => Response.json({ state: 'unchanged' }));
    const heard: unknown[] = [];
    const beside = { postMessage: (message: unknown, to: string) => heard.push([message, to]) };
    await one.hear(`globex ${state}`, { source: beside });
    expect([heard, one.said]).toEqual([[['unchanged', app]], []]);
    // a browser that doesn't say whose page is around
    Object.assign(one.window, { location: {} });
    await one.hear(`globex ${state}`, { source: beside });
    expect(heard).toHaveLength(1);
  });

  it('of nobody are not answered', async () => {
    const one = frameIn({ client: null });
    await one.hear(`globex ${state}`, { source: null });
    expect([one.asked, one.said]).toEqual([[], []]);
  });

  it('about another app are an error in the frame of one', async () => {
    const one = frameIn();
    await one.hear(`initech ${state}`);
    expect([one.asked, one.said]).toEqual([[], [{ message: 'error', to: app }]]);
  });

  it('are an error while the gateway can’t say, not a change', async () => {
    const one = frameIn({ client: null });
    one.answerWith(() => Response.json({ state: 'error', reason: 'unavailable' }, { status: 503 }));
    await one.hear(`globex ${state}`);
    expect(one.result()).toBe('error');
  });

  it('are one request a second, answered alike in between', async () => {
    const one = frameIn({ client: null });
    one.answerWith(() => Response.json({ state: 'unchanged' }));
    await one.hear(`globex ${state}`);
    one.flood(`globex ${state}`, 1000);
    await one.settle();
    expect(one.asked).toHaveLength(1);
    expect(one.said).toHaveLength(1001);
    expect(new Set(one.said.map(({ message }) => message))).toEqual(new Set(['unchanged']));
  });

  it('leave the questions for a state to the frames of single apps', async () => {
    const one = frameIn({ client: null });
    for (const data of [check, codeCheck, watch]) await one.hear(data);
    expect([one.asked, one.said]).toEqual([[], []]);
  });
});
