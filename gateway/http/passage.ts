import type { Seconds } from '../../shared/clock.ts';

/** Headers as they stand in a message: name, value, name, value… */
export type HeaderList = readonly string[];

/** A request that may pass, ready to go on to the app behind. */
export type Passage = {
  readonly method: string;
  /** Origin of the app. */
  readonly upstream: URL;
  /** Path and query, as they came. */
  readonly target: string;
  /** What the app is sent, less what frames the message and belongs to the connection. */
  readonly headers: HeaderList;
  /** To wait for the beginning of an answer. */
  readonly timeout: Seconds;
  readonly isWebSocket: boolean;
  /** Who asks, for what stays open longer than their session; `undefined`: nobody who is known. */
  readonly visitor: PassingVisitor | undefined;
  /** Makes the headers for the visitor of those that the app answered with. */
  readonly answer: (headers: HeaderList) => string[];
};

/** Of somebody who is signed in: what can end while an answer is still under way. */
export type PassingVisitor = {
  readonly uid: string;
  readonly sid: string;
  /** Of the permissions by which they passed. */
  readonly permissionVersion: number;
  /** When the proof of who they are expires. */
  readonly exp: Seconds;
};

/**
 * Takes a request to the app. Resolves when the answer begins.
 *
 * @throws SsoError `upstream_unavailable`, `upstream_slow`, `websocket_unsupported`
 */
export type Forward = (passage: Passage) => Promise<Response>;
