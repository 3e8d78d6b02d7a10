import { expect, it } from 'vitest';
import { verifyToken } from '../../shared/tokens/signed.ts';
import { ask } from '../suite/exchange.ts';
import { people } from '../suite/people.testing.ts';
import { forged, forgedIdentity } from './forged.testing.ts';
import { caddyKind, haproxyKind, nginxKind } from './kinds.testing.ts';
import { askRaw, startProxy } from './proxy.testing.ts';
import { startProxyWorld } from './world.testing.ts';

it.each([nginxKind, caddyKind, haproxyKind])(
  '$name hands on the other family of headers, and the signed identity, where they are configured',
  async (kind) => {
    const world = await startProxyWorld({ headers: 'x-auth-request', identityJwt: true });
    const more = ['--headers', 'x-auth-request', '--identity-jwt'];
    const options = (folder: string) => [...(kind.options?.(folder, world) ?? []), ...more];
    const proxy = await startProxy({ ...kind, options }, world);
    try {
      const cookie = world.cookieOf((await world.signIn(people.bob)).browser);
      const { last } = world.upstream;
      expect((await ask(`${world.app}/`, { headers: { cookie } })).status).toBe(200);
      expect(last('X-Auth-Request-User')).toEqual([world.uid(people.bob)]);
      expect(last('X-Auth-Request-Email')).toEqual([people.bob.email]);
      expect(last('X-Auth-Request-Preferred-Username')).toEqual([people.bob.name]);
      expect(last('X-Auth-Request-Groups')).toEqual(['editor']);
      expect(last('Remote-User').join('')).toBe('');
      const expected = {
        keys: world.keyring.identity.all,
        typ: 'identity+jwt',
        issuer: world.gateway,
        audience: 'notes.acme.localhost',
      } as const;
      expect(verifyToken(last('Identity-Token')[0] ?? '', expected, world.now())).toMatchObject({
        kind: 'valid',
        claims: { sub: world.uid(people.bob) },
      });
      for (let i = 0; i < forgedIdentity.length; i += 50) {
        const host = `Host: ${new URL(world.app).host}`;
        const lines = ['GET /public/ HTTP/1.1', host, ...forgedIdentity.slice(i, i + 50), 'Connection: close'];
        const { status, text } = await askRaw(world.ports.proxy, lines);
        expect([status, text.includes(forged)]).toEqual([200, false]);
      }
    } finally {
      await proxy.stop();
      await world.stop();
    }
  },
);
