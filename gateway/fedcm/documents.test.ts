import { describe, expect, it } from 'vitest';
import { openCheckWorld } from '../check/check.testing.ts';

describe.each([
  ['at the root of its host', 'https://auth.acme.test'],
  ['below a path', 'https://app.acme.test/_sso'],
])('a gateway %s', (_, publicUrl) => {
  const paths = [
    '/.well-known/web-identity',
    `${new URL(publicUrl).pathname.replace(/\/$/, '')}/.well-known/web-identity`,
  ];

  it.each(
    paths.flatMap((path) => [`https://acme.test${path}`, `http://10.0.0.1${path}`, new URL(path, publicUrl).href]),
  )('vouches for itself at %s, with addresses of its own', async (url) => {
    const { gateway } = await openCheckWorld({ publicUrl });
    const response = await gateway.fetch(new Request(url));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      provider_urls: [`${publicUrl}/fedcm/config.json`],
      accounts_endpoint: `${publicUrl}/fedcm/accounts`,
      login_url: `${publicUrl}/fedcm/login`,
    });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': expect.stringContaining('application/json'),
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
      'cache-control': 'public, max-age=300',
    });
  });

  it('answers for other hosts in nothing else', async () => {
    const { gateway } = await openCheckWorld({ publicUrl });
    const base = new URL(publicUrl).pathname.replace(/\/$/, '');
    for (const path of ['/fedcm/config.json', '/.well-known/openid-configuration', '/session']) {
      expect((await gateway.fetch(new Request(`https://acme.test${base}${path}`))).status).toBe(421);
    }
    const posted = await gateway.fetch(new Request(`https://acme.test${paths[0]}`, { method: 'POST' }));
    expect([404, 405, 421]).toContain(posted.status);
  });
});
