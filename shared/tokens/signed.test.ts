import { createHmac, createPublicKey, sign } from 'node:crypto';
import { JwtVerifier } from 'aws-jwt-verify';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createKeyring, generateKeyFile, generateSigningKey } from '../keys/keyring.ts';
import type { SigningAlgorithm } from '../keys/signing.ts';
import { type Expectation, leeway, signToken, type TokenClaims, verifyToken } from './signed.ts';

const now = 1_800_000_000;
const issuer = 'https://auth.acme.test';
const audience = 'acme.test';
const claims: TokenClaims = { iss: issuer, aud: audience, sub: '42', sid: 'abc', iat: now, exp: now + 1800 };

const keyrings = Object.fromEntries(
  (['RS256', 'ES256', 'EdDSA'] as const).map((alg) => {
    const file = generateKeyFile(alg);
    file.domainCookie.push(generateSigningKey(alg));
    return [alg, { file, keys: createKeyring(JSON.stringify(file)) }];
  }),
) as Record<SigningAlgorithm, { file: ReturnType<typeof generateKeyFile>; keys: ReturnType<typeof createKeyring> }>;
const algorithms = Object.keys(keyrings) as SigningAlgorithm[];
const { keys } = keyrings.RS256;
const ring = keys.domainCookie;
const { kid } = ring.current;

const expected: Expectation = { keys: ring.all, typ: 'sso+jwt', issuer, audience };
const expectedOf = (alg: SigningAlgorithm): Expectation => ({
  ...expected,
  keys: keyrings[alg].keys.domainCookie.all,
});

const b64 = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A token with whatever header and payload, properly signed by the current RS256 key. */
function forge(header: unknown, payload: unknown): string {
  const input = `${b64(header)}.${b64(payload)}`;
  return `${input}.${sign('sha256', Buffer.from(input), ring.current.privateKey).toString('base64url')}`;
}
const goodHeader = { alg: 'RS256', typ: 'sso+jwt', kid };
const good = signToken(ring, 'sso+jwt', claims);
const [head = '', body = '', signature = ''] = good.split('.');

const why = (token: string, at = now, expectation = expected) => {
  const verdict = verifyToken(token, expectation, at);
  return verdict.kind === 'invalid' ? verdict.why : verdict.kind;
};

describe('a token that we signed', () => {
  it.each(algorithms)('with %s is valid', (alg) => {
    const token = signToken(keyrings[alg].keys.domainCookie, 'sso+jwt', claims);
    expect(verifyToken(token, expectedOf(alg), now)).toEqual({ kind: 'valid', claims });
  });

  it('is valid by a previous or a next key of the ring too', () => {
    const [current, other] = keyrings.RS256.file.domainCookie;
    const turned = createKeyring(JSON.stringify({ ...keyrings.RS256.file, domainCookie: [other, current] }));
    expect(turned.domainCookie.current.kid).not.toBe(kid);
    expect(why(signToken(turned.domainCookie, 'sso+jwt', claims))).toBe('valid');
  });

  it.each([
    ['at its start', claims.iat, 'valid'],
    ['as early as clocks may disagree', claims.iat - leeway, 'valid'],
    ['a second before that', claims.iat - leeway - 1, 'not_yet_valid'],
    ['at the second it ends', claims.exp, 'valid'],
    ['a second before the leeway ends', claims.exp + leeway - 1, 'valid'],
    ['at the second the leeway ends', claims.exp + leeway, 'expired'],
    ['a year later', claims.exp + 31_536_000, 'expired'],
  ])('%s', (_, at, outcome) => expect(why(good, at)).toBe(outcome));

  it('says who it was once expired', () => {
    expect(verifyToken(good, expected, now + 7200)).toEqual({ kind: 'expired', claims });
  });
});

