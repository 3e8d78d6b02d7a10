import { describe, expect, it } from 'vitest';
import { type Failure, failures, SsoError } from './errors.ts';

const all = Object.entries<Failure>(failures);

describe('the public face of every failure', () => {
  it.each(all)('%s is a status, a sentence and perhaps a way on', (code, failure) => {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(failure.status).toBeGreaterThanOrEqual(400);
    expect(failure.status).toBeLessThan(600);
    expect(failure.says).toMatch(/^[A-Z][^<>]*\.$/);
    if (failure.hint) expect(failure.hint).toMatch(/^[A-Z][^<>]*\.$/);
    // Retry-After says when trying again can help; where nothing works without the other side, it always can
    if (failure.retryAfter !== undefined) expect([429, 503]).toContain(failure.status);
    if (failure.mayRedirect) expect(failure.status).toBe(401);
  });
});

describe('an error', () => {
  const cause = new Error('connection refused');
  const error = new SsoError('store_unavailable', 'no answer from 10.0.0.7', { cause });

  it('keeps the private reason apart from the public face', () => {
    expect(error).toMatchObject({ code: 'store_unavailable', reason: 'no answer from 10.0.0.7', cause });
    expect(JSON.stringify(error.failure)).not.toContain('10.0.0.7');
    expect(error.failure).toBe(failures.store_unavailable);
  });

  it('is an Error with a name that logs show', () => {
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toBe('SsoError: store_unavailable: no answer from 10.0.0.7');
  });
});
