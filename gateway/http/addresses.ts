import { urlPolicy } from '../../shared/clients.ts';
import type { Config } from '../../shared/config.ts';
import { type JudgedUrl, judgeUrl, type UrlPolicy } from '../../shared/return-url.ts';

/** The gateway's own addresses. All come from the configuration, never from a request. */
export type Addresses = {
  /** Path below which everything stands; empty, or `/` and segments without a slash at the end. */
  readonly base: string;
  readonly origin: string;
  /** `Host` that requests for the gateway carry. */
  readonly host: string;
  /** An absolute address of the gateway, with parameters; undefined ones are left out. */
  url(path: `/${string}`, parameters?: Readonly<Record<string, string | undefined>>): string;
  /** @throws SsoError `return_url_refused` */
  judge(text: string): JudgedUrl;
};

/** Works the addresses out once. */
export function createAddresses(config: Config): Addresses {
  const publicUrl = new URL(config.publicUrl);
  const base = publicUrl.pathname.replace(/\/+$/, '');
  const policy: UrlPolicy = urlPolicy(config);
  return {
    base,
    origin: publicUrl.origin,
    host: publicUrl.host,
    url(path, parameters = {}) {
      const url = new URL(publicUrl.origin + base + path);
      for (const [name, value] of Object.entries(parameters)) {
        if (value !== undefined) url.searchParams.set(name, value);
      }
      return url.href;
    },
    judge: (text) => judgeUrl(text, policy),
  };
}
