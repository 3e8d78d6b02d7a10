import { type Frame, openFrame, type Reply } from './frame.ts';
import type { FrameFinding } from './ladder.ts';
import type { Notice } from './notices.ts';
import type { Settings } from './options.ts';
import type { Challenge } from './own-server.ts';

/** The gateway's hidden frame, and what its answers come to. */
export type FrameRung = {
  /**
   * Asks by a challenge for a code, or hands over the ticket of a session; otherwise asks for the state alone.
   */
  ask(by?: Challenge | string): Promise<{ readonly finding: FrameFinding; readonly code?: string | undefined }>;
  block(): void;
  close(): void;
};

/** The frame is opened by the first question, and stays. One that doesn't answer is taken away, so the next is a new one. */
export function createFrameRung(settings: Settings, warn: Notice): FrameRung {
  let frame: Frame | undefined;
  const close = () => {
    frame?.close();
    frame = undefined;
  };
  return {
    async ask(by) {
      frame ??= openFrame(settings);
      const reply = await (typeof by === 'string' ? frame.watch(by) : frame.check(by));
      if (reply.state === 'none') close();
      const finding = await judgeReply(
        reply,
        { ...settings, page: location.origin, redirectUri: (by as Challenge | undefined)?.redirect_uri },
        warn,
        () => reachGateway(settings, warn),
      );
      return { finding, code: reply.code };
    },
    block: () => frame?.block(),
    close,
  };
}

/** What was asked, and where. */
export type Asked = {
  readonly clientId: string;
  readonly gateway: string;
  /** The origin of the page. */
  readonly page: string;
  /** Where the code was to go; `undefined`: none was asked for. */
  readonly redirectUri: string | undefined;
};

/**
 * What a reply of the frame comes to, and tells what to fix.
 *
 * A frame that says nothing is the riddle: forbidden on this page, or nobody there? The browser doesn't tell, so the gateway
 * is asked another way.
 *
 * @param isReached Called where it matters.
 */
export async function judgeReply(
  { state, code, reason }: Reply,
  { clientId, gateway, page, redirectUri }: Asked,
  warn: Notice,
  isReached: () => Promise<boolean>,
): Promise<FrameFinding> {
  const add = (what: string, where: string) => warn(`add ${what} to clients[].${where} of ${clientId} at ${gateway}`);
  if (state === 'blocked') return 'unknown';
  if (state === 'none') {
    if (!(await isReached())) return 'unreachable';
    if (reason === 'silent') add(`${page}, unless it is there (its frame says nothing),`, 'origins');
    return 'unknown';
  }
  if (reason === 'storage-blocked') warn("this browser hides the gateway's cookies from its frame", 'info');
  if (state !== 'error') return code ? 'code' : state;
  if (reason === 'origin-not-registered') add(page, 'origins');
  else if (reason !== 'bad-request') return 'unreachable';
  else if (redirectUri) add(redirectUri, 'redirectUris');
  return 'refused';
}

/** Asks the gateway for its discovery document, which also says what its address is. */
async function reachGateway({ gateway, frameTimeout }: Settings, warn: Notice): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(frameTimeout);
    const response = await fetch(`${gateway}/.well-known/openid-configuration`, { cache: 'no-store', signal });
    const { issuer } = (await response.json()) as { readonly issuer?: unknown };
    if (issuer === gateway) return true;
    warn(`gateway is ${gateway}, but calls itself ${issuer}: use that`);
  } catch {
    // down, too slow, no gateway, or forbidden by the page's policy, which is told where that is noticed
  }
  return false;
}
