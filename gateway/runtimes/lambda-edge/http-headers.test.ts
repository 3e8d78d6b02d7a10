import { describe, expect, it } from 'vitest';
import { type Asked, responseEvent } from './cloudfront.testing.ts';
import { createHttpHeaders } from './http-headers.ts';
import type { HeaderRule } from './settings.ts';

const rule = (path: string, set: HeaderRule['set'], override = false): HeaderRule => ({ path, set, override });
const rules = [
  rule('/embed/*', { 'X-Frame-Options': null, 'Content-Security-Policy': "frame-ancestors 'self'" }),
  rule('/strict/*', { 'Referrer-Policy': 'no-referrer', Server: null }, true),
  rule('/exact', { 'X-Exact': 'yes' }),
  rule('/*', { 'X-Frame-Options': 'DENY', 'Referrer-Policy': 'same-origin' }),
];

async function headersOf(path: string, origin: Asked['headers'] = {}, all = rules) {
  const response = await createHttpHeaders({ headers: all })(responseEvent(path, origin));
  return Object.fromEntries(Object.entries(response.headers).map(([name, values]) => [name, values[0]?.value]));
}

describe('http_headers', () => {
  it.each<[string, string, Asked['headers'], Record<string, string | undefined>]>([
    ['sets what is missing', '/', {}, { 'x-frame-options': 'DENY', 'referrer-policy': 'same-origin' }],
    ['leaves what the origin set', '/', { 'x-frame-options': 'SAMEORIGIN' }, { 'x-frame-options': 'SAMEORIGIN' }],
    [
      'takes the first rule that names a header',
      '/embed/x',
      {},
      { 'content-security-policy': "frame-ancestors 'self'" },
    ],
    [
      'knows headers that are not to be set',
      '/embed/x',
      {},
      { 'x-frame-options': undefined, 'referrer-policy': 'same-origin' },
    ],
    ['leaves them where the origin set them', '/embed/x', { 'x-frame-options': 'DENY' }, { 'x-frame-options': 'DENY' }],
    [
      'overrides only where told to',
      '/strict/x',
      { 'referrer-policy': 'unsafe-url' },
      { 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY' },
    ],
    ['removes only where told to', '/strict/x', {}, { server: undefined }],
    [
      'keeps the rest',
      '/',
      {},
      { server: 'ECAcc (lac/55D2)', 'content-type': 'text/html', etag: '"780602-4f6db31b2978ec0"' },
    ],
    ['covers the path of a prefix itself', '/embed', {}, { 'x-frame-options': undefined }],
    ['does not take /embedded for /embed', '/embedded', {}, { 'x-frame-options': 'DENY' }],
    ['takes a path exactly', '/exact', {}, { 'x-exact': 'yes' }],
    ['and nothing below it', '/exact/x', {}, { 'x-exact': undefined }],
    ['decodes paths', '/%65xact', {}, { 'x-exact': 'yes' }],
    ['lives with what does not decode', '/%zz', {}, { 'x-frame-options': 'DENY' }],
  ])('%s', async (_, path, origin, expected) => {
    const headers = await headersOf(path, origin);
    for (const [name, value] of Object.entries(expected)) expect(headers[name], name).toBe(value);
  });

  it('changes neither status nor the event', async () => {
    const event = responseEvent('/', {}, '304');
    const before = structuredClone(event);
    const response = await createHttpHeaders({ headers: rules })(event);
    expect(response).toMatchObject({ status: '304', statusDescription: 'OK' });
    expect(event).toEqual(before);
  });

  it('writes names as they are configured', async () => {
    const response = await createHttpHeaders({ headers: rules })(responseEvent('/'));
    expect(response.headers['x-frame-options']).toEqual([{ key: 'X-Frame-Options', value: 'DENY' }]);
  });

  it('leaves alone what it has no rule for', async () => {
    expect(await headersOf('/', {}, [])).not.toHaveProperty('x-frame-options');
  });
});
