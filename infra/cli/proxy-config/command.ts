import { Argument, Command, Option } from 'commander';
import { CliError, type Console, exits } from '../console.ts';
import { type ProxyOptions, readSite } from './site.ts';
import { type ProxyName, proxyNames, proxyTemplates } from './templates.ts';

const ending = `
Proxies:
${proxyNames.map((name) => `  ${name.padEnd(12)} ${proxyTemplates[name].says}`).join('\n')}

Example:
  crossgate proxy-config nginx --domain notes.acme.com --gateway https://auth.acme.com --upstream http://127.0.0.1:3000

Name the proxy's address in check.trustedProxies, and write a rule for the domain (\`rules\`): what no rule covers is refused.`;

/** `crossgate proxy-config`: prints the configuration of a proxy in front of an app, as it stands. */
export function proxyConfigCommand(console: Console, end: (exit: number) => void): Command {
  return new Command('proxy-config')
    .description('print the configuration of a proxy that asks the gateway about every request of an app')
    .addArgument(new Argument('<proxy>', 'which proxy').choices(proxyNames))
    .option('--domain <host>', 'host name of the app; for other than https on port 443, its whole origin')
    .option('--gateway <url>', 'public URL of the gateway')
    .option('--upstream <url>', 'where the app listens')
    .option('--gateway-address <url>', 'where the proxy reaches the gateway (default: its public URL)')
    .option('--listen <[address:]port>', 'where the proxy listens (default: 443 with a certificate, else 8080)')
    .option('--certificate <file>', 'certificate chain of the domain, to end TLS in this proxy')
    .option('--key <file>', 'its key')
    .addOption(
      new Option('--headers <family>', 'names of the identity headers, as check.headers has it')
        .choices(['remote', 'x-auth-request'])
        .default('remote'),
    )
    .option('--identity-jwt', 'hand Identity-Token on as well, as check.identityJwt has it')
    .option('--environment <name>', 'as the setting environment has it, which cookie names carry')
    .option('--cookie-domain <domain>', "as cookie.domain has it (apache; default: the gateway's parent domain)")
    .option('--script <file>', 'where haproxy-lua stands (haproxy; default: /etc/haproxy/crossgate.lua)')
    .option('--role <name...>', 'any of these roles is needed (apache, which asks no rules)')
    .addHelpText('after', ending)
    .action((proxy: ProxyName, options: Partial<ProxyOptions>) => {
      console.out(proxyTemplates[proxy].print(readSite(complete(options))).trimEnd());
      end(exits.fine);
    });
}

/** @throws CliError that names every option that is missing. */
function complete(options: Partial<ProxyOptions>): ProxyOptions {
  const { domain, gateway, headers, upstream } = options;
  if (domain !== undefined && gateway !== undefined && upstream !== undefined && headers !== undefined)
    return { ...options, domain, gateway, headers, upstream };
  const missing = Object.entries({
    '--domain notes.acme.com': domain,
    '--gateway https://auth.acme.com': gateway,
    '--upstream http://127.0.0.1:3000': upstream,
  })
    .filter(([, value]) => value === undefined)
    .map(([option]) => option);
  throw new CliError(exits.usage, `Say as well: ${missing.join(' ')}`);
}
