/** The part of `oidc-provider` that the suite uses; the package brings no types. */
declare module 'oidc-provider' {
  import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

  type Saved = { readonly accountId: string; destroy(): Promise<void> };
  type Interaction = { readonly uid: string; readonly prompt: { readonly name: string } };

  export class Provider {
    constructor(issuer: string, configuration: object);
    callback(): RequestListener;
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>;
    interactionFinished(
      request: IncomingMessage,
      response: ServerResponse,
      result: object,
      options: { readonly mergeWithLastSubmission: boolean },
    ): Promise<void>;
    on(event: 'refresh_token.saved', listener: (token: Saved) => void): this;
    readonly Grant: {
      new (of: {
        readonly accountId: string;
        readonly clientId: string;
      }): {
        addOIDCScope(scope: string): void;
        save(): Promise<string>;
      };
      find(id: string): Promise<object | undefined>;
    };
  }
}
