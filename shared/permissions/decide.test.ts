import { expect, it } from 'vitest';
import type { RuleConfig } from '../config.ts';
import { type Decision, decide } from './decide.ts';
import { compileRules } from './rules.ts';

function ruleFor(allow: RuleConfig['allow']) {
  return compileRules([{ host: 'acme.com', path: '/*', allow }])({ host: 'acme.com', path: '/', method: 'GET' });
}

const nobody = undefined;
const cyd = { roles: [], permissions: [] };
const bob = { roles: ['editor'], permissions: ['notes:read'] };

it.each<[string, RuleConfig['allow'] | undefined, typeof nobody | typeof bob, boolean, Decision]>([
  ['no rule, nobody', undefined, nobody, true, 'sign-in'],
  ['no rule, somebody', undefined, bob, true, 'forbid'],
  ['no rule, somebody little known', undefined, bob, false, 'forbid'],
  ['public, nobody', 'public', nobody, false, 'allow'],
  ['public, somebody little known', 'public', bob, false, 'allow'],
  ['signed in, nobody', 'signed-in', nobody, true, 'sign-in'],
  ['signed in, somebody little known', 'signed-in', cyd, false, 'allow'],
  ['a role, nobody', 'role:editor', nobody, true, 'sign-in'],
  ['a role, nobody, and nothing known', 'role:editor', nobody, false, 'sign-in'],
  ['a role one has', 'role:editor', bob, true, 'allow'],
  ['a role one had when the token was made', 'role:editor', bob, false, 'needs-permissions'],
  ['a role one lacks', 'role:admin', bob, true, 'forbid'],
  ['a role one may have by now', 'role:admin', bob, false, 'needs-permissions'],
  ['the beginning of a role one has', 'role:edit', bob, true, 'forbid'],
  ['a permission one has', 'permission:notes:read', bob, true, 'allow'],
  ['a permission one lacks', 'permission:notes:write', bob, true, 'forbid'],
  ['a permission not looked up yet', 'permission:notes:read', cyd, false, 'needs-permissions'],
  ['a role named like a permission', 'role:notes:read', bob, true, 'forbid'],
  ['any one of several', ['role:admin', 'permission:notes:read'], bob, true, 'allow'],
  ['none of several', ['role:admin', 'permission:notes:write'], bob, true, 'forbid'],
  ['signed-in among several', ['role:admin', 'signed-in'], cyd, false, 'allow'],
  ['public among several', ['role:admin', 'public'], nobody, false, 'allow'],
])('%s', (_, allow, who, knowsPermissions, decision) => {
  expect(decide(allow === undefined ? undefined : ruleFor(allow), who, knowsPermissions)).toBe(decision);
});
