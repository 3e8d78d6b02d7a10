import { setTimeout as sleep } from 'node:timers/promises';
import type { Milliseconds } from '../../shared/clock.ts';
import type { Member, Refusal, Visits } from './member.ts';
import type { Random } from './random.ts';

/** How much happens, and within what time. */
export type LoadSize = { readonly signUps: number; readonly signIns: number; readonly duration: Milliseconds };

/** Somebody whom the pool must not let in, and how they try. */
export type Intruder = {
  readonly member: Member;
  readonly how: 'the address of somebody else' | 'too short a password' | 'a code that is none';
};

/** When who comes, decided beforehand. */
export type LoadPlan = {
  readonly members: readonly Member[];
  readonly intruders: readonly Intruder[];
  readonly arrivals: readonly Arrival[];
};

type Arrival = { readonly at: Milliseconds; readonly does: 'sign-up' | 'sign-in' | 'intrude'; readonly who: number };

/** What has happened by now. */
export type Tally = {
  signedUp: number;
  signedIn: number;
  healed: number;
  turnedAway: number;
  readonly wrong: string[];
};

/** People sign up during the first part, and sign in from then on. For every twelve, one comes who is to be refused. */
export function planLoad({ signUps, signIns, duration }: LoadSize, random: Random): LoadPlan {
  const person = (email: string, name: string): Member => ({ email, name, attempts: [] });
  const members = Array.from({ length: signUps }, (_, i) => person(`person-${i}@chaos.test`, `Person ${i}`));
  const arrivals: Arrival[] = members.map((_, who) => ({
    at: random.between(0, duration * 0.6),
    does: 'sign-up',
    who,
  }));
  const since = arrivals.map(({ at }) => at);
  for (let i = 0; i < signIns; i += 1) {
    const who = random.below(signUps);
    arrivals.push({ at: random.between(since[who] ?? 0, duration), does: 'sign-in', who });
  }
  const ways = ['the address of somebody else', 'too short a password', 'a code that is none'] as const;
  const intruders = Array.from({ length: Math.ceil(signUps / 12) }, (_, i): Intruder => {
    const how = ways[i % ways.length] ?? 'a code that is none';
    const victim = random.below(signUps);
    const isSame = how === 'the address of somebody else';
    const after = isSame ? (since[victim] ?? 0) : 0;
    arrivals.push({ at: random.between(after, duration), does: 'intrude', who: i });
    // in other letters it is the same address
    const email = isSame ? `PERSON-${victim}@chaos.test` : `intruder-${i}@chaos.test`;
    return { member: person(email, `Intruder ${i}`), how };
  });
  return { members, intruders, arrivals: arrivals.sort((a, b) => a.at - b.at) };
}

const isTriggers = ({ name }: Refusal) => name === 'UserLambdaValidationException';

/** Lets everybody come. Resolves once the last one is done, one way or the other, or the signal says so. */
export async function runLoad(plan: LoadPlan, visits: Visits, tally: Tally, signal: AbortSignal): Promise<void> {
  const signedUp = plan.members.map(() => Promise.withResolvers<void>());

  async function signIn(member: Member): Promise<boolean> {
    const refusal = await visits.patiently(
      () => visits.signIn(member),
      ({ name }) => name === 'NotAuthorizedException' || name === 'UserNotConfirmedException',
    );
    if (refusal) tally.wrong.push(`${member.email} could not sign in: ${refusal.name}: ${refusal.message}`);
    else tally.signedIn += 1;
    return !refusal;
  }

  async function signUp(member: Member): Promise<void> {
    const refusal =
      (await visits.patiently(
        () => visits.signUp(member),
        ({ name }) => name === 'UsernameExistsException',
      )) ?? (await visits.patiently(() => visits.confirm(member), isTriggers));
    // the pool has confirmed them although the trigger failed: who can't know that simply signs in
    const healed = refusal !== undefined && isTriggers(refusal) && (await signIn(member));
    if (healed) tally.healed += 1;
    if (healed || !refusal) tally.signedUp += 1;
    else tally.wrong.push(`${member.email} could not sign up: ${refusal.name}: ${refusal.message}`);
  }

  async function intrude({ member, how }: Intruder): Promise<void> {
    const isShort = how === 'too short a password';
    const atSignUp = await visits.signUp(member, isShort ? 'short' : undefined);
    const refusal = how === 'a code that is none' ? await visits.confirm(member, 'abcdef') : atSignUp;
    const expected = { 'the address of somebody else': /UsernameExists/, 'too short a password': /InvalidPassword/ };
    const wanted = how === 'a code that is none' ? /CodeMismatch/ : expected[how];
    if (refusal && wanted.test(refusal.name)) tally.turnedAway += 1;
    else tally.wrong.push(`${member.email} with ${how} was answered ${refusal?.name ?? 'with success'}`);
  }

  async function visit({ does, who }: Arrival): Promise<void> {
    const [member, intruder] = [plan.members[who], plan.intruders[who]];
    if (does === 'intrude' && intruder) {
      const victim = /^PERSON-(\d+)/.exec(intruder.member.email)?.[1];
      if (victim !== undefined) await signedUp[Number(victim)]?.promise;
      return intrude(intruder);
    }
    if (!member) return;
    if (does === 'sign-up') return signUp(member).finally(() => signedUp[who]?.resolve());
    await signedUp[who]?.promise;
    await signIn(member);
  }

  const began = performance.now();
  const visiting: Promise<void>[] = [];
  for (const arrival of plan.arrivals) {
    const wait = began + arrival.at - performance.now();
    if (wait > 0) await sleep(wait, undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
    visiting.push(visit(arrival));
  }
  if (signal.aborted) for (const one of signedUp) one.resolve();
  await Promise.all(visiting);
}
