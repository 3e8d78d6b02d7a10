import { Hono } from 'hono';
import { html } from 'hono/html';
import type { Clock, Seconds } from '../../../shared/clock.ts';
import type { CodePurpose } from './accounts.ts';
import { page } from './page-layout.ts';
import type { Storage } from './persistence.ts';

/** A mail that the pool would have sent. */
export type Message = {
  readonly at: Seconds;
  readonly to: string;
  readonly purpose: CodePurpose;
  readonly code: string;
};

/** The mail of a pool that mails nothing. */
export type Outbox = {
  /** Newest first. */
  messages(): readonly Message[];
  send(message: Omit<Message, 'at'>): void;
};

const kept = 50;
const subjects: Record<CodePurpose, string> = {
  'confirm-sign-up': 'Confirm your account',
  'reset-password': 'Reset your password',
};

/** Keeps the last 50 messages. */
export function createOutbox({ state, save }: Storage, clock: Clock): Outbox {
  return {
    messages: () => state.outbox,
    send(message) {
      state.outbox = [{ at: clock(), ...message }, ...state.outbox].slice(0, kept);
      save();
    },
  };
}

/** `/outbox` for people, `/outbox.json` for tests: `{ messages: [{ at, to, purpose, code }] }`, newest first. */
export function outboxRoutes(outbox: Outbox): Hono {
  const app = new Hono();
  app.get('/outbox.json', (c) => c.json({ messages: outbox.messages() }));
  app.get('/outbox', (c) => {
    const messages = outbox.messages();
    const list = html`<ol class="mails">${messages.map(
      ({ at, to, purpose, code }) => html`<li>
        <p class="mail-head"><strong>${subjects[purpose]}</strong> <time datetime="${iso(at)}">${iso(at).slice(11, 19)} UTC</time></p>
        <p>To ${to}</p>
        <p class="code">${code}</p>
      </li>`,
    )}</ol>`;
    const empty = html`<p>Nothing has been sent yet. Codes for new accounts and forgotten passwords appear here.</p>`;
    return page(c, {
      title: 'Outbox',
      lead: 'Mail that this pool would have sent. Reload for newer ones.',
      body: messages.length > 0 ? list : empty,
    });
  });
  return app;
}

function iso(at: Seconds): string {
  return new Date(at * 1000).toISOString();
}
