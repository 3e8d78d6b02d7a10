import type { BreakableWorld } from './breakable-world.ts';
import type { Tally } from './load.ts';
import type { Member, Visits } from './member.ts';

/**
 * While all is well, people sign up whose address an older row has already, and may not get it. Post-confirmation refuses,
 * and takes the sign-up back in the pool.
 *
 * @returns The addresses of these rows.
 */
export async function signUpWhomTheTableRefuses(
  { world }: BreakableWorld,
  visits: Visits,
  tally: Tally,
): Promise<string[]> {
  const emails = ['legacy-0@chaos.test', 'legacy-1@chaos.test', 'legacy-2@chaos.test'];
  for (const email of emails) {
    await world.sql`
      insert into crossgate.users (id, email, name) values (gen_random_uuid(), ${email}, 'Somebody since long')`;
    const member: Member = { email, name: 'Namesake', attempts: [] };
    const refusal = (await visits.signUp(member)) ?? (await visits.confirm(member));
    const isGone = !world.userPool.accounts().some((account) => account.email === email);
    if (refusal?.message.includes('Another account already uses this email address.') && isGone) tally.turnedAway += 1;
    else tally.wrong.push(`${email}: ${refusal?.message ?? 'got in'}${isGone ? '' : ', and is still in the pool'}`);
  }
  return emails;
}
