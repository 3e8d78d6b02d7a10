import { SsoError } from '../../shared/errors.ts';
import { sendToFrame } from '../frame/answer.ts';
import { readQuestion, watchQuestion } from '../frame/question.ts';
import { isWelcome } from '../frame/sighting.ts';
import { openMonitorTicket, writeMonitor } from '../hand-off/monitor.ts';
import { addCookies, type GatewayContext } from '../http/context.ts';
import type { SharedParts } from '../session/parts.ts';

/**
 * `POST /frame/watch`: our frame brings the ticket of an ID token, and gets the monitor cookie for it. With that it can say
 * "signed out" where the browser shows it no other cookie of ours.
 */
export async function frameWatch(c: GatewayContext, parts: SharedParts): Promise<Response> {
  const { clock, feed, keyring, log, names, store } = parts;
  return await sendToFrame(
    c,
    async () => {
      const { question, client } = await readQuestion(c, watchQuestion, parts);
      const now = clock();
      const monitor = await openMonitorTicket(question.ticket, client.id, keyring.sealing, now);
      if (!monitor) throw new SsoError('bad_request', `no ticket of ${client.id}, or an old one`);
      const session = feed.isEnded(monitor.sid) ? undefined : await store.findSession(monitor.sid, now);
      if (!session || !(await isWelcome(session, parts))) return { state: 'signed-out' };
      addCookies(c, [await writeMonitor(monitor, names.monitor, keyring.sealing, now, session.endsAt)]);
      return { state: 'signed-in' };
    },
    log,
  );
}
