import { describe, expect, it } from 'vitest';
import { people } from '../suite/people.testing.ts';
import { forged, forgedAddress, forgedIdentity } from './forged.testing.ts';
import { askRaw } from './proxy.testing.ts';
import type { ProxyWorld } from './world.testing.ts';

/** What attackers find: a world with a proxy that runs, and the `Cookie` of an editor and of somebody without any role. */
export type Attacked = { readonly world: ProxyWorld; readonly bob: string; readonly cyd: string };

/** What attackers try at a proxy that asks the gateway. */
export function attackers(attacked: () => Attacked): void {
  describe('an attacker', () => {
    const host = () => `Host: ${new URL(attacked().world.app).host}`;
    /** A raw request, and whether it reached the app. */
    const raw = async (target: string, lines: readonly string[], method = 'GET') => {
      const { ports, upstream } = attacked().world;
      const before = upstream.seen.length;
      const answer = await askRaw(ports.proxy, [`${method} ${target} HTTP/1.1`, ...lines, 'Connection: close']);
      return { ...answer, reached: upstream.seen.length > before };
    };

    it.each([
      ['signed in', () => `Cookie: ${attacked().bob}`, '/', () => attacked().world.uid(people.bob)],
      ['as nobody, on a public page', () => 'X-Nothing: 1', '/public/', () => ''],
    ])('says who they are in vain, in any spelling, %s', async (_, cookie, path, user) => {
      const { world } = attacked();
      // proxies take about a hundred lines
      for (let i = 0; i < forgedIdentity.length; i += 50) {
        const answer = await raw(path, [host(), cookie(), ...forgedIdentity.slice(i, i + 50)]);
        expect([answer.status, answer.reached]).toEqual([200, true]);
        expect(answer.text).not.toContain(forged);
        expect(world.upstream.last('Remote-User').join('')).toBe(user());
      }
    });

    it.each(['Remote-User', 'remote-user', 'REMOTE-USER', 'Remote_User', 'Remote.User', 'X-Auth-Request-User'])(
      'says %s twice in vain',
      async (name) => {
        const { bob } = attacked();
        for (const cookie of [`Cookie: ${bob}`, 'X-Nothing: 1']) {
          const answer = await raw('/public/', [`${name}: ${forged}`, host(), cookie, `${name}: ${forged}`]);
          expect(answer.text).not.toContain(forged);
        }
      },
    );

    it('names another address in vain', async () => {
      const { world, bob, cyd } = attacked();
      for (let i = 0; i < forgedAddress.length; i += 50) {
        const lines = forgedAddress.slice(i, i + 50);
        const refused = await raw('/admin/x', [host(), `Cookie: ${cyd}`, ...lines]);
        expect([refused.status, refused.reached]).toEqual([403, false]);
        const led = await raw('/a?b', [host(), 'Accept: text/html', ...lines]);
        expect([led.status, led.reached]).toEqual([302, false]);
        expect(led.text).toMatch(/\r\ncache-control: no-store\r\n/i);
        expect(led.text).toContain(`return_to=${encodeURIComponent(`${world.app}/a?b`)}`);
        const passed = await raw('/a', [host(), `Cookie: ${bob}`, ...lines]);
        expect([passed.status, passed.reached]).toEqual([200, true]);
        expect(passed.text).not.toContain(forged);
      }
    });

    it('has the proxy drop its own headers in vain, by calling them hop by hop', async () => {
      const { bob, cyd } = attacked();
      const names = [
        ...['X-Forwarded-Method', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Forwarded-Uri'],
        ...['X-Original-URL', 'X-Original-Method', 'Remote-User', 'Remote-Groups', 'Host'],
      ];
      const drop = `Connection: ${names.join(', ')}`;
      const refused = await raw('/admin/x', [host(), `Cookie: ${cyd}`, drop]);
      expect([refused.reached, refused.status >= 400]).toEqual([false, true]);
      const nobody = await raw('/a', [host(), drop, `Remote-User: ${forged}`]);
      expect(nobody.reached).toBe(false);
      const known = await raw('/a', [host(), `Cookie: ${bob}`, drop, `Remote-User: ${forged}`]);
      expect(known.text).not.toContain(forged);
    });

    it.each([
      '/public/../admin/x',
      '/public/..;/admin/x',
      '/public/%2e%2e/admin/x',
      '/public/.%2e/admin/x',
      '/public/%2e%2e%2fadmin/x',
      '/public/..%2fadmin/x',
      '/public/..%5cadmin/x',
      '/public/..\\admin/x',
      '/public/%252e%252e/admin/x',
      '//admin/x',
      '/public//../admin/x',
      '/./admin/x',
      '/%61dmin/x',
      '/admin%2fx',
      '/admin;/x',
      '/admin/x%00',
      '/public/%00/../../admin/x',
      '/public/x%0d%0aX-Forwarded-Uri:%20/public/',
      '/public/../../../check',
      'http://notes.acme.localhost/admin/x',
      'http://other.acme.localhost/admin/x',
      '/.crossgate/check',
      '/check',
      '*',
    ])('reaches no page by the way of another: %s', async (target) => {
      const { world, cyd } = attacked();
      for (const cookie of [`Cookie: ${cyd}`, 'X-Nothing: 1']) {
        for (const method of ['GET', 'POST', 'OPTIONS']) {
          const known = target.includes('check') && cookie.startsWith('Cookie');
          const answer = await raw(target, [host(), cookie], method);
          const seen = world.upstream.seen.at(-1)?.url ?? '';
          // a person who may see everything but /admin may ask for a page of the app that is called /check
          if (answer.reached) expect([known, seen]).toEqual([true, target]);
          // Caddy answers `OPTIONS *`, and names that it doesn't know, with 200 and nothing
          else if (!/\r\ncontent-length: 0\r\n/i.test(answer.text)) expect(answer.status).toBeGreaterThanOrEqual(300);
        }
      }
    });

    it.each([
      ['of another app', ['Host: photos.acme.localhost']],
      ['of the gateway', ['Host: auth.acme.localhost']],
      ['and none at all', []],
    ])('gets nothing under the name %s', async (_, lines) => {
      const { bob } = attacked();
      const answer = await raw('/public/', [...lines, `Cookie: ${bob}`]);
      // Caddy answers names that it doesn't know with 200 and nothing
      const nothing = answer.status >= 400 || /\r\ncontent-length: 0\r\n/i.test(answer.text);
      expect([answer.reached, nothing]).toEqual([false, true]);
    });

    it('gets nothing under two names', async () => {
      const { cyd } = attacked();
      const answer = await raw('/admin/x', [host(), 'Host: other.acme.localhost', `Cookie: ${cyd}`]);
      expect(answer.reached).toBe(false);
    });

    it('digs no tunnel past the check by another protocol', async () => {
      const { world, bob } = attacked();
      for (const upgrade of ['h2c', 'H2C', 'websocket, h2c', 'h2c, websocket', 'tls/1.2', 'websocketx']) {
        const answer = await askRaw(world.ports.proxy, [
          'GET /public/ HTTP/1.1',
          host(),
          `Cookie: ${bob}`,
          'Connection: Upgrade, HTTP2-Settings',
          `Upgrade: ${upgrade}`,
          'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
        ]);
        expect([upgrade, answer.status]).not.toEqual([upgrade, 101]);
        expect([upgrade, world.upstream.last('Upgrade').join('')]).toEqual([upgrade, '']);
      }
    });

    it("opens no WebSocket from somebody else's page", async () => {
      const { world, bob } = attacked();
      const opens = (origin: string) =>
        askRaw(world.ports.proxy, [
          'GET /socket HTTP/1.1',
          host(),
          `Cookie: ${bob}`,
          'Connection: Upgrade',
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
          `Origin: ${origin}`,
        ]);
      const before = world.upstream.seen.length;
      expect((await opens('http://sibling.acme.localhost')).status).toBe(403);
      expect(world.upstream.seen.length).toBe(before);
      expect((await opens(world.app)).status).toBe(101);
      expect(world.upstream.last('Remote-User')).toEqual([world.uid(people.bob)]);
    });
  });
}
