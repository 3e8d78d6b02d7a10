import { type Answer, freshNonce, type Question, readAnswer } from './message.ts';
import type { Settings } from './options.ts';
import type { Challenge } from './own-server.ts';

/** What became of a question. */
export type Reply =
  | Answer
  | {
      /** `blocked`: a policy of the page keeps the frame from being shown. `none`: it didn't answer in time. */
      readonly state: 'blocked' | 'none';
      readonly code?: undefined;
      /** `silent`: the frame stands there and says nothing. `slow`: it is not even there yet. */
      readonly reason?: 'silent' | 'slow';
    };

/** The gateway's frame in this page. */
export type Frame = {
  /** Is anybody signed in? With a challenge: asks for a code too. */
  check(challenge?: Challenge): Promise<Reply>;
  /** Hands over the ticket of a session, so that the frame knows of its end. */
  watch(ticket: string): Promise<Reply>;
  /** The page's policy blocks it: whoever waits for an answer need not. */
  block(): void;
  close(): void;
};

/** A frame that is to be seen. */
export type Place = {
  readonly container: HTMLElement;
  /** Another answer to a check: the person clicked the button in the frame. */
  readonly onClick: (answer: Answer) => void;
};

/**
 * Opens the gateway's frame. Answers count only from the gateway's own origin, out of this very frame, to a question that
 * was asked.
 *
 * @param place Where it is to be seen, with its button. Absent: it is hidden.
 */
export function openFrame({ gateway, origin, clientId, frameTimeout }: Settings, place?: Place): Frame {
  const element = document.createElement('iframe');
  /** By nonce. Who gave up stays, so that a first answer that is late is not taken for a click. */
  const waiting = new Map<string, (answer: Answer) => void>();
  const hear = (event: MessageEvent) => {
    if (event.origin !== origin || event.source !== element.contentWindow) return;
    for (const [nonce, tell] of waiting) {
      const answer = readAnswer(event.data, nonce);
      if (!answer) continue;
      waiting.delete(nonce);
      if (place) waiting.set(nonce, place.onClick);
      return tell(answer);
    }
  };
  addEventListener('message', hear);

  const loaded = new Promise<unknown>((resolve) => {
    element.onload = resolve;
  });
  let block = () => {};
  const blocked = new Promise<Reply>((resolve) => {
    block = () => resolve({ state: 'blocked' });
  });
  element.src = `${gateway}/frame?client_id=${encodeURIComponent(clientId)}${place ? '&button=1' : ''}`;
  element.allow = 'identity-credentials-get; storage-access';
  element.title = 'Sign in';
  // a property and not an attribute: a policy without 'unsafe-inline' allows it
  element.style.cssText = place ? 'border:0;width:100%;height:68px' : 'display:none!important';
  if (!place) {
    element.ariaHidden = 'true';
    element.tabIndex = -1;
  }
  // beside the body, which may be somebody else's to fill
  (place?.container ?? document.documentElement).append(element);

  const ask = (question: Question): Promise<Reply> =>
    Promise.race([
      blocked,
      new Promise<Reply>((resolve) => {
        let reason: 'slow' | 'silent' = 'slow';
        setTimeout(() => resolve({ state: 'none', reason }), frameTimeout);
        waiting.set(question.nonce, resolve);
        void loaded.then(() => {
          reason = 'silent';
          // to nobody else, should something else stand in the frame
          element.contentWindow?.postMessage({ v: 1, ...question }, origin);
        });
      }),
    ]);

  return {
    check(challenge) {
      if (!challenge) return ask({ type: 'sso:check', nonce: freshNonce(), want: 'state' });
      const { client_id: _, ...asked } = challenge;
      return ask({ type: 'sso:check', want: 'code', ...asked });
    },
    watch: (ticket) => ask({ type: 'sso:watch', nonce: freshNonce(), ticket }),
    block,
    close() {
      removeEventListener('message', hear);
      element.remove();
    },
  };
}
