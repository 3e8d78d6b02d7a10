import type { Step } from './step.ts';

/**
 * What writing down sign-ins needs: how new the profile is that a row holds, and that a message which can't be read is
 * noted once, however often it is delivered.
 */
export const signIns: Step = {
  name: '0005_sign_ins',
  statements: [
    'alter table crossgate.people add column profile_at timestamptz',
    `comment on column crossgate.people.profile_at is 'when the provider said what the row has as email and name'`,
    `create unique index audit_message_poisoned on crossgate.audit ((details ->> 'messageId'))
      where event = 'message.poisoned'`,
  ],
};
