import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { textOf } from './browser.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** `/frame` and `/check-session`: who may frame them, and what stands in them. */
export function framePageSuite(start: StartSubject): void {
  describe('the page of a frame', () => {
    const subject = subjectFor(start);
    const framed = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' };
    const load = (path: string, headers: Record<string, string> = framed) =>
      subject().ask(path, { headers: { 'sec-fetch-site': 'cross-site', ...headers } });
    const policyOf = ({ headers }: { headers: Headers }) =>
      Object.fromEntries(
        (headers.get('content-security-policy') ?? '').split('; ').map((directive) => {
          const [name = '', ...values] = directive.split(' ');
          return [name, values];
        }),
      );
    const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    const originsOf = (id: string) => subject().config.clients.find((client) => client.id === id)?.origins ?? [];

    it('may be framed by the origins of its app, and by nobody else', async () => {
      for (const id of ['globex', 'spa']) {
        const page = await load(`/frame?client_id=${id}`);
        expect(page.status).toBe(200);
        expect(policyOf(page)['frame-ancestors']).toEqual(originsOf(id));
        expect(page.headers.has('x-frame-options')).toBe(false);
        expect(page.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
        expect(page.headers.get('cross-origin-embedder-policy')).toBe('require-corp');
        expect(page.headers.get('cache-control')).toBe('no-store');
        expect(page.headers.get('x-content-type-options')).toBe('nosniff');
        expect(page.cookies).toEqual([]);
      }
    });

    it.each(['/frame?client_id=globex', '/frame?client_id=globex&button=1', '/check-session'])(
      'runs its own script alone, and talks to the gateway alone: %s',
      async (path) => {
        const page = await load(path);
        const [, script = ''] = /<script [^>]*>([\s\S]*)<\/script>/.exec(page.body) ?? [];
        const [, style = ''] = /<style>([\s\S]*)<\/style>/.exec(page.body) ?? [];
        expect(script.length).toBeGreaterThan(500);
        expect(page.body.match(/<script/g)).toHaveLength(1);
        expect(policyOf(page)).toMatchObject({
          'default-src': ["'none'"],
          'script-src': [hash(script)],
          'style-src': [hash(style)],
          'connect-src': ["'self'"],
          'base-uri': ["'none'"],
          'form-action': ["'none'"],
        });
      },
    );

    it('tells its script whom to answer', async () => {
      const settings = async (path: string) => {
        const [, data = ''] = / data-frame="([^"]*)"/.exec((await load(path)).body) ?? [];
        return JSON.parse(data.replaceAll('&quot;', '"'));
      };
      expect(await settings('/frame?client_id=globex')).toEqual({
        base: '',
        client: 'globex',
        origins: originsOf('globex'),
      });
      const { client, origins } = await settings('/check-session');
      expect(client).toBeNull();
      expect(origins).toEqual(policyOf(await load('/check-session'))['frame-ancestors']);
    });

    it('has a button that says where it leads, if one is wanted', async () => {
      const button = await load('/frame?client_id=globex&button=1');
      expect(textOf(button.body)).toContain(`Continue with ${new URL(subject().at.gateway).host}`);
      expect(button.body).toContain('<button type="button">');
      for (const other of ['', '&button=0', '&button=true', '&button='])
        expect((await load(`/frame?client_id=globex${other}`)).body).not.toContain('<button');
    });

    it('of Session Management is for every app that takes the hand-off, and no other', async () => {
      const ancestors = policyOf(await load('/check-session'))['frame-ancestors'];
      const takers = subject().config.clients.filter(({ redirectUris }) => redirectUris.length > 0);
      expect(ancestors).toEqual(takers.flatMap(({ origins }) => origins));
      expect(ancestors).not.toContain(subject().at.notes);
    });

    it.each([
      ['no app', ''],
      ['an unknown app', '?client_id=nobody'],
      ['an app that takes no hand-off', '?client_id=notes'],
      ['a name of Object.prototype', '?client_id=__proto__'],
      ['two apps', '?client_id=globex&client_id=spa'],
      ['one app twice', '?client_id=globex&client_id=globex'],
      ['a script', '?client_id=%22%3E%3Cscript%3Ealert(1)%3C/script%3E'],
    ])('is not for %s, and what is said instead nobody frames', async (_, query) => {
      for (const headers of [framed, { accept: '*/*' }]) {
        const page = await load(`/frame${query}`, headers);
        expect(page.status).toBe(400);
        expect(page.body).toContain('unknown_client');
        expect(page.body).not.toContain('alert(1)');
        expect(policyOf(page)['frame-ancestors']).toEqual(["'none'"]);
        if (headers === framed) expect(page.headers.get('x-frame-options')).toBe('DENY');
      }
    });

    it.each(['document', 'frame', 'fencedframe', 'embed', 'object', 'script', 'empty', ''])(
      'is not loaded as %j',
      async (dest) => {
        for (const path of ['/frame?client_id=globex', '/check-session']) {
          const page = await load(path, { ...framed, 'sec-fetch-dest': dest });
          expect(page.status).toBe(400);
          expect(policyOf(page)['frame-ancestors']).toEqual(["'none'"]);
        }
      },
    );

    it('is loaded by browsers that don’t say as what', async () => {
      for (const path of ['/frame?client_id=globex', '/check-session'])
        expect((await subject().ask(path, { headers: { accept: 'text/html' } })).status).toBe(200);
    });
  });
}
