import type { Clock, Milliseconds, Seconds } from '../../../shared/clock.ts';

/** An app client of the pool. */
export type UserPoolClient = {
  readonly id: string;
  /** Absent: a public client. */
  readonly secret?: string;
  /** What the pages call it. Default: its id. */
  readonly name?: string;
  /** Exact redirect URIs. */
  readonly callbacks: readonly string[];
  /** Exact URIs for `/logout`. */
  readonly logouts: readonly string[];
  /** Scopes it may ask for. Those with a slash are a resource server's, which client credentials get. */
  readonly scopes: readonly string[];
  /** Absent: a refresh token is used again and again. `graceSeconds` is 0–60, as in Cognito. */
  readonly rotation?: { readonly graceSeconds: Seconds };
};

/** @see https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html */
export type PreTokenVersion = 'V1_0' | 'V2_0' | 'V3_0';

/** The Lambda functions of the pool, by the name of the trigger. */
export type TriggerFunctions = {
  readonly PreSignUp?: { readonly name: string };
  readonly PostConfirmation?: { readonly name: string };
  readonly PostAuthentication?: { readonly name: string };
  /** `version` defaults to `V1_0`, as in Cognito. */
  readonly PreTokenGeneration?: { readonly name: string; readonly version?: PreTokenVersion };
};

/** An account that is there from the start. */
export type SeedAccount = {
  readonly sub: string;
  readonly username: string;
  readonly email: string;
  readonly name: string;
  /** Shown on the sign-in page: seeds are for development. */
  readonly password: string;
  readonly groups?: readonly string[];
};

/** What happened in the pool, for a page that shows it. Never a password, a code or a token as it was sent. */
export type PoolEvent = {
  readonly type:
    | 'authorize'
    | 'sign-in'
    | 'sign-in-refused'
    | 'sign-up'
    | 'confirm'
    | 'code-sent'
    | 'password-reset'
    | 'trigger-failed'
    | 'token'
    | 'token-refused'
    | 'refresh'
    | 'user-info'
    | 'logout'
    | 'revoke'
    | 'cancel'
    | 'administration';
  readonly at: Seconds;
  readonly details: Readonly<Record<string, unknown>>;
};

/** What a pool is made of. */
export type UserPoolOptions = {
  /** Where browsers and apps reach the pool, without a trailing slash. */
  readonly origin: string;
  /** Default: `us-east-1_LocalDev0`. */
  readonly poolId?: string;
  /** Default: `us-east-1`. */
  readonly region?: string;
  readonly clients: readonly UserPoolClient[];
  /** Absent: no triggers. */
  readonly lambda?: {
    /** Address of a Lambda Invoke API. */
    readonly endpoint: string;
    readonly triggers: TriggerFunctions;
    /** How long one attempt may take. Default: 5,000, as in Cognito. */
    readonly timeoutMs?: Milliseconds;
  };
  /** JSON file in which the pool survives restarts. Absent: it lives in memory. */
  readonly file?: string;
  readonly clock?: Clock;
  /** Inserted where no account has the username or the email yet. */
  readonly seed?: readonly SeedAccount[];
  readonly onEvent?: (event: PoolEvent) => void;
  /** What signs the calls of administrators to the JSON API. Default: {@link developmentCredentials}. */
  readonly credentials?: UserPoolCredentials;
  /** Is this call of the JSON API one too many? Asked for each; a test may say so. Default: never. */
  readonly throttle?: (operation: string) => boolean;
  /** scrypt's `N` for passwords, a power of two. Default: 16,384; 2 lets a load test make thousands of people. */
  readonly passwordCost?: number;
};

/** An AWS access key, as far as a stand-in has any. */
export type UserPoolCredentials = { readonly accessKeyId: string; readonly secretAccessKey: string };

/** Opens nothing but a pool on this machine. */
export const developmentCredentials: UserPoolCredentials = {
  accessKeyId: 'AKIALOCALDEVELOPMENT',
  secretAccessKey: 'local development, worth nothing elsewhere',
};

/** @throws Error listing everything that Cognito would not accept. */
export function checkClients(clients: readonly UserPoolClient[]): void {
  const mistakes = clients.flatMap(({ id, callbacks, logouts, rotation }) => {
    const grace = rotation?.graceSeconds ?? 0;
    return [
      ...(grace >= 0 && grace <= 60 ? [] : [`client ${id}: rotation.graceSeconds must be 0–60, not ${grace}`]),
      ...[...callbacks, ...logouts].filter((uri) => !URL.canParse(uri)).map((uri) => `client ${id}: ${uri} is no URL`),
    ];
  });
  if (mistakes.length > 0) throw new Error(mistakes.join('\n'));
}
