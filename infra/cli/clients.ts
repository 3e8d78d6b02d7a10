import { newClientSecret } from '../../shared/clients.ts';
import { type Console, exits } from './console.ts';

export type SecretOptions = { readonly json?: boolean };

/** Makes a client secret: one line for the app, one for the gateway's configuration. Nothing is kept. */
export function runClientsSecret({ json }: SecretOptions, console: Console): number {
  const made = newClientSecret();
  if (json) console.out(JSON.stringify(made));
  else console.out(`secret      ${made.secret}\nsecretHash  ${made.secretHash}`);
  if (console.isScreen)
    console.err('The secret is for the app alone, and is not shown again. The hash goes into clients[].secretHash.');
  return exits.fine;
}