describe('somebody with other libraries', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each(algorithms)('accepts %s with jose', async (alg) => {
    const { domainCookie } = keyrings[alg].keys;
    const token = signToken(domainCookie, 'sso+jwt', claims);
    const { payload } = await jwtVerify(token, createLocalJWKSet(domainCookie.jwks as JSONWebKeySet), {
      issuer,
      audience,
      typ: 'sso+jwt',
      algorithms: [alg],
      currentDate: new Date(now * 1000),
    });
    expect(payload).toEqual(claims);
  });

  it.each(algorithms)('accepts %s with aws-jwt-verify', async (alg) => {
    vi.useFakeTimers({ now: now * 1000, toFake: ['Date'] });
    const { domainCookie } = keyrings[alg].keys;
    const verifier = JwtVerifier.create({ issuer, audience, jwksUri: `${issuer}/.well-known/sso-jwks.json` });
    verifier.cacheJwks(domainCookie.jwks as Parameters<typeof verifier.cacheJwks>[0]);
    expect(verifier.verifySync(signToken(domainCookie, 'sso+jwt', claims))).toEqual(claims);
  });
});

describe('an attacker without a key', () => {
  const publicPem = createPublicKey(ring.current.privateKey).export({ type: 'spki', format: 'pem' });
  const publicDer = createPublicKey(ring.current.privateKey).export({ type: 'spki', format: 'der' });
  const hmac = (header: object, secret: string | Buffer) => {
    const input = `${b64(header)}.${body}`;
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
  };
  const own = generateSigningKey('RS256');
  const ownRing = createKeyring(JSON.stringify({ ...generateKeyFile('RS256'), domainCookie: [own] })).domainCookie;
  const bySelf = (header: object) => {
    const input = `${b64(header)}.${body}`;
    return `${input}.${sign('sha256', Buffer.from(input), ownRing.current.privateKey).toString('base64url')}`;
  };
  const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...ownPublic } = own;

  it.each([
    ['says alg none and leaves the signature out', `${b64({ ...goodHeader, alg: 'none' })}.${body}.`, 'malformed'],
    ['says alg none and keeps a signature', `${b64({ ...goodHeader, alg: 'none' })}.${body}.${signature}`, 'wrong_alg'],
    ['says alg nOnE', `${b64({ ...goodHeader, alg: 'nOnE' })}.${body}.${signature}`, 'wrong_alg'],
    ['leaves alg out', `${b64({ typ: 'sso+jwt', kid })}.${body}.${signature}`, 'wrong_alg'],
    ['signs HS256 with the public key in PEM', hmac({ ...goodHeader, alg: 'HS256' }, String(publicPem)), 'wrong_alg'],
    ['signs HS256 with the public key in DER', hmac({ ...goodHeader, alg: 'HS256' }, publicDer), 'wrong_alg'],
    ['signs HS256 and says RS256', hmac(goodHeader, String(publicPem)), 'bad_signature'],
    ['says ES256 of an RSA key', `${b64({ ...goodHeader, alg: 'ES256' })}.${body}.${signature}`, 'wrong_alg'],
    ['says PS256', `${b64({ ...goodHeader, alg: 'PS256' })}.${body}.${signature}`, 'wrong_alg'],
    ['names a kid that nobody has', bySelf({ ...goodHeader, kid: 'nobody' }), 'unknown_kid'],
    ['names no kid', bySelf({ alg: 'RS256', typ: 'sso+jwt' }), 'unknown_kid'],
    ['names the kid __proto__', bySelf({ ...goodHeader, kid: '__proto__' }), 'unknown_kid'],
    ['names the kid constructor', bySelf({ ...goodHeader, kid: 'constructor' }), 'unknown_kid'],
    ['names a list of kids', bySelf({ ...goodHeader, kid: [kid] }), 'unknown_kid'],
    ['names the kid by a path', bySelf({ ...goodHeader, kid: '../../dev/null' }), 'unknown_kid'],
    ['puts a key of his own in jwk', bySelf({ ...goodHeader, jwk: ownPublic }), 'bad_signature'],
    ['points jku at his keys', bySelf({ ...goodHeader, jku: 'https://evil.test/jwks' }), 'bad_signature'],
    ['brings a certificate in x5c', bySelf({ ...goodHeader, x5c: ['MIIB'] }), 'bad_signature'],
    ['points x5u at his certificate', bySelf({ ...goodHeader, x5u: 'https://evil.test/cert' }), 'bad_signature'],
    ['puts fields behind __proto__', bySelf(JSON.parse(`{"__proto__":${JSON.stringify(goodHeader)}}`)), 'wrong_typ'],
    ['signs with a key of his own', bySelf(goodHeader), 'bad_signature'],
    ['sends an empty text', '', 'malformed'],
    ['sends dots', '..', 'malformed'],
    ['sends four dots', '....', 'malformed'],
    ['sends one segment', head, 'malformed'],
    ['sends two segments', `${head}.${body}`, 'malformed'],
    ['adds a segment', `${good}.${signature}`, 'malformed'],
    ['adds an empty segment', `${good}.`, 'malformed'],
    ['puts an empty segment first', `.${good}`, 'malformed'],
    ['leaves the header out', `.${body}.${signature}`, 'malformed'],
    ['leaves the payload out', `${head}..${signature}`, 'bad_signature'],
    ['pads the header', `${head}=.${body}.${signature}`, 'malformed'],
    ['pads the signature', `${head}.${body}.${signature}==`, 'malformed'],
    ['writes the signature in plain base64', `${head}.${body}.${signature}+/`, 'malformed'],
    ['puts a space before', ` ${good}`, 'malformed'],
    ['puts a line break after', `${good}\n`, 'malformed'],
    ['puts a line break inside', `${head}\n.${body}.${signature}`, 'malformed'],
    ['writes a header that is a list', `${b64([goodHeader])}.${body}.${signature}`, 'malformed'],
    ['writes a header that is null', `${b64(null)}.${body}.${signature}`, 'malformed'],
    ['writes a header that is no JSON', `${b64('{')}.${body}.${signature}`, 'malformed'],
    [
      'cuts the signature short',
      `${head}.${body}.${Buffer.from(signature, 'base64url').subarray(0, -3).toString('base64url')}`,
      'bad_signature',
    ],
    ['sends a signature of one byte', `${head}.${body}.AA`, 'bad_signature'],
    ['sends a signature of zeroes', `${head}.${body}.${Buffer.alloc(256).toString('base64url')}`, 'bad_signature'],
    ['sends a signature of a megabyte', `${head}.${body}.${'A'.repeat(1_000_000)}`, 'bad_signature'],
  ])('%s', (_, token, outcome) => expect(why(token)).toBe(outcome));

  it.each(algorithms)('changes any one character of a %s token', (alg) => {
    const token = signToken(keyrings[alg].keys.domainCookie, 'sso+jwt', claims);
    for (let i = 0; i < token.length; i += 3) {
      const changed = token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1);
      expect(verifyToken(changed, expectedOf(alg), now).kind).toBe('invalid');
    }
  });

  it.each(algorithms)('cuts a %s token anywhere', (alg) => {
    const token = signToken(keyrings[alg].keys.domainCookie, 'sso+jwt', claims);
    for (let i = 0; i < token.length; i += 5) {
      expect(verifyToken(token.slice(0, i), expectedOf(alg), now).kind).toBe('invalid');
    }
  });

  it.each(algorithms)('takes header, payload and signature from different %s tokens', (alg) => {
    const { domainCookie } = keyrings[alg].keys;
    const one = signToken(domainCookie, 'sso+jwt', claims).split('.');
    const two = signToken(domainCookie, 'sso+jwt', { ...claims, sub: '1' }).split('.');
    expect(why(`${one[0]}.${two[1]}.${one[2]}`, now, expectedOf(alg))).toBe('bad_signature');
    expect(why(`${one[0]}.${one[1]}.${two[2]}`, now, expectedOf(alg))).toBe('bad_signature');
  });

  it('leaves stray bits in the last character', () => {
    // 256 bytes end in a character of which four bits count; the decoder would not notice the other two
    const last = signature.at(-1) ?? '';
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const sibling = alphabet[alphabet.indexOf(last) ^ 1] ?? '';
    const bytes = (text: string) => Buffer.from(text, 'base64url');
    const stray = signature.slice(0, -1) + sibling;
    expect(bytes(stray)).toEqual(bytes(signature));
    expect(why(`${head}.${body}.${stray}`)).toBe('malformed');
  });

  it.each([0, 1, 63, 65, 128])('sends an ES256 signature of %i bytes', (length) => {
    const token = signToken(keyrings.ES256.keys.domainCookie, 'sso+jwt', claims);
    const cut = `${token.slice(0, token.lastIndexOf('.'))}.${Buffer.alloc(length, 1).toString('base64url')}`;
    expect(verifyToken(cut, expectedOf('ES256'), now).kind).toBe('invalid');
  });

  it('sends an ES256 signature in DER', () => {
    const { domainCookie } = keyrings.ES256.keys;
    const token = signToken(domainCookie, 'sso+jwt', claims);
    const input = token.slice(0, token.lastIndexOf('.'));
    const der = sign('sha256', Buffer.from(input), domainCookie.current.privateKey).toString('base64url');
    expect(why(`${input}.${der}`, now, expectedOf('ES256'))).toBe('bad_signature');
  });

  it('sends an ES256 signature of zeroes', () => {
    const token = signToken(keyrings.ES256.keys.domainCookie, 'sso+jwt', claims);
    const input = token.slice(0, token.lastIndexOf('.'));
    expect(why(`${input}.${Buffer.alloc(64).toString('base64url')}`, now, expectedOf('ES256'))).toBe('bad_signature');
  });
});

