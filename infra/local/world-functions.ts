import { fileURLToPath } from 'node:url';
import type { Bundle } from './bundles.ts';
import type { LambdaFunction } from './lambda-host.ts';
import { developmentCredentials, type TriggerFunctions } from './user-pool/settings.ts';

/** What the functions need to know of the world. */
export type FunctionSurroundings = {
  readonly databaseUrl: string;
  readonly queue: { readonly endpoint: string; readonly queueUrl: string };
  /** Origin of the user pool. */
  readonly userPool: string;
  /** More for every function, such as `CROSSGATE_TRIGGERS_COMPENSATION`. */
  readonly more?: Readonly<Record<string, string>>;
};

/** Which function the user pool calls when. */
export const poolTriggers: TriggerFunctions = {
  PostConfirmation: { name: 'post-confirmation' },
  PostAuthentication: { name: 'post-authentication' },
  PreTokenGeneration: { name: 'pre-token-generation', version: 'V2_0' },
};

/** Consumer of the queue of sign-ins. */
export const queueConsumer = 'profile-update';

/** `cognito.localhost` has no address but here, and functions run in processes of their own. */
const localhostNames = fileURLToPath(new URL('./localhost-names.ts', import.meta.url));

/** Functions with the environment that each would get in a deployment: no more than it needs. */
export function worldFunctions(
  bundles: readonly Pick<Bundle, 'name' | 'file'>[],
  { databaseUrl, queue, userPool, more }: FunctionSurroundings,
): LambdaFunction[] {
  const database = { CROSSGATE_DATABASE_URL: databaseUrl };
  const announcing = { CROSSGATE_TRIGGERS_QUEUE_URL: queue.queueUrl, AWS_ENDPOINT_URL_SQS: queue.endpoint };
  const compensating = {
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: userPool,
    AWS_ACCESS_KEY_ID: developmentCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: developmentCredentials.secretAccessKey,
    NODE_OPTIONS: `--import=${localhostNames}`,
  };
  const own: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'pre-token-generation': { ...database, ...announcing },
    'post-confirmation': { ...database, ...compensating },
    'post-authentication': announcing,
    [queueConsumer]: database,
  };
  return bundles.map(({ name, file }) => ({
    name,
    file,
    env: { CROSSGATE_TRIGGERS_PROVIDER: 'cognito', ...own[name], ...more },
  }));
}
