import { createHmac, type JsonWebKey, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { SealPurpose } from '../../shared/keys/keyring.ts';
import { createKeyring, generateKeyFile } from '../../shared/keys/keyring.ts';
import { seal } from '../../shared/tokens/sealed.ts';
import { cookiesSet } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { type StartSubject, type Subject, subjectFor } from './subject.testing.ts';

type Claims = Readonly<Record<string, unknown>>;
type Forgery = (token: string, subject: Subject) => string;

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part = ''): Claims => JSON.parse(Buffer.from(part, 'base64url').toString());

/** Another token from a real one, signed with the real key unless told otherwise. */
const resigned =
  (
    claims: (real: Claims) => Claims,
    header: Claims = {},
    use: 'domainCookie' | 'identity' | 'openid' = 'domainCookie',
  ) =>
  (token: string, { keyring }: Subject): string => {
    const [head, body] = token.split('.');
    const { kid, alg, privateKey } = keyring[use].current;
    const input = `${encode({ ...decode(head), ...(use === 'domainCookie' ? {} : { kid, alg }), ...header })}.${encode(claims(decode(body)))}`;
    const key = alg === 'ES256' ? { key: privateKey, dsaEncoding: 'ieee-p1363' as const } : privateKey;
    return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
  };
const same = (claims: Claims) => claims;
const without = (name: string) => (claims: Claims) =>
  Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name));

/** The middle of a segment of a token, changed. */
const tampered = (segment: number) => (token: string) =>
  token
    .split('.')
    .map((part, i) => (i === segment ? flip(part) : part))
    .join('.');
const flip = (part: string) => {
  const at = Math.floor(part.length / 2);
  return part.slice(0, at) + (part[at] === 'A' ? 'B' : 'A') + part.slice(at + 1);
};

const strangeKeys = createKeyring(JSON.stringify(generateKeyFile()));

