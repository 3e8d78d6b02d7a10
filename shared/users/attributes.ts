import type { Identity } from '../identity.ts';
import { cleaned, isStorable } from '../store/storable.ts';
import type { IdentityAttributes } from './directory.ts';

/** Longest subject. OpenID Connect Core §2 allows 255 ASCII characters. */
const longestSubject = 255;
/** Longest email: RFC 5321 §4.5.3.1.3 less the angle brackets. */
const longestEmail = 254;
const longestName = 100;

/** Can a row keep this identity exactly as it is? If not, there is nobody with it, nor ever will be. */
export function isUsable({ provider, subject }: Identity): boolean {
  return subject !== '' && isStorable(subject, longestSubject) && provider !== '' && isStorable(provider, 64);
}

/**
 * What of a provider's word may go into a row. A name is cleaned of control characters and cut; an email that is none
 * (no single `@` between two parts, spaces or control characters, over 254 characters) is dropped, for a cleaned email
 * would be somebody else's.
 */
export function cleanAttributes({ email, emailVerified, name }: IdentityAttributes): IdentityAttributes {
  const good = email !== undefined && isEmail(email) ? email : undefined;
  const shown = cleaned(name, longestName);
  return {
    ...(good !== undefined && { email: good }),
    emailVerified: emailVerified && good !== undefined,
    ...(shown !== undefined && { name: shown }),
  };
}

function isEmail(text: string): boolean {
  return text.length <= longestEmail && /^[^\s@\p{C}]+@[^\s@\p{C}]+$/u.test(text);
}
