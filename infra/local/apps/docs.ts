import type { CloudFrontRequest, CloudFrontResponse } from '../../../gateway/runtimes/lambda-edge/event.ts';
import type { WorldAddresses } from '../world-config.ts';
import { brand, chapters, notFound, style } from './docs-pages.ts';
import { docsScript } from './docs-script.ts';
import { createShell, type Html, type NavLink } from './page.ts';

const shell = createShell(brand, {
  style,
  policy: [`script-src 'self'`, `connect-src 'self'`],
  footer:
    'A folder of files at CloudFront, or what stands in for it here. No server of its own: three functions at the edge do what is done.',
});

/** What `http_headers` is told to add, beside its own defaults: the `headers` of an `edge.json`. */
export const docsHeaders = [
  {
    path: '/*',
    set: {
      'Content-Security-Policy': shell.headers['Content-Security-Policy'] ?? '',
      // plain http on this machine: browsers would not take it
      'Strict-Transport-Security': null,
    },
  },
];

/**
 * The files of Docs, as a folder that answers what is asked for: the same for everybody, and all it knows is a path.
 *
 * @returns An origin for a distribution. It sets `Content-Type` and no other header.
 */
export async function docsFiles(at: WorldAddresses): Promise<(request: CloudFrontRequest) => CloudFrontResponse> {
  const nav: readonly NavLink[] = [
    { name: 'Wiki', href: at.wiki },
    { name: 'Gateway', href: at.gateway },
    { name: 'What happened', href: `${at.start}/what-happened` },
    { name: 'Sign out', href: '/_sso/sign-out' },
  ];
  const file = async (title: string, body: Html) =>
    String(await shell.render({ title, body, nav, scripts: ['/docs.js'] }));
  const html = 'text/html; charset=utf-8';
  const files = new Map<string, { readonly type: string; readonly body: string }>();
  for (const { path, title, body } of chapters(at)) files.set(path, { type: html, body: await file(title, body) });
  files.set('/docs.js', { type: 'text/javascript; charset=utf-8', body: docsScript });
  const missing = { type: html, body: await file('Not found', notFound) };
  return ({ uri }) => {
    const found = files.get(uri);
    const { type, body } = found ?? missing;
    return {
      status: found ? '200' : '404',
      statusDescription: found ? 'OK' : 'Not Found',
      headers: { 'content-type': [{ key: 'Content-Type', value: type }] },
      body,
    };
  };
}
