import { randomBytes, randomInt, randomUUID, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
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
  /** Of those who sign up in lower case, of others as an administrator wrote it. Empty: none. */
  readonly email: string;
  /** Empty: none. */
  name: string;
  emailVerified: boolean;
  /** `FORCE_CHANGE_PASSWORD`: made by an administrator, not yet signed in with a password of their own. */
  status: 'UNCONFIRMED' | 'CONFIRMED' | 'FORCE_CHANGE_PASSWORD';
  enabled: boolean;
  groups: string[];
  /** `scrypt$salt$hash`, and `$cost` where that isn't {@link usualCost}. */
  password: string;
  /** Attributes beside those above, `given_name` or `custom:…`. Absent: none. */
  more?: Readonly<Record<string, string>>;
  /** Absent in files from before it was kept. */
  createdAt?: Seconds;
  /** When anything of the above changed last. Absent like `createdAt`. */
  modifiedAt?: Seconds;
  /** The code that was mailed last. */
  code?: { purpose: CodePurpose; digits: string; expiresAt: Seconds; attemptsLeft: number } | undefined;
  /** Access tokens issued until then are worthless. */
  accessEndedAt?: Seconds;
};

/** What somebody who signs up tells. */
export type NewAccount = { readonly email: string; readonly name: string; readonly password: string };

/** What an administrator may say of a new account beside {@link NewAccount}. */
export type GivenAccount = Partial<Pick<Account, 'username' | 'emailVerified' | 'status' | 'more'>>;

/** Somebody has that username or email already. */
export class LoginTaken extends Error {
  constructor() {
    super('An account with the given email already exists.');
    this.name = 'LoginTaken';
  }
}

/** The people of a pool. */
export type Accounts = {
  /** By username or email. */
  find(login: string): Account | undefined;
  bySub(sub: string): Account | undefined;
  all(): readonly Account[];
  /** @throws LoginTaken, also where somebody else was faster. */
  create(person: NewAccount, given?: GivenAccount): Promise<Account>;
  /** Inserts those whose username and email are still free. */
  seed(people: readonly SeedAccount[]): Promise<void>;
  /** The account, if the password is its own. Takes as long for a login that nobody has. */
  verify(login: string, password: string): Promise<Account | undefined>;
  /** A new six-digit code; older ones stop working. */
  issueCode(account: Account, purpose: CodePurpose): string;
  /** Uses the code up if it is right. Otherwise answers with what Cognito says. */
  redeemCode(account: Account, purpose: CodePurpose, digits: string): string | undefined;
  /** @throws LoginTaken for an email that another account has. */
  change(account: Account, changes: Partial<Account>): void;
  setPassword(account: Account, password: string): Promise<void>;
  remove(account: Account): void;
};

/** What a new password needs; also shown as a hint. */
export const passwordPolicy = { minLength: 12, says: 'At least 12 characters.' };

/** @see https://docs.aws.amazon.com/cognito/latest/developerguide/limits.html */
const codeLifetime: Record<CodePurpose, Seconds> = { 'confirm-sign-up': 24 * 3600, 'reset-password': 3600 };
const codeAttempts = 5;

/** What scrypt costs unless the options say otherwise: its `N`. */
const usualCost = 16_384;

/**
 * The people that the storage holds; every change is saved at once.
 *
 * @param cost scrypt's `N`, a power of two. A small one makes thousands of passwords bearable in a test.
 */
export function createAccounts({ state, save }: Storage, clock: Clock, cost: number = usualCost): Accounts {
  const byLogin = new Map<string, Account>();
  const bySub = new Map<string, Account>();
  const loginsOf = ({ username, email }: Pick<Account, 'username' | 'email'>) =>
    [username, email].filter((login) => login !== '').map((login) => login.toLowerCase());
  const index = (account: Account) => {
    bySub.set(account.sub, account);
    for (const login of loginsOf(account)) byLogin.set(login, account);
  };
  const forget = (account: Account) => {
    bySub.delete(account.sub);
    for (const login of loginsOf(account)) if (byLogin.get(login) === account) byLogin.delete(login);
  };
  const refuseTaken = (account: Pick<Account, 'username' | 'email'>, own?: Account) => {
    const others = loginsOf(account).map((login) => byLogin.get(login));
    if (others.some((other) => other !== undefined && other !== own)) throw new LoginTaken();
  };
  const find = (login: string) => byLogin.get(login.trim().toLowerCase());
  const add = (account: Account) => {
    refuseTaken(account);
    state.accounts.push(account);
    index(account);
    save();
    return account;
  };
  for (const account of state.accounts) index(account);

  return {
    find,
    bySub: (sub) => bySub.get(sub),
    all: () => state.accounts,
    async create({ email, name, password }, given = {}) {
      const sub = randomUUID();
      const hashed = await hash(password, cost);
      const now = clock();
      return add({
        sub,
        username: sub,
        email: given.status === undefined ? email.trim().toLowerCase() : email.trim(),
        name: name.trim(),
        emailVerified: false,
        status: 'UNCONFIRMED',
        enabled: true,
        groups: [],
        password: hashed,
        createdAt: now,
        modifiedAt: now,
        ...given,
      });
    },
    async seed(people) {
      for (const { sub, username, email, name, password, groups = [] } of people) {
        if (find(username) !== undefined || find(email) !== undefined) continue;
        const confirmed = { emailVerified: true, status: 'CONFIRMED', enabled: true } as const;
        const times = { createdAt: clock(), modifiedAt: clock() };
        const hashed = await hash(password, cost);
        const known = { sub, username, email: email.toLowerCase(), name };
        add({ ...known, ...confirmed, ...times, groups: [...groups], password: hashed });
      }
    },
    async verify(login, password) {
      const account = find(login);
      const right = await matches(password, account?.password ?? nobodys(cost));
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
      refuseTaken({ ...account, ...changes }, account);
      forget(account);
      Object.assign(account, changes, { modifiedAt: clock() });
      index(account);
      save();
    },
    async setPassword(account, password) {
      account.password = await hash(password, cost);
      account.modifiedAt = clock();
      save();
    },
    remove(account) {
      forget(account);
      state.accounts = state.accounts.filter((known) => known !== account);
      save();
    },
  };
}

const derive = promisify<string, string, number, ScryptOptions, Buffer>(scrypt);
const hashBytes = 32;

async function hash(password: string, cost: number): Promise<string> {
  const salt = randomBytes(16).toString('base64url');
  const hashed = await derive(password, salt, hashBytes, { N: cost });
  return `scrypt$${salt}$${hashed.toString('base64url')}${cost === usualCost ? '' : `$${cost}`}`;
}

async function matches(password: string, stored: string): Promise<boolean> {
  const [, salt = '', expected = '', cost = String(usualCost)] = stored.split('$');
  const found = await derive(password, salt, hashBytes, { N: Number(cost) });
  const wanted = Buffer.from(expected, 'base64url');
  return wanted.length === found.length && timingSafeEqual(wanted, found);
}

/** Matches no password, and takes as long. */
const nobodys = (cost: number) => `scrypt$nobody$${Buffer.alloc(hashBytes).toString('base64url')}$${cost}`;
