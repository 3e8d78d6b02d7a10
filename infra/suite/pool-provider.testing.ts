import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { createPreTokenGeneration } from '../../triggers/pre-token-generation/pre-token-generation.ts';
import { createUserPool } from '../local/user-pool/user-pool.ts';
import { everybody } from './people.testing.ts';
import { type ProviderOptions, type ProviderUnderTest, providerId, type StartProvider } from './provider.testing.ts';

/** The local stand-in for a Cognito user pool, with our trigger and rotating refresh tokens. */
export const startPool: StartProvider = (options) => startPoolThat(options, { rotation: { graceSeconds: 0 } });

/** The same, as a gateway without a store wants it: a refresh token stays. */
export const startPoolWithoutRotation: StartProvider = (options) => startPoolThat(options, {});

async function startPoolThat(
  { port, gateway, strangers, users, clock }: ProviderOptions,
  gatewayClient: { readonly rotation?: { readonly graceSeconds: number } },
): Promise<ProviderUnderTest> {
  const origin = `http://cognito.localhost:${port}`;
  const scopes = ['openid', 'email', 'profile'];
  const secret = 'of the gateway: with/odd%characters';
  let broken: string | undefined;
  const preTokenGeneration = createPreTokenGeneration({
    users,
    provider: providerId,
    onFailure: 'refuse',
    deadline: 3000,
    cacheFor: 0,
    claimBudget: 2048,
    log: () => {},
  });
  const pool = await createUserPool({
    origin,
    clock,
    clients: [
      {
        id: 'gateway',
        secret,
        callbacks: [`${gateway}/callback/${providerId}`],
        logouts: [`${gateway}/signed-out`],
        scopes,
        ...gatewayClient,
      },
      { id: 'stranger', callbacks: [strangers], logouts: [], scopes },
    ],
    seed: everybody,
    lambda: {
      endpoint: `http://lambda.localhost:${port}`,
      triggers: { PreTokenGeneration: { name: 'pre-token-generation', version: 'V2_0' } },
    },
  });

  const invoke = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    try {
      if (broken !== undefined) throw new Error(broken);
      const event: unknown = JSON.parse(Buffer.concat(chunks).toString());
      response.end(JSON.stringify(await preTokenGeneration(event)));
    } catch (error) {
      response.setHeader('x-amz-function-error', 'Unhandled');
      response.end(JSON.stringify({ errorType: 'Error', errorMessage: (error as Error).message }));
    }
  };

  return {
    origin,
    triggers: true,
    config: { kind: 'cognito', issuer: pool.issuer, clientId: 'gateway', clientSecret: secret, triggers: true },
    listeners: new Map<string, RequestListener>([
      ['cognito.localhost', getRequestListener((request) => pool.fetch(request))],
      ['lambda.localhost', (request, response) => void invoke(request, response)],
    ]),
    signIn: (tab, { email, password }, visit) => tab.submit({ username: email, password }, visit),
    finishSignOut: async (tab) => tab.page,
    strangersLogin: (callback) =>
      `${origin}/oauth2/authorize?${new URLSearchParams({
        client_id: 'stranger',
        response_type: 'code',
        redirect_uri: callback,
        scope: 'openid',
      })}`,
    endGrants: async ({ username }) => pool.globalSignOut(username),
    breakTrigger(message) {
      broken = message;
    },
  };
}
