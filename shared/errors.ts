/**
 * What a person or a caller may be told about a failure. The private reason goes to the log only.
 */
export type Failure = {
  /** HTTP status of the answer. */
  readonly status: number;
  /** One sentence in words fit for a person. */
  readonly says: string;
  /** What the person can do about it; shown below the sentence. */
  readonly hint?: string;
  /** May a navigation be answered by a redirect to sign in, where that would help? */
  readonly mayRedirect?: boolean;
  /** Seconds for `Retry-After`, where trying again can help. */
  readonly retryAfter?: number;
  /** What apps are told in the hand-off (RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, OpenID Connect Core §3.1.2.6). */
  readonly oauth?: string;
};

/** Every failure that Crossgate can answer with: code → public face. The code is stable and safe to show. */
export const failures = {
  // the request itself
  bad_request: { status: 400, says: 'The request could not be understood.', oauth: 'invalid_request' },
  not_found: { status: 404, says: 'There is nothing at this address.' },
  method_not_allowed: { status: 405, says: 'That method is not offered here.' },
  body_too_large: { status: 413, says: 'The request is larger than this address takes.', oauth: 'invalid_request' },
  headers_too_large: {
    status: 431,
    says: 'The browser sent more cookies than can be read.',
    hint: 'Clear the cookies of this site and try again.',
  },
  wrong_host: { status: 421, says: 'This server does not answer for that host.' },
  prefetch_refused: { status: 503, says: 'This page is not prepared ahead of time.' },
  cross_site_refused: { status: 403, says: 'This request came from another site and was refused.' },
  forwarded_refused: { status: 400, says: 'The forwarded address could not be trusted.' },

  // signing in
  return_url_refused: {
    status: 400,
    says: 'The address to return to is not one of ours.',
    hint: 'Go back to the app and try its own sign-in link.',
  },
  unknown_provider: { status: 404, says: 'That way to sign in does not exist here.' },
  not_a_navigation: { status: 401, says: 'Signing in starts on a page of its own.', mayRedirect: false },
  login_attempt_missing: {
    status: 400,
    says: 'This sign-in was not started in this browser, or it took too long.',
    hint: 'Start again from the app.',
  },
  login_attempt_used: { status: 400, says: 'This sign-in link was already used.', hint: 'Start again from the app.' },
  login_cancelled: {
    status: 403,
    says: 'Signing in was cancelled.',
    hint: 'Nothing has changed. You can try again whenever you like.',
  },
  login_refused: { status: 403, says: 'The sign-in service refused this sign-in.' },
  login_loop: { status: 429, says: 'Signing in keeps coming back to the start.', retryAfter: 60 },
  login_attempt_invalid: {
    status: 400,
    says: 'The answer of the sign-in service does not fit this sign-in.',
    hint: 'Start again from the app.',
  },
  account_disabled: { status: 403, says: 'This account is disabled.', hint: 'Ask whoever looks after your accounts.' },
  account_unknown: {
    status: 403,
    says: 'You are signed in, but there is no account for you here yet.',
    hint: 'Ask whoever looks after your accounts.',
  },
  account_conflict: {
    status: 403,
    says: 'Another account already uses this email address.',
    hint: 'Ask whoever looks after your accounts.',
  },

  // sessions and permission
  not_signed_in: { status: 401, says: 'You are not signed in.', mayRedirect: true },
  session_expired: { status: 401, says: 'Your session has ended. Sign in again.', mayRedirect: true },
  session_unknown: { status: 404, says: 'That is not one of your sign-ins. It may have ended already.' },
  token_invalid: { status: 401, says: 'The token is not valid.', mayRedirect: true, oauth: 'invalid_token' },
  forbidden: {
    status: 403,
    says: 'Your account does not have access to this page.',
    hint: 'Ask whoever looks after your accounts for access.',
  },

  // the hand-off to apps: what a person reads
  unknown_client: {
    status: 400,
    says: 'The app that sent you here is not registered.',
    hint: 'Tell whoever looks after that app.',
  },
  redirect_uri_refused: {
    status: 400,
    says: 'The app that sent you here wants to continue at an address that is not registered.',
    hint: 'Tell whoever looks after that app.',
  },

  origin_refused: { status: 403, says: 'This page is not on one of the origins of the app.' },

  // the hand-off to apps: what the app is told
  parameter_repeated: { status: 400, says: 'A parameter is there twice.', oauth: 'invalid_request' },
  parameter_malformed: {
    status: 400,
    says: 'One of state, nonce, max_age and login_hint is too long or malformed.',
    oauth: 'invalid_request',
  },
  request_too_long: { status: 400, says: 'The request is too long: shorten state.', oauth: 'invalid_request' },
  pkce_needed: {
    status: 400,
    says: 'A code_challenge of 43 characters with code_challenge_method=S256 is needed.',
    oauth: 'invalid_request',
  },
  prompt_unsupported: { status: 400, says: 'The prompt may be none or login, one of them.', oauth: 'invalid_request' },
  response_mode_unsupported: { status: 400, says: 'The response_mode may only be query.', oauth: 'invalid_request' },
  response_type_unsupported: {
    status: 400,
    says: 'The response_type may only be code.',
    oauth: 'unsupported_response_type',
  },
  request_object_unsupported: {
    status: 400,
    says: 'Request objects are not supported.',
    oauth: 'request_not_supported',
  },
  request_uri_unsupported: { status: 400, says: 'A request_uri is not supported.', oauth: 'request_uri_not_supported' },
  registration_unsupported: {
    status: 400,
    says: 'A registration is not supported.',
    oauth: 'registration_not_supported',
  },
  scope_refused: { status: 400, says: 'The scope has to contain openid.', oauth: 'invalid_scope' },
  login_required: { status: 400, says: 'Nobody is signed in in the way that was asked for.', oauth: 'login_required' },
  client_refused: { status: 401, says: 'The client did not show who it is.', oauth: 'invalid_client' },
  introspection_refused: {
    status: 403,
    says: 'This client may not ask about tokens.',
    oauth: 'unauthorized_client',
  },
  rate_limited: { status: 429, says: 'That was asked too often. Try again in a moment.', oauth: 'slow_down' },
  grant_type_unsupported: {
    status: 400,
    says: 'The grant_type may only be authorization_code.',
    oauth: 'unsupported_grant_type',
  },
  grant_refused: {
    status: 400,
    says: 'The code is unknown, expired or used, or does not belong to this client, redirect_uri and code_verifier.',
    oauth: 'invalid_grant',
  },

  // others' failures
  provider_unavailable: {
    status: 503,
    says: 'The sign-in service cannot be reached right now.',
    retryAfter: 10,
    oauth: 'temporarily_unavailable',
  },
  store_unavailable: {
    status: 503,
    says: 'Sessions cannot be read right now.',
    retryAfter: 5,
    oauth: 'temporarily_unavailable',
  },
  directory_unavailable: {
    status: 503,
    says: 'Accounts cannot be read right now.',
    retryAfter: 5,
    oauth: 'temporarily_unavailable',
  },
  upstream_unavailable: {
    status: 502,
    says: 'The app does not answer right now.',
    hint: 'Try again in a moment.',
  },
  upstream_slow: {
    status: 504,
    says: 'The app takes too long to answer.',
    hint: 'Try again in a moment.',
  },
  upstream_loop: { status: 508, says: 'The way to the app leads back to where it began.' },
  websocket_unsupported: { status: 501, says: 'WebSockets are not passed on here.' },
  permissions_stale: { status: 503, says: 'Permissions cannot be confirmed right now.', retryAfter: 5 },
  internal: {
    status: 500,
    says: 'Something went wrong on our side.',
    hint: 'It has been written down. Trying again may help.',
  },

  // start-up
  config_invalid: { status: 500, says: 'The configuration is not valid.' },
  migrations_pending: { status: 500, says: 'The database is not up to date. Run `crossgate migrate`.' },
} as const satisfies Record<string, Failure>;

export type FailureCode = keyof typeof failures;

/**
 * The one error class. `code` is public, `reason` is for the log and never leaves the process.
 *
 * @example throw new SsoError('session_expired', `ends_at ${endsAt} <= now ${now}`, { cause })
 */
export class SsoError extends Error {
  readonly code: FailureCode;
  readonly reason: string;

  constructor(code: FailureCode, reason: string, options?: ErrorOptions) {
    super(`${code}: ${reason}`, options);
    this.name = 'SsoError';
    this.code = code;
    this.reason = reason;
  }

  /** The public face of this error. */
  get failure(): Failure {
    return failures[this.code];
  }
}
