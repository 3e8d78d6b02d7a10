import { createHmac } from 'node:crypto';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CognitoIdentityProviderClient,
  ConfirmSignUpCommand,
  InitiateAuthCommand,
  SignUpCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import type { Milliseconds, Seconds } from '../../shared/clock.ts';
import { clientId } from '../local/world-config.ts';
import type { Random } from './random.ts';

/** Somebody who signs up and signs in. */
export type Member = {
  readonly email: string;
  readonly name: string;
  /** The pool's `sub`. Absent until they have signed up. */
  subject?: string;
  readonly attempts: Attempt[];
};

/** A sign-in as the person sees it: from when to when, in fractions of a second, and the `uid` of each token. */
export type Attempt = {
  readonly start: Seconds;
  readonly end: Seconds;
  /** Absent where the sign-in was refused. `undefined` in it: a token without. */
  readonly uids?: readonly (string | undefined)[];
};

/** How the pool answered somebody: nothing, or the name of its error and what it says. */
export type Refusal = { readonly name: string; readonly message: string };

/** What people do at the pool. */
export type Visits = {
  /** One try each. Resolves with why it was refused, or with `undefined`. */
  signUp(member: Member, password?: string): Promise<Refusal | undefined>;
  confirm(member: Member, code?: string): Promise<Refusal | undefined>;
  signIn(member: Member): Promise<Refusal | undefined>;
  /**
   * Repeats something as people do, after pauses that grow.
   *
   * @param isFinal Whether a refusal is one that no repetition changes.
   * @returns The last refusal: it was final, or patience is over.
   */
  patiently(
    attempt: () => Promise<Refusal | undefined>,
    isFinal: (refusal: Refusal) => boolean,
  ): Promise<Refusal | undefined>;
  readonly retries: number;
  close(): void;
};

const password = 'a long enough password 1';
const patience: Milliseconds = 45_000;
const pauses = { first: 250, longest: 3_000 } satisfies Record<string, Milliseconds>;

/** @param secret Of the pool's client. @param signal Ends all patience. */
export function createVisits(userPool: string, secret: string, random: Random, signal: AbortSignal): Visits {
  const cognito = new CognitoIdentityProviderClient({
    endpoint: userPool,
    region: 'us-east-1',
    credentials: { accessKeyId: 'nobody', secretAccessKey: 'nothing' },
    maxAttempts: 1, // people have a patience of their own
    requestHandler: { httpAgent: new http.Agent({ maxSockets: Number.POSITIVE_INFINITY }) },
  });
  const hashOf = (name: string) => createHmac('sha256', secret).update(`${name}${clientId}`).digest('base64');
  const common = ({ email }: Member) => ({ ClientId: clientId, Username: email, SecretHash: hashOf(email) });
  let retries = 0;

  async function answered(request: Promise<unknown>): Promise<Refusal | undefined> {
    try {
      await request;
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : { name: 'Error', message: String(error) };
    }
  }

  async function codeFor({ email }: Member): Promise<string> {
    const response = await fetch(`${userPool}/outbox.json`, { signal });
    const { messages } = (await response.json()) as { messages: { to: string; code: string }[] };
    return messages.find(({ to }) => to === email)?.code ?? '';
  }

  return {
    get retries() {
      return retries;
    },
    signUp: (member, Password = password) =>
      answered(
        (async () => {
          const UserAttributes = [{ Name: 'name', Value: member.name }];
          const { UserSub } = await cognito.send(new SignUpCommand({ ...common(member), Password, UserAttributes }), {
            abortSignal: signal,
          });
          if (UserSub !== undefined) member.subject = UserSub;
        })(),
      ),
    confirm: (member, code) =>
      answered(
        (async () => {
          const ConfirmationCode = code ?? (await codeFor(member));
          await cognito.send(new ConfirmSignUpCommand({ ...common(member), ConfirmationCode }), {
            abortSignal: signal,
          });
        })(),
      ),
    async signIn(member) {
      const { SecretHash, Username } = common(member);
      const AuthParameters = { USERNAME: Username, PASSWORD: password, SECRET_HASH: SecretHash };
      const command = new InitiateAuthCommand({ ClientId: clientId, AuthFlow: 'USER_PASSWORD_AUTH', AuthParameters });
      const start = Date.now() / 1000;
      let uids: Attempt['uids'];
      const refusal = await answered(
        cognito.send(command, { abortSignal: signal }).then(({ AuthenticationResult: tokens }) => {
          uids = [tokens?.IdToken, tokens?.AccessToken].map(uidIn);
        }),
      );
      member.attempts.push({ start, end: Date.now() / 1000, ...(uids && { uids }) });
      return refusal;
    },
    async patiently(attempt, isFinal) {
      const until = performance.now() + patience;
      for (let pause = pauses.first; ; pause = Math.min(pause * 2, pauses.longest)) {
        const refusal = await attempt();
        if (!refusal || isFinal(refusal) || signal.aborted) return refusal;
        if (performance.now() + pause > until) return refusal;
        retries += 1;
        await sleep(pause * random.between(0.5, 1), undefined, { signal }).catch(() => {});
      }
    },
    close: () => cognito.destroy(),
  };
}

/** What a token says, unverified: who made it is not in question here. */
function uidIn(token: string | undefined): string | undefined {
  const claims = JSON.parse(Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString() || '{}') as {
    uid?: unknown;
  };
  return typeof claims.uid === 'string' ? claims.uid : undefined;
}
