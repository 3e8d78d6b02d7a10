/** An error as the JSON API answers it: `__type` and `message`, always with status 400. */
export class ApiFault extends Error {
  /** As the SDKs know it, `UserNotFoundException`. */
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.name = type;
    this.type = type;
  }
}

/** Nobody has that username, email or sub. */
export const userNotFound = () => new ApiFault('UserNotFoundException', 'User does not exist.');

/** A parameter that Cognito would not take. */
export const invalidParameter = (message: string) => new ApiFault('InvalidParameterException', message);
