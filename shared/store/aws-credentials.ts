import { SsoError } from '../errors.ts';
import type { AwsCredentials } from './iam-token.ts';

let chain: (() => Promise<AwsCredentials>) | undefined;

/**
 * The credentials of this process. In a Lambda function they stand in the environment, and nothing is loaded; elsewhere
 * (containers, machines, a developer's profile) the AWS SDK finds and renews them, if it is installed.
 *
 * @throws SsoError `config_invalid` where there are none in the environment and no AWS SDK to look further.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
export async function awsCredentials(env: Readonly<Record<string, string | undefined>>): Promise<AwsCredentials> {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN } = env;
  if (accessKeyId && secretAccessKey) {
    return { accessKeyId, secretAccessKey, ...(AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {}) };
  }
  chain ??= await sdkChain();
  return await chain();
}

/** Every client of the SDK has the same chain and keeps what it found until it expires. */
async function sdkChain(): Promise<() => Promise<AwsCredentials>> {
  const { SQSClient } = await import('@aws-sdk/client-sqs').catch((cause: unknown) => {
    const install = 'install @aws-sdk/client-sqs, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
    throw new SsoError('config_invalid', `database.auth iam finds no AWS credentials: ${install}`, { cause });
  });
  const { credentials } = new SQSClient({}).config;
  return () => credentials();
}
