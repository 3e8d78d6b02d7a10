import { ann, gateway, type PoolServer, Surfer } from './user-pool.testing.ts';

/** The gateway's credentials. */
export const basic = `Basic ${Buffer.from(`${gateway.id}:${encodeURIComponent(gateway.secret ?? '')}`).toString('base64')}`;

/** Posts a form and reads the JSON that comes back; no body is `undefined`. */
export async function post(
  { origin }: PoolServer,
  path: string,
  form: Record<string, string>,
  headers: Record<string, string> = { authorization: basic },
): Promise<{ status: number; body: Record<string, unknown> | undefined }> {
  const response = await fetch(`${origin}${path}`, { method: 'POST', body: new URLSearchParams(form), headers });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>) };
}

/** A plain authorization request of the gateway, without PKCE. An undefined parameter is left out. */
export function authorize(parameters: Record<string, string | undefined> = {}): URLSearchParams {
  const all = {
    client_id: gateway.id,
    redirect_uri: 'http://app.test/callback',
    response_type: 'code',
    state: 's',
    ...parameters,
  };
  return new URLSearchParams(Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined));
}

/** A code for ann, as an app receives it. */
export async function codeFor({ origin }: PoolServer, parameters: Record<string, string> = {}): Promise<string> {
  const surfer = new Surfer(origin);
  await surfer.open(`${origin}/oauth2/authorize?${authorize(parameters)}`);
  await surfer.submit('/login', { username: ann.email, password: ann.password });
  return new URL(surfer.view.url).searchParams.get('code') ?? '';
}

/** What `/oauth2/userInfo` says to a token. */
export async function userInfo({ origin }: PoolServer, token: string): Promise<{ status: number; body: object }> {
  const response = await fetch(`${origin}/oauth2/userInfo`, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, body: (await response.json()) as object };
}
