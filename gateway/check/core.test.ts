import { describe, expect, it } from 'vitest';
import { asSessionId, asUserId } from '../../shared/identity.ts';
import { compileRules, type Rule } from '../../shared/permissions/rules.ts';
import { leeway } from '../../shared/tokens/signed.ts';
import { ann, domainCookie, keyring, start, testConfig } from './check.testing.ts';
import { type CheckOutcome, createCheckCore } from './core.ts';
import { passHeaders } from './identity-headers.ts';

const config = testConfig();
const ruleOf = (allow: string | string[]): Rule | undefined =>
  compileRules([{ host: 'a.acme.test', path: '/*', allow }])({ host: 'a.acme.test', path: '/', method: 'GET' });
const publicRule = ruleOf('public');
const signedIn = ruleOf('signed-in');
const admins = ruleOf('role:admin');
const editors = ruleOf('role:editor');
const reports = ruleOf(['role:admin', 'permission:reports:read']);

/** A core whose news are these. */
function coreWith(news: { ended?: string[]; version?: number; age?: number } = {}) {
  return createCheckCore({
    config,
    keys: keyring.domainCookie.all,
    revocations: {
      isEnded: (sid) => news.ended?.includes(sid) ?? false,
      permissionVersion: () => news.version,
      age: () => news.age ?? 0,
    },
  });
}

const cookie = domainCookie();
const other = domainCookie({ uid: asUserId('43'), sid: asSessionId('session-2') });
const inWords = (outcome: CheckOutcome): string => {
  if (outcome.kind === 'stale') return 'stale';
  const { visitor } = outcome;
  return `${outcome.kind} ${visitor.kind === 'nobody' ? visitor.why : visitor.cookie.uid}`;
};

describe('one check', () => {
  it.each<[string, string | undefined, Rule | undefined, string]>([
    ['no cookie, a public page', undefined, publicRule, 'allow no-cookie'],
    ['no cookie, any other page', undefined, signedIn, 'sign-in no-cookie'],
    ['no cookie, no rule', undefined, undefined, 'sign-in no-cookie'],
    ['a cookie, no rule', cookie, undefined, 'forbid 42'],
    ['a cookie, a public page', cookie, publicRule, 'allow 42'],
    ['a cookie, for people who are signed in', cookie, signedIn, 'allow 42'],
    ['a role that the person has', cookie, editors, 'allow 42'],
    ['a role that the person lacks', cookie, admins, 'forbid 42'],
    ['one of what a rule lists', cookie, reports, 'allow 42'],
    ['a cookie among others', `a=1; ${cookie}; __Secure-sso_x=2; x__Secure-sso=3`, signedIn, 'allow 42'],
    ['the same cookie twice', `${cookie}; ${cookie}`, signedIn, 'allow 42'],
    ['one of ours beside junk', `__Secure-sso=junk; ${cookie}`, signedIn, 'allow 42'],
    ['two different ones of ours', `${cookie}; ${other}`, signedIn, 'sign-in conflict'],
    ['two different ones, a public page', `${cookie}; ${other}`, publicRule, 'allow conflict'],
    [
      'more values than anybody has',
      `${cookie}; ${'abcd'.replace(/./g, '__Secure-sso=$&; ')}`,
      signedIn,
      'sign-in conflict',
    ],
    ['junk', '__Secure-sso=junk', signedIn, 'sign-in no-cookie'],
    ['an empty value', '__Secure-sso=', signedIn, 'sign-in no-cookie'],
    ['a name that only ends the same', cookie.replace('__Secure', 'x__Secure'), signedIn, 'sign-in no-cookie'],
    ['a name in other letters', cookie.replace('__Secure', '__secure'), signedIn, 'sign-in no-cookie'],
    ['a changed signature', `${cookie.slice(0, -8)}AAAAAAAA`, signedIn, 'sign-in no-cookie'],
  ])('%s', (_, header, rule, outcome) => {
    const core = coreWith();
    // once at first sight, once remembered
    expect(inWords(core.check(header, rule, start))).toBe(outcome);
    expect(inWords(core.check(header, rule, start))).toBe(outcome);
  });

  it.each<[string, Parameters<typeof domainCookie>[0], Rule | undefined, string]>([
    ['roles, and the rule names one', { roles: undefined }, admins, 'needs-permissions 42'],
    ['roles, which the upstream of any rule is told', { roles: undefined }, signedIn, 'needs-permissions 42'],
    ['permissions, and the rule names one', { permissions: undefined }, reports, 'needs-permissions 42'],
    ['permissions, and the rule names a role that is there', { permissions: undefined }, editors, 'allow 42'],
    ['permissions, and the rule names a role that is not', { permissions: undefined }, admins, 'forbid 42'],
    ['permissions, and the rule asks for none', { permissions: undefined }, signedIn, 'allow 42'],
  ])('without %s', (_, changes, rule, outcome) => {
    expect(inWords(coreWith().check(domainCookie(changes), rule, start))).toBe(outcome);
  });

  it('hands out the headers of the whole answer', () => {
    const core = coreWith();
    const allowed = core.check(cookie, signedIn, start);
    expect(allowed).toMatchObject({ headers: passHeaders(config.check, ann) });
    expect(core.check(undefined, publicRule, start)).toMatchObject({ headers: passHeaders(config.check, undefined) });
  });
});

