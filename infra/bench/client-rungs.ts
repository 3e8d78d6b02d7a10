import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import type { Milliseconds } from '../../shared/clock.ts';
import { openProfile, type ThirdPartyCookies } from '../journeys/chromium.ts';
import {
  answerFedcmAtOnce,
  grantStorageAccess,
  signInAtNotes,
  takeFirstAccount,
  waitForLive,
} from '../journeys/person.ts';
import { startWorld, type World } from '../local/world.ts';

/** By what a page comes to know somebody who is signed in at the gateway. */
export type Rung = 'frame' | 'storage access' | 'bounce' | 'silent FedCM';

/** How long one took, from opening the address to a page that says who is signed in. */
export type RungTimes = {
  readonly rung: Rung;
  /** Median. */
  readonly signedIn: Milliseconds;
  /** Median of the same page with scripts switched off, which signs nobody in; each just before. */
  readonly bare: Milliseconds;
  /** Median of what the two come to in one run. */
  readonly ratio: number;
};

type Setup = {
  readonly cookies: ThirdPartyCookies;
  /** What the page says of how they got in. Another way would be another measurement. */
  readonly way: string;
  /** Signs the person in at the gateway, in a fresh profile. */
  readonly signIn: (world: World, context: BrowserContext) => Promise<void>;
  /** In the tab of each run, before it. */
  readonly arm?: (devtools: CDPSession, world: World) => Promise<void>;
  /** It works once in a profile, and then not for ten minutes. */
  readonly isOnce?: boolean;
};

const rungs: Readonly<Record<Rung, Setup>> = {
  frame: { cookies: 'allowed', way: 'By the gateway’s frame', signIn: signInAtNotes },
  'storage access': {
    cookies: 'blocked',
    way: 'By the gateway’s frame',
    signIn: signInAtNotes,
    arm: grantStorageAccess,
  },
  bounce: { cookies: 'blocked', way: 'By a short trip to the gateway', signIn: signInAtNotes },
  'silent FedCM': { cookies: 'blocked', way: 'By FedCM', signIn: signInByChooser, isOnce: true },
};

/**
 * Measures how long a page of Globex takes to know somebody, by each rung, in a real Chromium at a local world.
 *
 * @param runs How often each is measured, after one that doesn't count.
 */
export async function measureRungs(runs: number): Promise<RungTimes[]> {
  const dir = mkdtempSync(path.resolve('.crossgate/bench-'));
  const world = await startWorld({ port: 0, dir, passwordCost: 2 });
  try {
    const times: RungTimes[] = [];
    for (const rung of Object.keys(rungs) as Rung[]) times.push(await measure(rung, rungs[rung], runs, world));
    return times;
  } finally {
    await world.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

type Run = { readonly bare: Milliseconds; readonly signedIn: Milliseconds };

async function measure(rung: Rung, setup: Setup, runs: number, world: World): Promise<RungTimes> {
  const measured: Run[] = [];
  if (setup.isOnce) while (measured.length < runs) measured.push(...(await inProfile(setup, 1, world)));
  // the first one finds everything cold
  else measured.push(...(await inProfile(setup, runs + 1, world)).slice(1));
  return {
    rung,
    signedIn: median(measured.map((one) => one.signedIn)),
    bare: median(measured.map((one) => one.bare)),
    ratio: median(measured.map((one) => one.signedIn / one.bare)),
  };
}

async function inProfile(setup: Setup, runs: number, world: World): Promise<Run[]> {
  const { context, close } = await openProfile(setup.cookies);
  try {
    await setup.signIn(world, context);
    const measured: Run[] = [];
    while (measured.length < runs) measured.push(await measureOnce(setup, context, world));
    return measured;
  } finally {
    await close();
  }
}

async function measureOnce({ way, arm }: Setup, context: BrowserContext, world: World): Promise<Run> {
  // the gateway counts silent returns, and stops what looks like a loop
  await context.clearCookies({ name: '__Host-sso_bounces' });
  await context.clearCookies({ domain: new URL(world.at.globex).hostname });
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Emulation.setScriptExecutionDisabled', { value: true });
  const bare = await timeUntil(page, world, 'Nobody is signed in');
  await devtools.send('Emulation.setScriptExecutionDisabled', { value: false });
  await page.goto('about:blank');
  await arm?.(devtools, world);
  const signedIn = await timeUntil(page, world, 'You are Ann Almond');
  await page.getByText(way).waitFor();
  await page.close();
  return { bare, signedIn };
}

async function timeUntil(page: Page, { at }: World, heading: string): Promise<Milliseconds> {
  const start = performance.now();
  await page.goto(`${at.globex}/`, { waitUntil: 'commit' });
  await page.getByRole('heading', { name: heading }).waitFor();
  return performance.now() - start;
}

/** The one earlier time that FedCM wants before it says nothing any more. */
async function signInByChooser(world: World, context: BrowserContext): Promise<void> {
  const page = await context.newPage();
  const devtools = await answerFedcmAtOnce(page);
  await page.goto(`${world.at.globex}/`);
  await waitForLive(page, 'unknown');
  await signInAtNotes(world, context);
  const shown = takeFirstAccount(devtools);
  await page.getByRole('button', { name: 'Sign in with Acme' }).click();
  await shown;
  await page.getByRole('heading', { name: 'You are Ann Almond' }).waitFor();
  await page.close();
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - (sorted.length % 2 === 0 ? 1 : 0)], sorted[middle]];
  return (low + high) / 2;
}
