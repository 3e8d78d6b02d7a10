import { openFrame, type Reply } from './frame.ts';
import type { Settings } from './options.ts';
import type { Challenge, OwnServer } from './own-server.ts';

/** What the frame answered, and what it was asked with. */
export type ButtonAnswer = {
  readonly reply: Reply;
  readonly challenge: Challenge | undefined;
  readonly isClicked: boolean;
};

/**
 * Shows the gateway's frame with its button.
 *
 * @param take Gets each answer of the frame: one without a click, and one with each click.
 * @returns Takes it away.
 */
export function mountButton(
  container: HTMLElement,
  settings: Settings,
  server: OwnServer | undefined,
  take: (answer: ButtonAnswer) => void,
): () => void {
  let challenge: Challenge | undefined;
  const frame = openFrame(settings, { container, onClick: (reply) => take({ reply, challenge, isClicked: true }) });
  const arm = async () => {
    challenge = await server?.challenge();
    if (!server || challenge) take({ reply: await frame.check(challenge), challenge, isClicked: false });
  };
  void arm();
  return frame.close;
}
