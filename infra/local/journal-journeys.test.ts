import { describe, expect, it } from 'vitest';
import { createJourneys } from './journal-journeys.ts';

const clock = () => 1_800_000_000;
const goes = (host: string, target: string) =>
  ({ host, target, method: 'GET', by: 'navigation', sameOrigin: false }) as const;

describe('a frame, and FedCM', () => {
  const asks = (host: string, target: string, by: 'page' | 'frame' | 'fedcm', from?: string, isPoll = false) =>
    ({ host, target, method: 'POST', by, from, sameOrigin: false, isPoll }) as const;

  it('belong to the page around, whose host is another', () => {
    const journeys = createJourneys(clock);
    journeys.arrive(goes('auth.localhost', '/')).leave();
    const page = journeys.arrive(goes('globex.localhost', '/'));
    page.leave();
    journeys.arrive(goes('notes.localhost', '/')).leave();
    const parts = [
      asks('auth.localhost', '/frame?client_id=globex', 'frame', 'globex.localhost'),
      asks('auth.localhost', '/frame/check', 'page', 'auth.localhost'),
      asks('auth.localhost', '/fedcm/accounts', 'fedcm'),
      asks('globex.localhost', '/sso/callback', 'page', 'globex.localhost'),
    ].map((one) => journeys.arrive(one).journey);
    expect(new Set(parts)).toEqual(new Set([page.journey]));
    const own = journeys.arrive(asks('auth.localhost', '/session', 'page', 'auth.localhost'));
    expect(own.journey).not.toBe(page.journey);
  });

  it('begin a journey of their own where a page that was left standing does something new; looking is nothing new', () => {
    let now = clock();
    const journeys = createJourneys(() => now);
    const page = journeys.arrive(goes('globex.localhost', '/'));
    page.leave();
    journeys.arrive(goes('notes.localhost', '/')).leave();
    now += 60;
    const look = journeys.arrive(asks('globex.localhost', '/sso/session', 'page', 'globex.localhost', true));
    expect(look.journey).toBe(page.journey);
    const click = journeys.arrive(asks('globex.localhost', '/sso/challenge', 'page', 'globex.localhost'));
    expect(click.journey).not.toBe(page.journey);
    const next = journeys.arrive(asks('globex.localhost', '/sso/callback', 'page', 'globex.localhost'));
    expect(next.journey).toBe(click.journey);
  });
});
