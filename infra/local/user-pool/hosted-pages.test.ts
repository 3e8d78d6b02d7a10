import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Message } from './outbox.ts';
import { ann, type PoolServer, relyingParty, Surfer, servePool } from './user-pool.testing.ts';

const newPassword = 'a new and long password';
let server: PoolServer;
let surfer: Surfer;
let redeem: (answer: string) => Promise<{ claims(): Record<string, unknown> | undefined }>;
let count = 0;

beforeAll(async () => {
  server = await servePool();
});
afterAll(() => server.stop());

beforeEach(async () => {
  surfer = new Surfer(server.origin);
  const begun = await (await relyingParty(server)).begin();
  redeem = begun.redeem as typeof redeem;
  await surfer.open(begun.url);
});

async function mails(): Promise<Message[]> {
  const { messages } = (await (await fetch(`${server.origin}/outbox.json`)).json()) as { messages: Message[] };
  return messages;
}

/** Signs somebody new up, as far as the page that asks for the code. */
async function signUp(from = surfer): Promise<{ email: string; code: string }> {
  const email = `new${++count}@acme.test`;
  await from.follow('Create an account');
  await from.submit('/signup', { name: 'New Person', email, password: newPassword });
  return { email, code: (await mails())[0]?.code ?? '' };
}

describe('the sign-in page', () => {
  it('says that it is a stand-in, for which app, and whom to try', () => {
    const { html } = surfer.view;
    expect(html).toMatch(/Local user pool<\/strong> <span>stands in for Amazon Cognito/);
    expect(html).toContain('to continue to Acme');
    for (const seen of [ann.email, 'bob@acme.test', ann.password]) expect(html).toContain(seen);
  });

  it('allows only its own inline script and style, and no frames', () => {
    const policy = surfer.view.headers.get('content-security-policy') ?? '';
    const nonce = /script-src 'nonce-([^']+)'/.exec(policy)?.[1];
    expect(policy).toMatch(/^default-src 'none';.*frame-ancestors 'none'$/);
    for (const [tag] of surfer.view.html.matchAll(/<(script|style)[^>]*>/g)) expect(tag).toContain(`nonce="${nonce}"`);
    expect(surfer.view.html).not.toMatch(/ on\w+=| style=/);
  });

  it.each([
    ['a wrong password', ann.email, 'wrong wrong wrong'],
    ['somebody unknown', 'nobody@acme.test', ann.password],
    ['nothing', '', ''],
  ])('answers %s in the same words', async (_, username, password) => {
    await surfer.submit('/login', { username, password });
    expect([surfer.view.status, surfer.error]).toEqual([400, 'Incorrect username or password.']);
    if (username !== '') expect(surfer.view.html).toContain(`value="${username}"`);
    expect(surfer.view.html).not.toContain('wrong wrong wrong');
  });

  it.each([
    ['the email in capitals', 'ANN@acme.test'],
    ['the username', 'ann'],
  ])('takes %s', async (_, username) => {
    await surfer.submit('/login', { username, password: ann.password });
    expect((await redeem(surfer.view.url)).claims()).toMatchObject({ sub: ann.sub });
  });

  it('fills in the login hint, harmlessly', async () => {
    const app = await relyingParty(server);
    await surfer.open((await app.begin({ login_hint: '"><script>alert(1)</script>' })).url);
    expect(surfer.view.html).not.toContain('<script>alert');
    await surfer.open((await app.begin({ login_hint: 'ann@acme.test' })).url);
    expect(surfer.view.html).toMatch(/name="username" type="email" value="ann@acme.test"/);
  });

  it('can be cancelled, which the app is told', async () => {
    await surfer.follow('Cancel');
    expect(surfer.view.url).toMatch(/^http:\/\/app\.test\/callback\?error=access_denied&.*state=/);
  });

  it.each([
    ['without its token', { _csrf: '' }, {}],
    ['with a made-up token', { _csrf: 'x'.repeat(32) }, {}],
    ['from another origin', {}, { headers: { origin: 'http://evil.test' } }],
    ['from an opaque origin', {}, { headers: { origin: 'null' } }],
  ])('refuses a form %s', async (_, fields, init) => {
    await surfer.submit('/login', { username: ann.email, password: ann.password, ...fields }, init);
    expect(surfer.view.status).toBe(403);
    expect(surfer.cookies.has('cognito')).toBe(false);
  });

  it('refuses a form without cookies', async () => {
    surfer.cookies.clear();
    await surfer.submit('/login', { username: ann.email, password: ann.password });
    expect(surfer.view.status).toBe(403);
  });

  it('is not there without a valid authorization request', async () => {
    await surfer.open(`${server.origin}/login?client_id=gateway&redirect_uri=http://evil.test/`);
    expect(surfer.view.url).toContain('/error?error=redirect_mismatch');
  });
});