const forgedDomainCookies: Readonly<Record<string, Forgery>> = {
  'a changed header': tampered(0),
  'changed claims': tampered(1),
  'a changed signature': tampered(2),
  'another person in the claims': (token, { uid }) => {
    const [head, body, signature] = token.split('.');
    return `${head}.${encode({ ...decode(body), sub: uid(people.bob) })}.${signature}`;
  },
  'half of it': (token) => token.slice(0, token.length / 2),
  'no signature': (token) => token.slice(0, token.lastIndexOf('.') + 1),
  'two segments': (token) => token.slice(0, token.lastIndexOf('.')),
  'a fourth segment': (token) => `${token}.e30`,
  'padding behind it': (token) => `${token}==`,
  'quotes around it': (token) => `"${token}"`,
  nothing: () => '',
  'only dots': () => '..',
  'text that is no token': () => 'true',
  'JSON that is null': () => `${encode(null)}.${encode(null)}.AAAA`,
  'far too much of it': (token) => token + 'A'.repeat(12_000),
  'alg none': (token) => `${encode({ ...decode(token.split('.')[0]), alg: 'none' })}.${token.split('.')[1]}.`,
  'alg none with the old signature': (token) =>
    `${encode({ ...decode(token.split('.')[0]), alg: 'none' })}.${token.split('.').slice(1).join('.')}`,
  'HS256 with the public key as secret': (token, { keyring }) => {
    const [head, body] = token.split('.');
    const input = `${encode({ ...decode(head), alg: 'HS256' })}.${body}`;
    const pem = keyring.domainCookie.current.key.export({ type: 'spki', format: 'pem' });
    return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`;
  },
  'a key of the attacker in the header': (token) => {
    const { current, jwks } = strangeKeys.domainCookie;
    const [head, body] = token.split('.');
    const jwk: JsonWebKey | undefined = jwks.keys[0];
    const input = `${encode({ ...decode(head), jwk, jku: 'https://evil.test/jwks', x5u: 'https://evil.test' })}.${body}`;
    return `${input}.${sign('sha256', Buffer.from(input), current.privateKey).toString('base64url')}`;
  },
  'the key of another company': (token) => resigned(same)(token, { keyring: strangeKeys } as Subject),
  'a kid that nobody has': resigned(same, { kid: 'nobody-has-it' }),
  'a kid from a prototype': resigned(same, { kid: '__proto__' }),
  'no kid': resigned(same, { kid: undefined }),
  'the typ of an identity token': resigned(same, { typ: 'identity+jwt' }),
  'the typ of any JWT': resigned(same, { typ: 'JWT' }),
  'no typ': resigned(same, { typ: undefined }),
  'a critical extension': resigned(same, { crit: ['b64'], b64: true }),
  'the key for identity tokens': resigned(same, {}, 'identity'),
  'the key for OpenID tokens': resigned(same, {}, 'openid'),
  'no exp': resigned(without('exp')),
  'an exp without end': resigned((claims) => ({ ...claims, exp: 9e99 })),
  'an exp as text': resigned((claims) => ({ ...claims, exp: '9999999999' })),
  'no iat': resigned(without('iat')),
  'an iat in the future': resigned((claims) => ({ ...claims, iat: Number(claims.iat) + 600 })),
  'no sub': resigned(without('sub')),
  'an empty sub': resigned((claims) => ({ ...claims, sub: '' })),
  'no sid': resigned(without('sid')),
  'another issuer': resigned((claims) => ({ ...claims, iss: 'https://auth.evil.test' })),
  'another audience': resigned((claims) => ({ ...claims, aud: 'globex.test' })),
  'several audiences': resigned((claims) => ({ ...claims, aud: [claims.aud, 'globex.test'] })),
  'claims that are a list': resigned(() => [] as unknown as Claims),
};

const forgedHostCookies: Readonly<Record<string, (sealed: string, subject: Subject) => string | Promise<string>>> = {
  'a changed header': tampered(0),
  'a key segment': (sealed) => sealed.replace('..', '.AAAA.'),
  'a changed initialization vector': tampered(2),
  'a changed ciphertext': tampered(3),
  'a changed tag': tampered(4),
  'half of it': (sealed) => sealed.slice(0, sealed.length / 2),
  'a sixth segment': (sealed) => `${sealed}.AAAA`,
  'padding behind it': (sealed) => `${sealed}==`,
  nothing: () => '',
  'only dots': () => '....',
  'far too much of it': (sealed) => sealed + 'A'.repeat(12_000),
  'the keys of another company': (_, { now, uid }) =>
    sealedAs('host-session', strangeKeys.sealing, uid(people.ann), now()),
  'the keys of another company under our kid': (_, { keyring, now, uid }) => {
    const { currentKid } = keyring.sealing;
    const strange = strangeKeys.sealing;
    const keys = { currentKid, key: (__: string, purpose: SealPurpose) => strange.key(strange.currentKid, purpose) };
    return sealedAs('host-session', keys, uid(people.ann), now());
  },
  'what was sealed as a login attempt': (_, { keyring, now, uid }) =>
    sealedAs('login-attempt', keyring.sealing, uid(people.ann), now()),
  'what was sealed as a count of bounces': (_, { keyring, now, uid }) =>
    sealedAs('bounces', keyring.sealing, uid(people.ann), now()),
  'a session that the store does not know': (_, { keyring, now, uid }) =>
    sealedAs('host-session', keyring.sealing, uid(people.ann), now()),
  'one whose time has passed': (_, { keyring, now, uid }) =>
    sealedAs('host-session', keyring.sealing, uid(people.ann), now() - 20 * 3600),
  'an older shape of it': (_, { keyring, now }) =>
    seal(keyring.sealing, 'host-session', { sid: 'x' }, now(), now() + 3600),
  'another algorithm in the header': (sealed) =>
    [encode({ alg: 'PBES2-HS256+A128KW', enc: 'A256GCM', p2c: 1e9, p2s: 'AAAA' }), ...sealed.split('.').slice(1)].join(
      '.',
    ),
};

function sealedAs(purpose: SealPurpose, keys: Parameters<typeof seal>[0], uid: string, now: number): Promise<string> {
  const session = { handle: 'h'.repeat(43), sid: 's'.repeat(22), uid, authTime: now, endsAt: now + 12 * 3600 };
  return seal(keys, purpose, session, now, now + 12 * 3600);
}

/** What somebody may send instead of the cookies that they were given. None of it lets anybody in, and none breaks anything. */
export function cookiesSuite(start: StartSubject): void {
  const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  const strangerEverywhere = async ({ at, ask }: Subject, cookie: string) => {
    for (const path of ['/check', '/session']) {
      const answer = await ask(path, { headers: { cookie } });
      expect([path, answer.status]).toEqual([path, 401]);
      expect(answer.headers.get('remote-user') ?? '').toBe('');
    }
    for (const path of ['/refresh', '/', '/login']) {
      const answer = await ask(path, { headers: { cookie, ...navigation } });
      expect([path, answer.status]).toEqual([path, 302]);
      expect(cookiesSet(answer).filter((name) => !name.startsWith('__Host-sso_login_'))).toEqual([]);
      const to = answer.headers.get('location') ?? '';
      if (path !== '/login') expect(to.startsWith(`${at.gateway}/login`), `${path} leads to ${to}`).toBe(true);
      else expect(to.startsWith(at.gateway)).toBe(false);
    }
  };

  describe('a domain cookie', () => {
    const subject = subjectFor(start);
    let real: string | undefined;
    const realCookie = async () => {
      real ??= (await subject().signedIn()).browser.jar.value('__Secure-sso', subject().at.notes);
      return real ?? '';
    };

    it('lets in as it was given', async () => {
      const cookie = `__Secure-sso=${await realCookie()}`;
      const answer = await subject().ask('/check', { headers: { cookie } });
      expect(answer.status).toBe(204);
      expect(answer.headers.get('remote-user')).toBe(subject().uid(people.ann));
    });

    it('lets in whoever has the key, so that the forgeries below fail for what they say', async () => {
      const cookie = `__Secure-sso=${resigned(same)(await realCookie(), subject())}`;
      expect(await subject().ask('/check', { headers: { cookie } })).toMatchObject({ status: 204 });
    });

    it.each(Object.entries(forgedDomainCookies))('lets nobody in with %s', async (_, forge) => {
      await strangerEverywhere(subject(), `__Secure-sso=${forge(await realCookie(), subject())}`);
    });

    it.each([
      ['under the name of another environment', '__Secure-sso_staging'],
      ['under a name in another case', '__secure-sso'],
      ['under a name with a space', '__Secure-sso '],
      ['under a name that only ends so', 'x__Secure-sso'],
    ])('lets nobody in %s', async (_, name) => {
      await strangerEverywhere(subject(), `${name}=${await realCookie()}`);
    });

    it('counts once where it comes twice', async () => {
      const pair = `__Secure-sso=${await realCookie()}`;
      expect(await subject().ask('/check', { headers: { cookie: `${pair}; ${pair}` } })).toMatchObject({ status: 204 });
    });

    it('counts beside others that are not ours, in either order', async () => {
      const pair = `__Secure-sso=${await realCookie()}`;
      for (const cookie of [`__Secure-sso=junk; ${pair}`, `${pair}; __Secure-sso=junk`, `a=b;;=; ${pair}; c`])
        expect(await subject().ask('/check', { headers: { cookie } })).toMatchObject({ status: 204 });
    });

    it('counts for nobody beside a valid one of somebody else, in either order', async () => {
      const { signedIn, at, ask } = subject();
      const other = (await signedIn(people.bob)).browser.jar.value('__Secure-sso', at.notes);
      const pairs = [`__Secure-sso=${await realCookie()}`, `__Secure-sso=${other}`];
      for (const cookie of [pairs.join('; '), pairs.reverse().join('; ')])
        expect(await ask('/check', { headers: { cookie } })).toMatchObject({ status: 401 });
    });

    it('is not read from a request whose cookies are endless', async () => {
      const { ask, front } = subject();
      const answer = await ask('/check', { headers: { cookie: `x=${'y'.repeat(40_000)}` } });
      expect(answer.status).toBe(front.tooLong);
    });

    // last: it moves the clock
    it('lets nobody in once its time has passed', async () => {
      const cookie = `__Secure-sso=${await realCookie()}`;
      await subject().pass(30 * 60 + 31);
      await strangerEverywhere(subject(), cookie);
    });
  });

  describe('a host cookie', () => {
    const subject = subjectFor(start);
    let real: string | undefined;
    const realCookie = async () => {
      real ??= (await subject().signedIn()).browser.jar.value('__Host-sso', subject().at.gateway);
      return real ?? '';
    };

    it('signs in as it was given', async () => {
      const headers = { cookie: `__Host-sso=${await realCookie()}` };
      expect(await subject().ask('/session', { headers })).toMatchObject({ status: 200 });
    });

    it.each(Object.entries(forgedHostCookies))('signs nobody in with %s', async (_, forge) => {
      await strangerEverywhere(subject(), `__Host-sso=${await forge(await realCookie(), subject())}`);
    });

    it('signs nobody in beside one of somebody else', async () => {
      const { at, signedIn } = subject();
      const other = (await signedIn(people.bob)).browser.jar.value('__Host-sso', at.gateway);
      await strangerEverywhere(subject(), `__Host-sso=${await realCookie()}; __Host-sso=${other}`);
    });

    it('signs nobody in under the name of another environment, or as a domain cookie', async () => {
      await strangerEverywhere(subject(), `__Host-sso_staging=${await realCookie()}`);
      await strangerEverywhere(subject(), `__Secure-sso=${await realCookie()}`);
    });

    it('is no domain cookie: with it alone /check lets nobody in', async () => {
      const headers = { cookie: `__Host-sso=${await realCookie()}` };
      expect(await subject().ask('/check', { headers })).toMatchObject({ status: 401 });
    });
  });
}