describe('a token signed by us for something else', () => {
  const identity = signToken(keys.identity, 'identity+jwt', claims);

  it.each([
    ['an identity JWT', identity, 'wrong_typ'],
    ['an identity key under the right typ', signToken(keys.identity, 'sso+jwt', claims), 'unknown_kid'],
    ['an OpenID key under the right typ', signToken(keys.openid, 'sso+jwt', claims), 'unknown_kid'],
    ['the domain key under another typ', signToken(ring, 'identity+jwt', claims), 'wrong_typ'],
    [
      'another environment',
      signToken(createKeyring(JSON.stringify(generateKeyFile())).domainCookie, 'sso+jwt', claims),
      'unknown_kid',
    ],
    ['no typ', forge({ alg: 'RS256', kid }, claims), 'wrong_typ'],
    ['typ JWT', forge({ ...goodHeader, typ: 'JWT' }, claims), 'wrong_typ'],
    ['typ in capitals', forge({ ...goodHeader, typ: 'SSO+JWT' }, claims), 'wrong_typ'],
    ['typ as a media type', forge({ ...goodHeader, typ: 'application/sso+jwt' }, claims), 'wrong_typ'],
    ['a list of types', forge({ ...goodHeader, typ: ['sso+jwt'] }, claims), 'wrong_typ'],
    [
      'the name of another key of the ring',
      forge({ ...goodHeader, kid: [...ring.all.keys()][1] }, claims),
      'bad_signature',
    ],
  ])('%s', (_, token, outcome) => expect(why(token)).toBe(outcome));
});

