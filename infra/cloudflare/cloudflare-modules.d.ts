/** What the tests that Cloudflare's runtime runs itself use of its modules. */
declare module 'cloudflare:workers' {
  import type { StoreNamespace } from '../../shared/store/durable-object-client.ts';

  /** Bindings, as `wrangler.jsonc` has them. */
  export const env: { readonly STORE: StoreNamespace };
}

declare module 'cloudflare:test' {
  import type { CrossgateStore, DurableObjectState } from '../../shared/store/durable-object.ts';

  type Stub = { fetch(url: string, init: RequestInit): Promise<Response> };

  /** Runs something inside of the object, where its storage is. */
  export function runInDurableObject<T>(
    stub: Stub,
    work: (object: CrossgateStore, state: DurableObjectState) => T | Promise<T>,
  ): Promise<T>;

  /** Runs the object's alarm now. Whether there was one. */
  export function runDurableObjectAlarm(stub: Stub): Promise<boolean>;
}
