import { feedAndAudit } from './feed-and-audit.ts';
import { handOff } from './hand-off.ts';
import { ownUsers } from './own-users.ts';
import { permissions } from './permissions.ts';
import { sessions } from './sessions.ts';
import { signIns } from './sign-ins.ts';
import type { Step } from './step.ts';

/** Every step there is, in order. */
export const steps: readonly Step[] = [feedAndAudit, permissions, sessions, ownUsers, signIns, handOff];
