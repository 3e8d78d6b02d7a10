import { parseConfig } from '../../shared/config.ts';

/** What a process of the bench serves: the app, a proxy that only passes on, or the gateway in front of the app. */
export type ProxyModeOrder = { readonly kind: 'app' | 'bare' | 'gateway'; readonly keys: string; readonly app: number };

/** The configuration of the gateway under test. */
export const proxyModeConfig = (keys: string, app: number) =>
  parseConfig({
    publicUrl: 'https://auth.acme.test',
    keys,
    providers: [{ id: 'pool', issuer: 'https://provider.test', clientId: 'crossgate' }],
    database: { url: 'postgres://nobody-connects' },
    clients: [
      {
        id: 'notes',
        name: 'Notes',
        home: 'https://notes.acme.test/',
        origins: ['https://notes.acme.test'],
        upstream: { url: `http://127.0.0.1:${app}` },
      },
    ],
    rules: [{ host: 'notes.acme.test', allow: 'permission:documents:read' }],
  });
