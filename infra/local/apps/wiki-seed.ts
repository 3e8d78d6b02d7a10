import type { Draft, Writer } from './wiki-store.ts';

const welcome = `This wiki has no sign-in of its own: no cookie, no token, not a line about it. The gateway stands in front, and hands on whoever may pass, with their id and name in four headers.

## What to try
- Read [[House rules]], or anything else that **everybody who is signed in** may read.
- Change a page. Only the roles \`editor\` and \`admin\` may: a rule of the gateway says so for all below \`/edit\`.
- Open this page in two browsers, write in one, and watch the other.
- Sign out at Notes and look here: the gateway closes the stream that keeps this page live.

There is a page about [[Lunch]] already. Nobody has written about [[Parking]].`;

const rules = `## In the office
- Whoever empties the pot makes the next one.
- The meeting room is called **Aquarium** because everybody can see you.

## In here
- Write what you know. Somebody will mend the commas.
- Nothing is lost: each edit stays in the page’s history.`;

const lunchAtFirst = `Fridays at half past twelve, in the kitchen.`;

const lunch = `Fridays at half past twelve, in the kitchen.

- **Ann** brings bread.
- **Bob** brings what he calls soup.
- \`cyd@acme.test\` would like to add something, and may not: ask the gateway.`;

/** What the wiki holds at its first start, in the order in which it was written. */
export function firstPages(ann: Writer, bob: Writer): readonly (Omit<Draft, 'base'> & { readonly writer: Writer })[] {
  return [
    { slug: 'lunch', title: 'Lunch', body: lunchAtFirst, note: 'Begun', writer: ann },
    { slug: 'house-rules', title: 'House rules', body: rules, note: '', writer: ann },
    { slug: 'lunch', title: 'Lunch', body: lunch, note: 'Who brings what', writer: bob },
    { slug: 'welcome', title: 'Welcome', body: welcome, note: '', writer: ann },
  ];
}
