import { describe, expect, it } from 'vitest';
import { SsoError } from '../../shared/errors.ts';
import { singleParameters } from '../http/form.ts';
import { readCredentials } from './client-authentication.ts';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

function read(form: string, authorization?: string): unknown {
  try {
    return readCredentials(authorization, singleParameters(new URLSearchParams(form)));
  } catch (error) {
    if (error instanceof SsoError) return error.code;
    throw error;
  }
}

describe('credentials of a client', () => {
  it.each<[string, string, string | undefined, unknown]>([
    ['an id alone', 'client_id=a', undefined, { kind: 'none', id: 'a', challenge: undefined }],
    [
      'a form',
      'client_id=a&client_secret=s',
      undefined,
      { kind: 'secret', id: 'a', secret: 's', challenge: undefined },
    ],
    ['a header', '', basic('a:s'), { kind: 'secret', id: 'a', secret: 's', challenge: 'Basic' }],
    [
      'a header in small letters',
      '',
      basic('a:s').replace('B', 'b'),
      { kind: 'secret', id: 'a', secret: 's', challenge: 'Basic' },
    ],
    [
      'a header and the same id',
      'client_id=a',
      basic('a:s'),
      { kind: 'secret', id: 'a', secret: 's', challenge: 'Basic' },
    ],
    [
      'a header that is form-encoded',
      '',
      basic('a%2Bb:s%3A+t'),
      { kind: 'secret', id: 'a+b', secret: 's: t', challenge: 'Basic' },
    ],
    ['a secret with a colon', '', basic('a:s:t'), { kind: 'secret', id: 'a', secret: 's:t', challenge: 'Basic' }],
    ['a header without a secret', '', basic('a:'), { kind: 'secret', id: 'a', secret: '', challenge: 'Basic' }],
    ['nothing', '', undefined, 'client_refused'],
    ['a secret without an id', 'client_secret=s', undefined, 'client_refused'],
    ['a header without an id', '', basic(':s'), 'client_refused'],
    ['a header without a colon', '', basic('a'), 'client_refused'],
    ['an empty header', '', '', 'client_refused'],
    ['a header that is not base64', '', 'Basic a:s', 'client_refused'],
    ['a header of another kind', '', 'Bearer x', 'client_refused'],
    ['stray percent signs', '', basic('a:%'), 'client_refused'],
    ['a header and a form', 'client_secret=s', basic('a:s'), 'bad_request'],
    ['a header and another id', 'client_id=b', basic('a:s'), 'bad_request'],
    ['a header and an assertion', 'client_assertion=x', basic('a:s'), 'bad_request'],
    ['a secret and an assertion', 'client_id=a&client_secret=s&client_assertion=x', undefined, 'bad_request'],
    ['an id twice', 'client_id=a&client_id=a', undefined, 'parameter_repeated'],
    ['an assertion without its type', 'client_assertion=x', undefined, 'client_refused'],
  ])('%s', (_, form, authorization, expected) => expect(read(form, authorization)).toEqual(expected));
});