describe('a header of a properly signed token', () => {
  it.each<[string, object, string]>([
    ['crit names something', { crit: ['exp'], exp: 1 }, 'malformed'],
    ['crit is empty', { crit: [] }, 'malformed'],
    ['crit is null', { crit: null }, 'malformed'],
    ['b64 is false', { b64: false }, 'malformed'],
    ['jwk is there', { jwk: { kty: 'oct', k: 'AA' } }, 'valid'],
    ['jku is there', { jku: 'https://evil.test' }, 'valid'],
    ['x5c is there', { x5c: ['MIIB'] }, 'valid'],
  ])('where %s', (_, extra, outcome) => expect(why(forge({ ...goodHeader, ...extra }, claims))).toBe(outcome));
});

describe('a payload of a properly signed token', () => {
  const { exp: _exp, ...noExp } = claims;
  const { iat: _iat, ...noIat } = claims;
  const { sub: _sub, ...noSub } = claims;
  const raw = (change: string) => JSON.stringify(claims).replace(`"exp":${claims.exp}`, change);

  it.each<[string, unknown, string]>([
    ['no exp', noExp, 'bad_times'],
    ['exp null', { ...claims, exp: null }, 'bad_times'],
    ['exp as text', { ...claims, exp: String(claims.exp) }, 'bad_times'],
    ['exp as a list', { ...claims, exp: [claims.exp] }, 'bad_times'],
    ['exp true', { ...claims, exp: true }, 'bad_times'],
    ['exp with a fraction', { ...claims, exp: claims.exp + 0.5 }, 'bad_times'],
    ['exp that overflows to infinity', raw('"exp":1e999'), 'bad_times'],
    ['exp beyond exact numbers', raw('"exp":1e300'), 'bad_times'],
    ['exp zero', { ...claims, iat: 0, exp: 0 }, 'bad_times'],
    ['exp negative', { ...claims, exp: -1 }, 'bad_times'],
    ['exp twice, the later one infinite', raw(`"exp":${claims.exp},"exp":1e999`), 'bad_times'],
    ['exp before iat', { ...claims, iat: claims.exp + 1 }, 'bad_times'],
    ['no iat', noIat, 'bad_times'],
    ['iat as text', { ...claims, iat: String(now) }, 'bad_times'],
    ['iat with a fraction', { ...claims, iat: now - 0.5 }, 'bad_times'],
    ['iat at the leeway', { ...claims, iat: now + leeway }, 'valid'],
    ['iat a second past the leeway', { ...claims, iat: now + leeway + 1 }, 'not_yet_valid'],
    ['another issuer', { ...claims, iss: 'https://evil.test' }, 'wrong_issuer'],
    ['our issuer with a slash', { ...claims, iss: `${issuer}/` }, 'wrong_issuer'],
    ['our issuer in capitals', { ...claims, iss: issuer.toUpperCase() }, 'wrong_issuer'],
    ['a list of issuers', { ...claims, iss: [issuer] }, 'wrong_issuer'],
    ['no issuer', { ...claims, iss: undefined }, 'wrong_issuer'],
    ['another audience', { ...claims, aud: 'evil.test' }, 'wrong_audience'],
    ['a subdomain as audience', { ...claims, aud: `x.${audience}` }, 'wrong_audience'],
    ['a list with our audience', { ...claims, aud: [audience] }, 'wrong_audience'],
    ['a list with ours and another', { ...claims, aud: [audience, 'evil.test'] }, 'wrong_audience'],
    ['no audience', { ...claims, aud: undefined }, 'wrong_audience'],
    ['no sub', noSub, 'malformed'],
    ['an empty sub', { ...claims, sub: '' }, 'malformed'],
    ['a number as sub', { ...claims, sub: 42 }, 'malformed'],
    ['a list', [claims], 'malformed'],
    ['null', null, 'malformed'],
    ['a number', 7, 'malformed'],
    ['text', '"text"', 'malformed'],
    ['no JSON', '{', 'malformed'],
    ['everything behind __proto__', `{"__proto__":${JSON.stringify(claims)}}`, 'wrong_issuer'],
  ])('with %s', (_, payload, outcome) => expect(why(forge(goodHeader, payload))).toBe(outcome));

  it('that is empty', () => {
    const input = `${b64(goodHeader)}.`;
    const token = `${input}.${sign('sha256', Buffer.from(input), ring.current.privateKey).toString('base64url')}`;
    expect(why(token)).toBe('malformed');
  });
});
