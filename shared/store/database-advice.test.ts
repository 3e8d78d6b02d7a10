import { describe, expect, it } from 'vitest';
import { SsoError } from '../errors.ts';
import { databaseAdvice } from './database-advice.ts';
import { databaseError } from './database-error.ts';

const failed = (code: string) =>
  databaseError('directory_unavailable', 'asking', Object.assign(new Error('as the driver says'), { code }));

describe('what to do about a database', () => {
  it.each([
    ['a wrong password', failed('28P01'), /user or password/],
    ['a role without rights', failed('42501'), /--print-grants/],
    ['a host that nobody knows', failed('ENOTFOUND'), /host in database\.url/],
    ['a port where nobody listens', failed('ECONNREFUSED'), /running/],
    ['no answer in time', new SsoError('store_unavailable', 'asking: no answer within 6500 ms'), /running/],
    ['an authority that nobody knows', failed('SELF_SIGNED_CERT_IN_CHAIN'), /caFile/],
    ['what the driver threw', Object.assign(new Error(), { code: '3D000' }), /Make the database/],
  ])('%s', (_, error, says) => {
    expect(databaseAdvice(error)).toMatch(says);
  });

  it.each([
    ['what has no common cause', failed('23505')],
    ['a name that every object has', failed('constructor')],
    ['what is not the database', new SsoError('provider_unavailable', 'x')],
    ['what is no error', 'x'],
  ])('nothing for %s', (_, error) => {
    expect(databaseAdvice(error)).toBeUndefined();
  });
});
