import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { CookieOptions } from 'hono/utils/cookie';
import type { Clock, Seconds } from '../../../shared/clock.ts';
import type { Storage } from './persistence.ts';

/** A browser that has signed in to the pool. */
export type BrowserSession = {
  readonly id: string;
  readonly sub: string;
  readonly authTime: Seconds;
  readonly expiresAt: Seconds;
};

/** What the pool knows about the browser behind a request, by cookies with Cognito's names. */
export type Browser = {
  session(c: Context): BrowserSession | undefined;
  signIn(c: Context, sub: string): BrowserSession;
  signOut(c: Context): BrowserSession | undefined;
  /** Value for the form field `_csrf`. */
  csrfToken(c: Context): string;
  /** Does this form post come from a page of ours in the same browser? */
  isOwnForm(c: Context, field: unknown): boolean;
  /** Notes that this browser gave the account's password, so that confirming the address can sign it in. */
  expectConfirmation(c: Context, sub: string): void;
  confirmationExpected(c: Context, sub: string): boolean;
};

/** Cognito's own: one hour, not renewed by use. */
const sessionLifetime: Seconds = 3600;

/** @param origin The pool’s own: forms from elsewhere are refused, and cookies are Secure where it is https. */
export function createBrowser({ state, save }: Storage, origin: string, clock: Clock): Browser {
  const flags: CookieOptions = { httpOnly: true, sameSite: 'Lax', path: '/', secure: origin.startsWith('https:') };
  const confirming = new Map<string, { sub: string; expiresAt: Seconds }>();
  return {
    session(c) {
      const id = getCookie(c, 'cognito');
      return state.sessions.find((session) => session.id === id && session.expiresAt > clock());
    },
    signIn(c, sub) {
      const session = { id: random(), sub, authTime: clock(), expiresAt: clock() + sessionLifetime };
      const replaced = getCookie(c, 'cognito');
      state.sessions = [
        ...state.sessions.filter(({ id, expiresAt }) => id !== replaced && expiresAt > clock()),
        session,
      ];
      save();
      setCookie(c, 'cognito', session.id, { ...flags, maxAge: sessionLifetime });
      return session;
    },
    signOut(c) {
      const session = this.session(c);
      state.sessions = state.sessions.filter(({ id }) => id !== session?.id);
      save();
      deleteCookie(c, 'cognito', flags);
      return session;
    },
    csrfToken(c) {
      const token = getCookie(c, 'XSRF-TOKEN') ?? random();
      setCookie(c, 'XSRF-TOKEN', token, flags);
      return token;
    },
    isOwnForm(c, field) {
      const from = c.req.header('origin');
      if (from !== undefined && from !== origin) return false;
      const [cookie = '', sent] = [getCookie(c, 'XSRF-TOKEN'), typeof field === 'string' ? field : ''];
      const [a, b] = [Buffer.from(cookie), Buffer.from(sent)];
      return a.length > 0 && a.length === b.length && timingSafeEqual(a, b);
    },
    expectConfirmation(c, sub) {
      const id = random();
      confirming.set(id, { sub, expiresAt: clock() + sessionLifetime });
      setCookie(c, 'cognito-confirm', id, { ...flags, maxAge: sessionLifetime });
    },
    confirmationExpected(c, sub) {
      const noted = confirming.get(getCookie(c, 'cognito-confirm') ?? '');
      return noted?.sub === sub && noted.expiresAt > clock();
    },
  };
}

function random(): string {
  return randomBytes(24).toString('base64url');
}
