import '../local/localhost-names.ts';
import { createHmac } from 'node:crypto';
import {
  CognitoIdentityProviderClient,
  ConfirmSignUpCommand,
  InitiateAuthCommand,
  SignUpCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import type { Milliseconds } from '../../shared/clock.ts';
import { startWorld } from '../local/world.ts';
import { clientId, worldSecrets } from '../local/world-config.ts';
import { median } from './trigger-bundles.ts';

/** How long a person waits, in the whole local world: user pool, Lambda host, real bundles, queue, Postgres. */
export type WaitingTimes = {
  /** SignUp and ConfirmSignUp together; the second one writes the row. Not the time until the mail is read. */
  readonly signUp: Milliseconds;
  /** InitiateAuth with a password: post-authentication, the queue, pre-token-generation. */
  readonly signIn: Milliseconds;
};

/** Medians over people who sign up one after the other, each then signing in once. */
export async function measureWaiting(dir: string, people: number): Promise<WaitingTimes> {
  const world = await startWorld({ port: 0, dir });
  const cognito = new CognitoIdentityProviderClient({
    endpoint: world.at.userPool,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const secret = worldSecrets(dir).clientSecret;
  const hashOf = (name: string) => createHmac('sha256', secret).update(`${name}${clientId}`).digest('base64');
  const Password = 'a benchmark of sign-ups 1';
  const times = { signUp: [] as Milliseconds[], signIn: [] as Milliseconds[] };
  try {
    // the first one only warms the functions up
    for (let i = 0; i <= people; i++) {
      const Username = `bench-${i}@acme.test`;
      const common = { ClientId: clientId, Username, SecretHash: hashOf(Username) };
      const UserAttributes = [
        { Name: 'email', Value: Username },
        { Name: 'name', Value: `Person ${i}` },
      ];
      const started = performance.now();
      await cognito.send(new SignUpCommand({ ...common, Password, UserAttributes }));
      const signedUp = performance.now() - started;
      const ConfirmationCode = await codeFor(Username, world.at.userPool);
      const confirming = performance.now();
      await cognito.send(new ConfirmSignUpCommand({ ...common, ConfirmationCode }));
      const signingIn = performance.now();
      const AuthParameters = { USERNAME: Username, PASSWORD: Password, SECRET_HASH: hashOf(Username) };
      await cognito.send(
        new InitiateAuthCommand({ ClientId: clientId, AuthFlow: 'USER_PASSWORD_AUTH', AuthParameters }),
      );
      if (i === 0) continue;
      times.signUp.push(signedUp + signingIn - confirming);
      times.signIn.push(performance.now() - signingIn);
    }
    return { signUp: median(times.signUp), signIn: median(times.signIn) };
  } finally {
    cognito.destroy();
    await world.stop();
  }
}

async function codeFor(address: string, userPool: string): Promise<string> {
  const response = await fetch(`${userPool}/outbox.json`);
  const { messages } = (await response.json()) as { messages: { to: string; code: string }[] };
  const code = messages.find(({ to }) => to === address)?.code;
  if (code === undefined) throw new Error(`nothing was mailed to ${address}`);
  return code;
}
