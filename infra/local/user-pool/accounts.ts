import { randomBytes, randomInt, randomUUID, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Clock, Seconds } from '../../../shared/clock.ts';
import type { Storage } from './persistence.ts';
import type { SeedAccount } from './settings.ts';

/** What a code that was mailed is good for. */
export type CodePurpose = 'confirm-sign-up' | 'reset-password';

/** A person in the pool. */
export type Account = {
  readonly sub: string;
  readonly username: string;
  /** Lower case. */
  readonly email: string;
  name: string;
  emailVerified: boolean;
  status: 'UNCONFIRMED' | 'CONFIRMED';
  enabled: boolean;
  groups: string[];
  /** `scrypt$salt$hash`. */
  password: string;
  /** The code that was mailed last. */
  code?: { purpose: CodePurpose; digits: string; expiresAt: Seconds; attemptsLeft: number } | undefined;
  /** Access tokens issued until then are worthless. */
  accessEndedAt?: Seconds;
};

/** What somebody who signs up tells. */
export type NewAccount = { readonly email: string; readonly name: string; readonly password: string };

/** The people of a pool. */
export type Accounts = {
  /** By username or email. */
  find(login: string): Account | undefined;
  bySub(sub: string): Account | undefined;
  all(): readonly Account[];
  create(person: NewAccount): Promise<Account>;
  /** Inserts those whose username and email are still free. */
  seed(people: readonly SeedAccount[]): Promise<void>;
  /** The account, if the password is its own. Takes as long for a login that nobody has. */
  verify(login: string, password: string): Promise<Account | undefined>;
  /** A new six-digit code; older ones stop working. */
  issueCode(account: Account, purpose: CodePurpose): string;
  /** Uses the code up if it is right. Otherwise answers with what Cognito says. */
  redeemCode(account: Account, purpose: CodePurpose, digits: string): string | undefined;
  change(account: Account, changes: Partial<Account>): void;
  setPassword(account: Account, password: string): Promise<void>;
};

/** What a new password needs; also shown as a hint. */
export const passwordPolicy = { minLength: 12, says: 'At least 12 characters.' };

/** @see https://docs.aws.amazon.com/cognito/latest/developerguide/limits.html */
const codeLifetime: Record<CodePurpose, Seconds> = { 'confirm-sign-up': 24 * 3600, 'reset-password': 3600 };
const codeAttempts = 5;

/** The people that the storage holds; every change is saved at once. */
export function createAccounts({ state, save }: Storage, clock: Clock): Accounts {
  const find = (login: string) => {
    const wanted = login.trim().toLowerCase();
    return state.accounts.find((account) => account.email === wanted || account.username.toLowerCase() === wanted);
  };
  const add = (account: Account) => {
    state.accounts.push(account);
    save();
    return account;
  };
  return {
    find,
    bySub: (sub) => state.accounts.find((account) => account.sub === sub),
    all: () => state.accounts,
    async create({ email, name, password }) {
      const sub = randomUUID();
      return add({
        sub,
        username: sub,
        email: email.trim().toLowerCase(),
        name: name.trim(),
        emailVerified: false,
        status: 'UNCONFIRMED',
        enabled: true,
        groups: [],
        password: await hash(password),
      });
    },
    async seed(people) {
      for (const { sub, username, email, name, password, groups = [] } of people) {
        if (find(username) !== undefined || find(email) !== undefined) continue;
        const confirmed = { emailVerified: true, status: 'CONFIRMED', enabled: true } as const;
        const hashed = await hash(password);
        add({ sub, username, email: email.toLowerCase(), name, ...confirmed, groups: [...groups], password: hashed });
      }
    },
    async verify(login, password) {
      const account = find(login);
      const right = await matches(password, account?.password ?? nobodys);
      return right ? account : undefined;
    },
    issueCode(account, purpose) {
      const digits = String(randomInt(1_000_000)).padStart(6, '0');
      account.code = { purpose, digits, expiresAt: clock() + codeLifetime[purpose], attemptsLeft: codeAttempts };
      save();
      return digits;
    },
    redeemCode(account, purpose, digits) {
      const { code } = account;
      if (code === undefined || code.purpose !== purpose || code.expiresAt <= clock()) {
        return 'Invalid code provided, please request a code again.';
      }
      if (code.attemptsLeft === 0) return 'Attempt limit exceeded, please request a new code.';
      code.attemptsLeft--;
      const right = code.digits === digits.trim();
      if (right) account.code = undefined;
      save();
      return right ? undefined : 'Invalid verification code provided, please try again.';
    },
    change(account, changes) {
      Object.assign(account, changes);
      save();
    },
    async setPassword(account, password) {
      account.password = await hash(password);
      save();
    },
  };
}

const derive = promisify<string, string, number, Buffer>(scrypt);
const hashBytes = 32;

async function hash(password: string): Promise<string> {
  const salt = randomBytes(16).toString('base64url');
  return `scrypt$${salt}$${(await derive(password, salt, hashBytes)).toString('base64url')}`;
}

async function matches(password: string, stored: string): Promise<boolean> {
  const [, salt = '', expected = ''] = stored.split('$');
  const found = await derive(password, salt, hashBytes);
  const wanted = Buffer.from(expected, 'base64url');
  return wanted.length === found.length && timingSafeEqual(wanted, found);
}

/** Matches no password. */
const nobodys = `scrypt$nobody$${Buffer.alloc(hashBytes).toString('base64url')}`;
