import { describe, expect, it } from 'vitest';
import { asSessionId, asUserId } from '../../shared/identity.ts';
import { verifyToken } from '../../shared/tokens/signed.ts';
import { ann, keyring, start, testConfig } from './check.testing.ts';
import type { Visitor } from './core.ts';
import { createIdentityMint } from './identity-token.ts';

const config = testConfig();
const host = 'notes.acme.test';
const annVisitor = (changes: Partial<typeof ann> = {}): Visitor => ({
  kind: 'known',
  cookie: { ...ann, ...changes },
  headers: [],
});
const nobody: Visitor = { kind: 'nobody', why: 'no-cookie' };
const mint = () => createIdentityMint(config, keyring.identity);
const read = (token: string | undefined, now = start, audience = host) =>
  verifyToken(
    token ?? '',
    { keys: keyring.identity.all, typ: 'identity+jwt', issuer: config.publicUrl, audience },
    now,
  );

describe('the identity token', () => {
  it('says who it is, to one host', () => {
    const [name, token] = mint()(annVisitor(), host, start);
    expect(name).toBe('Identity-Token');
    expect(read(token)).toEqual({
      kind: 'valid',
      claims: {
        iss: 'https://auth.acme.test',
        aud: host,
        sub: '42',
        iat: start,
        exp: start + 300,
        email: 'ann@acme.test',
        name: 'Ann',
        roles: ['editor'],
        permissions: ['reports:read'],
      },
    });
    expect(read(token, start, 'photos.acme.test')).toMatchObject({ why: 'wrong_audience' });
  });

  it('names no session, and is no domain cookie', () => {
    const [, token = ''] = mint()(annVisitor(), host, start);
    expect(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).not.toContain(ann.sid);
    const asCookie = {
      keys: keyring.domainCookie.all,
      typ: 'sso+jwt',
      issuer: config.publicUrl,
      audience: host,
    } as const;
    expect(verifyToken(token, asCookie, start).kind).toBe('invalid');
  });

  it.each<[string, Visitor, string | undefined]>([
    ['nobody', nobody, host],
    ['a caller that asks about itself', annVisitor(), undefined],
  ])('is empty for %s', (_, visitor, to) => {
    expect(mint()(visitor, to, start)).toEqual(['Identity-Token', '']);
  });

  it.each([
    ['a fresh cookie', ann.exp, start + 300],
    ['a cookie with two minutes left', start + 120, start + 120],
    ['a cookie that lives on leeway', start - 10, start + 1],
  ])('never outlives five minutes, nor the cookie: %s', (_, exp, until) => {
    const [, token] = mint()(annVisitor({ exp }), host, start);
    expect(read(token)).toMatchObject({ claims: { exp: until } });
  });
});

describe('a token that is remembered', () => {
  it.each([
    ['again while more than a minute is left', start + 239, true],
    ['anew in its last minute', start + 240, false],
  ])('is handed out %s', (_, now, same) => {
    const minting = mint();
    const [, first] = minting(annVisitor(), host, start);
    expect(minting(annVisitor(), host, now)[1] === first).toBe(same);
  });

  it.each<[string, Visitor, string]>([
    ['another host', annVisitor(), 'photos.acme.test'],
    ['another session', annVisitor({ sid: asSessionId('session-2') }), host],
    ['another person', annVisitor({ sid: asSessionId('session-2'), uid: asUserId('43') }), host],
    ['a renewed cookie', annVisitor({ iat: start - 5 }), host],
    ['newer permissions', annVisitor({ permissionVersion: 2 }), host],
  ])('is not handed out for %s', (_, visitor, to) => {
    const minting = mint();
    const [, first] = minting(annVisitor(), host, start);
    expect(minting(visitor, to, start)[1]).not.toBe(first);
  });
});
