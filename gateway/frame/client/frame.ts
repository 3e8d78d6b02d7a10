import type { FrameSettings } from '../page.ts';
import { hasAccess, requestAccess } from './access.ts';
import { type Answer, askGateway } from './gateway.ts';
import { type Question, readQuestion, readSessionStateMessage } from './messages.ts';
import { createThrottle } from './throttle.ts';

// The script of the check frame. It stands between a page on another domain and the gateway: what it lets through decides
// who learns that somebody is signed in. It is bundled into `../frame-script.generated.ts`.

const { base, client, origins } = JSON.parse(document.currentScript?.dataset.frame ?? '{}') as FrameSettings;
const throttle = createThrottle();

/** What was said to each origin last; of a code only that there was one. */
const last = new Map<string, Answer>();
/** The last check, for the button to make again. */
let pending: { readonly question: Question; readonly origin: string } | undefined;
/** The last message about a `session_state`, and what it was answered. */
let lastSessionState: { readonly of: string; readonly answer: string } | undefined;

async function answer(question: Question, origin: string, patient: boolean): Promise<void> {
  const { nonce } = question;
  const result = await resultOf(question, origin, patient);
  // to the page around alone, and only while it is the one that asked
  window.parent.postMessage({ v: 1, type: 'sso:result', nonce, ...result }, origin);
}

async function resultOf(question: Question, origin: string, patient: boolean): Promise<Answer> {
  if (question.kind === 'malformed') return { state: 'error', reason: 'bad-request' };
  if (!(await throttle.turn(patient))) {
    const known = question.kind === 'state' ? last.get(origin) : undefined;
    return known ?? { state: 'error', reason: 'throttled' };
  }
  const { code, ...result } = await ask(question, { client_id: client, parent_origin: origin });
  last.set(origin, result);
  return code === undefined ? result : { ...result, code };
}

async function ask(question: Question & { kind: 'state' | 'code' | 'watch' }, asker: object): Promise<Answer> {
  if (question.kind === 'watch') return await askGateway(base, 'watch', { ...asker, ticket: question.ticket });
  const wanted =
    question.kind === 'code' &&
    ({
      code_challenge: question.challenge,
      redirect_uri: question.redirectUri,
      ...(question.scope !== undefined && { scope: question.scope }),
    } as const);
  const { kind: want, nonce } = question;
  return await askGateway(base, 'check', { ...asker, want, nonce, ...wanted, has_access: await hasAccess() });
}

/** By a word, to whoever asked (OpenID Connect Session Management, "OP Iframe"). */
async function answerSessionState(data: string, origin: string, asker: Window): Promise<void> {
  asker.postMessage(await sessionStateOf(data, origin), origin);
}

async function sessionStateOf(data: string, origin: string): Promise<string> {
  const message = readSessionStateMessage(data);
  if (!message || (client !== null && message.client !== client)) return 'error';
  const of = `${origin} ${data}`;
  const known = lastSessionState?.of === of ? lastSessionState.answer : undefined;
  if (!(await throttle.turn(known === undefined))) return known ?? 'error';
  const asked = { client_id: message.client, parent_origin: origin, session_state: message.state };
  const { state } = await askGateway(base, 'session-state', { ...asked, has_access: await hasAccess() });
  lastSessionState = { of, answer: state === 'unchanged' || state === 'changed' ? state : 'error' };
  return lastSessionState.answer;
}

addEventListener('message', ({ source, origin, data }) => {
  if (window.parent === window || !origins.includes(origin)) return;
  const isPageAround = source === window.parent;
  if (typeof data === 'string') {
    // the standard has a frame of the app ask, beside this one: it has to be of the same origin as the page around
    if (isPageAround || (source && location.ancestorOrigins?.[0] === origin))
      void answerSessionState(data, origin, source as Window);
    return;
  }
  const question = client !== null && isPageAround ? readQuestion(data) : undefined;
  if (!question) return;
  if (question.kind === 'state' || question.kind === 'code') pending = { question, origin };
  // of a state there is a last answer; for a code or a ticket there is none, so that one of them may wait
  void answer(question, origin, question.kind !== 'state');
});

const button = document.querySelector('button');
button?.addEventListener('click', async () => {
  if (button.ariaBusy === 'true') return;
  button.ariaBusy = 'true';
  await requestAccess();
  if (pending) await answer(pending.question, pending.origin, true);
  button.ariaBusy = 'false';
});
