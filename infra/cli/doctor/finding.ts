/** What one look found. */
export type Finding = {
  /** What was looked at. */
  readonly check: string;
  /** `warning`: it works, and should be mended. `skipped`: it could not be looked at. */
  readonly state: 'fine' | 'warning' | 'failure' | 'skipped';
  /** What is so, in a phrase. Never a secret. */
  readonly says: string;
  /** What to do about it, in a sentence. */
  readonly todo?: string;
};

export const fine = (check: string, says: string): Finding => ({ check, state: 'fine', says });
export const skipped = (check: string, says: string): Finding => ({ check, state: 'skipped', says });
export const warning = (check: string, says: string, todo: string): Finding => ({
  check,
  state: 'warning',
  says,
  todo,
});
export const failure = (check: string, says: string, todo?: string): Finding => ({
  check,
  state: 'failure',
  says,
  ...(todo === undefined ? {} : { todo }),
});
