import type { AppSession, AppSessions } from './app-session.ts';
import type { Endings } from './endings.ts';
import type { GatewayTokens } from './gateway-tokens.ts';
import type { HandOffSettings } from './options.ts';
import type { ReturnPaths } from './return-path.ts';
import type { SignIn } from './sign-in.ts';

/** What a request's session cookie amounts to. `drop`: there is a cookie, and it is worth nothing. */
export type SessionReading =
  | { readonly kind: 'live'; readonly session: AppSession }
  | { readonly kind: 'none'; readonly drop: boolean }
  | { readonly kind: 'unavailable' };

/** What the endpoints of one app are made of. */
export type Parts = {
  readonly settings: HandOffSettings;
  /** The app's own. */
  readonly origin: string;
  readonly sessions: AppSessions;
  readonly endings: Endings;
  readonly tokens: GatewayTokens;
  readonly signIn: SignIn;
  readonly paths: ReturnPaths;
  readSession(cookieHeader: string | undefined): Promise<SessionReading>;
};
