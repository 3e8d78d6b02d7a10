import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';
import { SsoError } from '../../shared/errors.ts';
import type { Html } from '../pages/mark.ts';
import { palette } from '../pages/style.ts';
import { frameScript } from './frame-script.generated.ts';

/** What the script of a frame goes by. It stands in an attribute of the script's own element, as JSON. */
export type FrameSettings = {
  /** Path below which the gateway stands; empty, or `/` and segments. */
  readonly base: string;
  /** The app that the frame is for; `null`: all of them, for what OpenID Connect Session Management asks. */
  readonly client: string | null;
  /** Of pages that are answered. */
  readonly origins: readonly string[];
};

const { light, dark } = palette;

/** Fills the frame, whatever size the app gives it; four pixels are left for the ring of the focus. */
const style = [
  ':root{color-scheme:light dark}',
  'body{margin:0;padding:4px;min-height:100vh;box-sizing:border-box;display:grid;place-items:center;background:transparent}',
  `button{box-sizing:border-box;width:100%;max-width:28rem;min-height:2.75rem;padding:.5rem 1.25rem;overflow-wrap:anywhere;
font:600 1rem/1.25 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",sans-serif;
border:1px solid transparent;border-radius:.625rem;cursor:pointer;background:${light.accent};color:${light.onAccent}}`,
  `button:hover{background:${light.strong}}`,
  'button[aria-busy=true]{cursor:progress;opacity:.75}',
  `button:focus-visible{outline:3px solid ${light.accent};outline-offset:1px}`,
  '@media (prefers-color-scheme:dark){',
  `button{background:${dark.accent};color:${dark.onAccent}}`,
  `button:hover{background:${dark.strong}}`,
  `button:focus-visible{outline-color:${dark.accent}}`,
  '}',
].join('');

/**
 * A page for a frame in an app: a script that answers the app, and perhaps a button, by which a person lets it see our
 * cookies.
 *
 * Send it with {@link framePolicy}.
 *
 * @param buttonHost Host of the gateway, for the button to say where it leads; `undefined`: no button.
 */
export function framePage(settings: FrameSettings, buttonHost?: string): Html {
  const button = buttonHost === undefined ? '' : html`<button type="button">Continue with ${buttonHost}</button>`;
  return html`<!doctype html>
<html lang="en" dir="ltr">
<head>
<meta charset="utf-8">
<title>Sign-in check · Crossgate</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>${raw(style)}</style>
</head>
<body>${button}<script data-frame="${JSON.stringify(settings)}">${raw(frameScript)}</script></body>
</html>
`;
}

/**
 * The `Content-Security-Policy` of {@link framePage}: nobody frames it but these origins, also not around one of them.
 *
 * @param origins Empty: nobody.
 * @throws SsoError `internal` for what is no http(s) origin, which could otherwise write directives of its own.
 * @see https://www.w3.org/TR/CSP3/#directive-frame-ancestors
 */
export function framePolicy(origins: readonly string[]): string {
  const odd = origins.find((origin) => !/^https?:\/\/[a-z0-9.:[\]_-]+$/.test(origin));
  if (odd !== undefined) throw new SsoError('internal', 'a frame-ancestors source is no http(s) origin');
  return [
    "default-src 'none'",
    `script-src ${sourceOf(frameScript)}`,
    `style-src ${sourceOf(style)}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${origins.length > 0 ? origins.join(' ') : "'none'"}`,
  ].join('; ');
}

/** Allows this very text (CSP3 §2.3.1 hash-source). */
const sourceOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