describe('a token that is remembered', () => {
  it.each([
    ['one second before the leeway is over', ann.exp + leeway - 1, 'allow 42'],
    ['the very second it is', ann.exp + leeway, 'sign-in expired'],
    ['long after', ann.exp + 86_400, 'sign-in expired'],
  ])('still ends: %s', (_, now, outcome) => {
    const core = coreWith();
    expect(inWords(core.check(cookie, signedIn, start))).toBe('allow 42');
    expect(inWords(core.check(cookie, signedIn, now))).toBe(outcome);
    expect(inWords(coreWith().check(cookie, signedIn, now))).toBe(outcome);
  });

  it('is noticed to be of a session that has ended meanwhile', () => {
    const ended: string[] = [];
    const core = coreWith({ ended });
    expect(inWords(core.check(cookie, signedIn, start))).toBe('allow 42');
    ended.push(ann.sid);
    expect(inWords(core.check(cookie, signedIn, start))).toBe('sign-in session-ended');
    expect(inWords(core.check(cookie, publicRule, start))).toBe('allow session-ended');
    expect(core.check(cookie, publicRule, start)).toMatchObject({ headers: core.nobody });
  });

  it('is asked each rule anew', () => {
    const core = coreWith();
    expect(inWords(core.check(cookie, editors, start))).toBe('allow 42');
    expect(inWords(core.check(cookie, admins, start))).toBe('forbid 42');
    expect(inWords(core.check(cookie, undefined, start))).toBe('forbid 42');
  });

  it('says nobody beside a second one, however well it is known', () => {
    const core = coreWith();
    core.check(cookie, signedIn, start);
    core.check(other, signedIn, start);
    expect(inWords(core.check(`${cookie}; ${other}`, signedIn, start))).toBe('sign-in conflict');
  });
});

describe('news of a permission version', () => {
  it.each([
    ['none', undefined, 'allow 42'],
    ['the one that the cookie is of', 1, 'allow 42'],
    ['a newer one', 2, 'needs-permissions 42'],
  ])('%s', (_, version, outcome) => {
    const news: { version?: number } = {};
    const core = coreWith(news);
    core.check(cookie, editors, start);
    if (version !== undefined) news.version = version;
    for (const rule of [editors, signedIn, publicRule]) expect(inWords(core.check(cookie, rule, start))).toBe(outcome);
    expect(inWords(core.check(cookie, undefined, start))).toBe('forbid 42');
  });
});

describe('a feed', () => {
  it.each<[string, number, Rule | undefined, string]>([
    ['60 seconds old vouches for roles', 60, editors, 'allow 42'],
    ['61 seconds old does not', 61, editors, 'stale'],
    ['61 seconds old does not vouch for a refusal either', 61, admins, 'stale'],
    ['never read does not', Number.POSITIVE_INFINITY, reports, 'stale'],
    ['never read says nothing against being signed in', Number.POSITIVE_INFINITY, signedIn, 'allow 42'],
    ['never read says nothing against a public page', Number.POSITIVE_INFINITY, publicRule, 'allow 42'],
  ])('%s', (_, age, rule, outcome) => {
    expect(inWords(coreWith({ age }).check(cookie, rule, start))).toBe(outcome);
  });

  it('that is stale sends nobody to an error page instead of the sign-in', () => {
    expect(inWords(coreWith({ age: 61 }).check(undefined, editors, start))).toBe('sign-in no-cookie');
  });
});