describe('signing up', () => {
  it.each([
    ['a short password', { password: 'elevenchars' }, /Password did not conform with policy/],
    ['no name', { name: ' ' }, /Enter your name/],
    ['no address', { email: 'not an address' }, /Enter an email address/],
    ['an address that is taken', { email: 'ANN@acme.test' }, /An account with the given email already exists/],
  ])('goes back to the form with %s, the values kept but never the password', async (_, fields, says) => {
    await surfer.follow('Create an account');
    const all = { name: 'O"Neil', email: 'oneil@acme.test', password: newPassword, ...fields };
    await surfer.submit('/signup', all);
    expect(surfer.error).toMatch(says);
    expect(surfer.view.html).toContain(`value="${all.email}"`);
    expect(surfer.view.html).not.toContain(all.password);
    expect(server.pool.accounts().some(({ email }) => email === 'oneil@acme.test')).toBe(false);
  });

  it('confirms the address, signs in and goes on to the app', async () => {
    const { email, code } = await signUp();
    expect(surfer.view.html).toContain(email);
    await surfer.submit('/confirmUser', { code });
    const claims = (await redeem(surfer.view.url)).claims();
    expect(claims).toMatchObject({ email, email_verified: true, name: 'New Person' });
    expect(claims?.['cognito:username']).toBe(claims?.sub);
  });

  it('sends a new code, which puts the old one out of use', async () => {
    const { code } = await signUp();
    await surfer.submit('/resendcode', {});
    const [{ code: next } = { code: '' }] = await mails();
    if (next !== code) {
      await surfer.submit('/confirmUser', { code });
      expect(surfer.error).toBe('Invalid verification code provided, please try again.');
    }
    await surfer.submit('/confirmUser', { code: next });
    expect((await redeem(surfer.view.url)).claims()).toBeDefined();
  });

  it('gives up on a code after five wrong ones', async () => {
    const { code } = await signUp();
    const wrong = code === '000000' ? '000001' : '000000';
    for (let i = 0; i < 5; i++) await surfer.submit('/confirmUser', { code: wrong });
    await surfer.submit('/confirmUser', { code });
    expect(surfer.error).toMatch(/Attempt limit exceeded/);
  });

  it('takes no code after a day', async () => {
    const { code } = await signUp();
    server.pass(24 * 3600);
    await surfer.submit('/confirmUser', { code });
    // The cookie that binds the browser is gone by now too, so the page is the one a stranger gets.
    expect(surfer.error).toBe('Invalid code provided, please request a code again.');
  });

  it('asks who has not confirmed yet for the code, after the right password', async () => {
    const { email, code } = await signUp();
    const other = new Surfer(server.origin);
    await other.open((await (await relyingParty(server)).begin()).url);
    await other.submit('/login', { username: email, password: newPassword });
    expect(other.title).toBe('Confirm your account');
    await other.submit('/confirmUser', { code });
    expect(other.view.url).toContain('code=');
  });

  it('signs nobody in who knows only the code', async () => {
    const { code } = await signUp();
    const page = surfer.view.url;
    const stranger = new Surfer(server.origin);
    await stranger.open(page);
    expect(stranger.view.html).toContain('your email address');
    await stranger.submit('/confirmUser', { code });
    expect([stranger.title, stranger.cookies.has('cognito')]).toEqual(['Sign in', false]);
    expect(stranger.view.html).toContain('Your account is confirmed.');
  });

  it('does not confirm twice', async () => {
    const { code } = await signUp();
    const page = surfer.view.url;
    await surfer.submit('/confirmUser', { code });
    await surfer.open(page);
    await surfer.submit('/confirmUser', { code });
    expect(surfer.error).toBe('User cannot be confirmed. Current status is CONFIRMED');
  });
});

describe('a forgotten password', () => {
  async function ask(email: string) {
    await surfer.follow('Forgot your password?');
    await surfer.submit('/forgotPassword', { username: email });
  }

  it('is replaced with the code from the mail', async () => {
    const { email, code } = await signUp();
    await surfer.submit('/confirmUser', { code });
    surfer = new Surfer(server.origin);
    const begun = await (await relyingParty(server)).begin();
    await surfer.open(begun.url);
    await ask(email);
    const [mail] = await mails();
    expect(mail).toMatchObject({ to: email, purpose: 'reset-password' });
    await surfer.submit('/confirmForgotPassword', { code: mail?.code ?? '', password: 'short' });
    expect(surfer.error).toMatch(/policy/);
    await surfer.submit('/confirmForgotPassword', { code: mail?.code ?? '', password: 'another long password' });
    expect(surfer.view.html).toContain('Your password has been changed.');
    await surfer.submit('/login', { username: email, password: newPassword });
    expect(surfer.error).toBe('Incorrect username or password.');
    await surfer.submit('/login', { username: email, password: 'another long password' });
    expect((await begun.redeem(surfer.view.url)).claims()).toMatchObject({ email });
  });

  it('looks the same for somebody unknown, to whom nothing is sent', async () => {
    const before = (await mails()).length;
    await ask('nobody@acme.test');
    expect(surfer.title).toBe('Choose a new password');
    expect((await mails()).length).toBe(before);
    await surfer.submit('/confirmForgotPassword', { code: '123456', password: 'another long password' });
    expect(surfer.error).toBe('Invalid code provided, please request a code again.');
  });

  it('takes no code after an hour', async () => {
    await ask(ann.email);
    const code = (await mails())[0]?.code ?? '';
    server.pass(3600);
    await surfer.submit('/confirmForgotPassword', { code, password: 'another long password' });
    expect(surfer.error).toBe('Invalid code provided, please request a code again.');
  });
});

describe('the outbox', () => {
  it('shows people every code', async () => {
    const { email, code } = await signUp();
    await surfer.open(`${server.origin}/outbox`);
    expect(surfer.view.html).toContain(email);
    expect(surfer.view.html).toContain(code);
  });
});

describe('the browser session', () => {
  it.each([
    ['lasts an hour', 3599, 'code='],
    ['and no longer', 3600, 'error=login_required'],
  ])('%s', async (_, later, answer) => {
    const app = await relyingParty(server);
    await app.signIn(ann.email, surfer);
    server.pass(later);
    await surfer.open((await app.begin({ prompt: 'none' })).url);
    expect(surfer.view.url).toContain(answer);
  });
});
