import { type FailureCode, failures } from '../shared/errors.ts';

/** An error whose whole text is fit for a person: Cognito hands it on, after the name of the trigger. */
export function spoken(code: FailureCode): Error {
  const error = new Error(failures[code].says);
  error.name = 'Refused';
  error.stack = '';
  return error;
}
