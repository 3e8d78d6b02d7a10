import { everyIdentityHeader } from '../../../gateway/check/identity-headers.ts';
import { addressHeaders, cookiePattern, head } from './headers.ts';
import type { ProxySite } from './site.ts';

/** A virtual host of Apache (2.4.26 or later) with mod_auth_openidc (2.4 or later), which verifies the domain cookie. */
export function apache(site: ProxySite): string {
  const { authority, cookie, cookieDomain, gateway, host, listen, reach, roles, scheme, tls, upstream } = site;
  const port = listen?.port ?? (tls ? 443 : 8080);
  const bind = `${listen?.address ?? '*'}:${port}`;
  const base = new URL(gateway).pathname.replace(/\/$/, '');
  const needed = roles.length
    ? `            <RequireAny>
${roles.map((role) => `                Require claim "roles:${role}"`).join('\n')}
            </RequireAny>
`
    : '';
  return `${head(`
Apache in front of ${host}: it verifies the domain cookie itself, with the gateway's public keys, and asks nobody.

Put it into /etc/apache2/sites-available/${host}.conf, then:
  a2enmod headers rewrite proxy proxy_http ssl auth_openidc && a2ensite ${host}

Because nobody is asked, this is less than the other proxies do:
- A sign-out, a disabled account and a change of roles are noticed when the cookie is renewed: within cookie.lifetime.
- The gateway's \`rules\` and check.headers don't count. Who may come in stands here: --role, or Require claim lines.
- The type in the token's header (typ) can't be looked at. These keys sign nothing but domain cookies, and issuer and
  audience are required below. Tokens signed by EdDSA can't be verified: cookie.algorithm has to be RS256 or ES256.
- A page load near the end of a cookie isn't sent to renew; one after the end is. check.renews does nothing.
- Identity-Token isn't made.

- Somebody without a needed role is told 403 (AuthzSendForbiddenOnFailure): with 401 they would be sent to and fro.
- Two cookies of the gateway's name count as none, as everywhere: another host below the domain may have set one.
- Identity headers in spellings that can't be unset by name (Remote_User, Remote!User) are refused with 400.
- The keys are fetched over https alone. Until they were, everybody is told 401.
- A WebSocket is not handed on.
`)}
${listen?.address || (port !== 80 && port !== 443) ? `\nListen ${listen?.address ? `${listen.address}:` : ''}${port}\n` : ''}
<VirtualHost ${bind}>
    ServerName ${scheme}://${authority}
    UseCanonicalName On
${tls ? `    SSLEngine on\n    SSLCertificateFile ${tls.certificate}\n    SSLCertificateKeyFile ${tls.key}\n` : '    # TLS ends in front of this, or name --certificate and --key\n'}
    # other names than ${host} are nobody's here
    <If "%{HTTP_HOST} !~ /^${host.replaceAll('.', '\\.')}(:[0-9]+)?$/i">
        Require all denied
    </If>

    OIDCOAuthVerifyJwksUri https://${reach.address}${base}/.well-known/sso-jwks.json
    OIDCOAuthAcceptTokenAs cookie:${cookie}
    OIDCOAuthTokenExpiryClaim exp absolute mandatory
    OIDCOAuthRemoteUserClaim sub
    OIDCPassClaimsAs environment
    OIDCStripCookies ${cookie}

    # what the server behind would read differently, and who names headers in a way that can't be unset
    AllowEncodedSlashes Off
    RewriteEngine On
    SetEnvIfNoCase "^(?=.*[^a-z0-9-])(remote|x[^a-z0-9]auth[^a-z0-9]request)[^a-z0-9]|^identity[^a-z0-9-]token$" . crossgate_spelling
    SetEnvIfNoCase "^(?=.*[^a-z0-9-])x[^a-z0-9](forwarded|original|rewrite)[^a-z0-9]" . crossgate_spelling
    RewriteCond %{ENV:crossgate_spelling} !^$
    RewriteRule ^ - [R=400,L]
    RewriteCond %{HTTP_COOKIE} "${cookie}=.*${cookie}="
    RewriteCond %{ENV:REDIRECT_STATUS} !=401
    RewriteRule ^ - [R=401,L]

    # nobody says of themselves who they are, or which address they asked for
${[...everyIdentityHeader, ...addressHeaders, 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Forwarded-For']
  .map((name) => `    RequestHeader unset ${name} early`)
  .join('\n')}

    # a page load is led to the gateway, which renews or asks to sign in, and back to the very page
    ErrorDocument 401 /.crossgate/sign-in
    RewriteCond %{ENV:REDIRECT_STATUS} =401
    RewriteCond %{HTTP:Sec-Fetch-Mode} ^(navigate)?$
    RewriteCond %{THE_REQUEST} "^GET (/[^ ]*) HTTP/"
    RewriteRule ^/\\.crossgate/sign-in$ "${gateway}/refresh?return_to=${percent(scheme, authority)}%1" [R=302,L,B,NE]
    <Location /.crossgate/>
        Require all granted
        Header always set Cache-Control no-store
    </Location>
    ProxyPass /.crossgate/ !

    <LocationMatch "^(?!/\\.crossgate/)">
        # anything else is told so
        <If "%{REQUEST_METHOD} != 'GET' || ! ((%{HTTP:Sec-Fetch-Mode} == 'navigate' && %{HTTP:Sec-Fetch-Dest} == 'document') || (-z %{HTTP:Sec-Fetch-Mode} && -z %{HTTP:Sec-Fetch-Dest} && %{HTTP:Accept} =~ m#text/html#))">
            ErrorDocument 401 '${notSignedIn(gateway)}'
            Header always set Content-Type application/problem+json "expr=%{REQUEST_STATUS} == '401' && -z %{REMOTE_USER}"
            Header always set Cache-Control no-store "expr=%{REQUEST_STATUS} == '401' && -z %{REMOTE_USER}"
        </If>
        AuthType oauth20
        AuthzSendForbiddenOnFailure On
        <RequireAll>
            Require claim "iss:${gateway}"
            Require claim "aud:${cookieDomain}"
${needed}        </RequireAll>
${identityLines(site).join('\n')}
        RequestHeader set X-Forwarded-Proto ${scheme}
        # the gateway's other cookies, and what OIDCStripCookies left of this one
        RequestHeader edit* Cookie "${cookiePattern}(?:; ?)?" ""
    </LocationMatch>

    ProxyRequests Off
    ProxyPreserveHost On
    ProxyPass / ${upstream.origin}/
    ProxyPassReverse / ${upstream.origin}/
</VirtualHost>
`;
}

const percent = (scheme: string, authority: string) =>
  encodeURIComponent(`${scheme}://${authority}`).replaceAll('%', '\\%');

const notSignedIn = (gateway: string) =>
  JSON.stringify({
    type: 'about:blank',
    title: 'You are not signed in.',
    status: 401,
    code: 'not_signed_in',
    login: `${gateway}/login`,
  });

function identityLines({ identity }: ProxySite): string[] {
  const claims = ['sub', 'email', 'name', 'roles'];
  return claims.map(
    (claim, i) => `        RequestHeader set ${identity[i]} "expr=%{escape:%{reqenv:OIDC_CLAIM_${claim}}}"`,
  );
}
