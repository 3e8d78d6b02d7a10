import { describe, expect, it } from 'vitest';
import { type BounceFacts, type Facts, nextStep, type Step } from './ladder.ts';

const bounce: BounceFacts = { wanted: true, embedded: false, visible: true, earlier: null };
const page = { server: true, gateway: true, fedcm: true, bounce } as const;
const out = { ...page, own: 'signed-out' } as const;
const hidden = { ...out, frame: 'unknown' } as const;
const last = { ...hidden, silentFedcm: false } as const;

describe('the next step', () => {
  it.each<[string, Facts, Step]>([
    ['begins with the app’s own session', page, 'own'],
    ['ends with a session of the app', { ...page, own: 'signed-in' }, 'signed-in'],
    [
      'ends where the app’s server doesn’t answer: it could not redeem anything',
      { ...page, own: 'unknown' },
      'unknown',
    ],
    ['asks the frame', out, 'frame'],
    ['redeems the frame’s code', { ...out, frame: 'code' }, 'redeem'],
    ['believes the frame that nobody is signed in, and goes no further', { ...out, frame: 'signed-out' }, 'signed-out'],
    ['goes on to FedCM where the frame sees no cookies', hidden, 'fedcm'],
    [
      'goes on to FedCM where the frame knows of a session, but may give no code',
      { ...out, frame: 'signed-in' },
      'fedcm',
    ],
    ['redeems FedCM’s code', { ...hidden, silentFedcm: true }, 'redeem'],
    ['bounces in the end', last, 'bounce'],
    ['bounces where there is no FedCM', { ...hidden, fedcm: false }, 'bounce'],
    ['is signed in by a code', { ...out, frame: 'code', redeemed: 'signed-in' }, 'signed-in'],
    ['tries no second code after one that was refused', { ...out, frame: 'code', redeemed: 'signed-out' }, 'unknown'],
    ['says nothing of a code that nobody knows the end of', { ...out, frame: 'code', redeemed: 'unknown' }, 'unknown'],
    ['sends nobody to a gateway that refuses the page', { ...out, frame: 'refused' }, 'unknown'],
    ['sends nobody to a gateway that is down', { ...out, frame: 'unreachable' }, 'unknown'],
    ['bounces by the app’s server where the script has the wrong gateway', { ...out, gateway: false }, 'bounce'],
  ])('%s', (_, facts, step) => expect(nextStep(facts)).toBe(step));

  it.each<[string, Partial<BounceFacts>]>([
    ['the app wants none, or the browser just came back', { wanted: false }],
    ['the page is in a frame', { embedded: true }],
    ['nobody looks at the page', { visible: false }],
    ['the tab had one', { earlier: '1' }],
    ['the tab can’t remember one', { earlier: undefined }],
  ])('is no bounce where %s', (_, changes) =>
    expect(nextStep({ ...last, bounce: { ...bounce, ...changes } })).toBe('unknown'),
  );

  it.each<[string, Partial<Facts>, Step]>([
    ['is asked of the frame', {}, 'frame'],
    ['is what the frame says', { frame: 'signed-in' }, 'signed-in'],
    ['is signed out by its word alone', { frame: 'signed-out' }, 'signed-out'],
    ['is unknown where cookies are hidden, without FedCM or a bounce', { frame: 'unknown' }, 'unknown'],
    ['is unknown where the gateway refuses', { frame: 'refused' }, 'unknown'],
    ['is unknown without a gateway', { gateway: false }, 'unknown'],
  ])('without a server side the state %s', (_, changes, step) =>
    expect(nextStep({ ...page, server: false, ...changes })).toBe(step),
  );
});
