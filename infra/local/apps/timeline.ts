import { html, raw } from 'hono/html';
import type { Step } from '../journal.ts';
import { type Actor, type Cast, lanes, movement, names } from './cast.ts';
import { inWords, journeyTitle } from './in-words.ts';
import type { Html } from './page.ts';

/** What all lanes take together is the text's no more; below the least, names would run into each other. */
const laneWidths = { least: 53, most: 66, together: 660 };
const laneWidth = (shown: readonly Actor[]): number =>
  Math.max(laneWidths.least, Math.min(laneWidths.most, Math.floor(laneWidths.together / shown.length)));

/** Lanes that are shown only where something happened in them. */
const mayBeAbsent: ReadonlySet<Actor> = new Set(['wiki', 'docs', 'edge', 'globex', 'other', 'queue']);

/** Journeys, the newest first; in each, its steps in their order. The newest two stand open. */
export function timeline(steps: readonly Step[], cast: Cast): Html {
  const journeys = new Map<number, Step[]>();
  for (const step of [...steps].sort((a, b) => a.order - b.order)) {
    journeys.set(step.journey, [...(journeys.get(step.journey) ?? []), step]);
  }
  const shown = lanes.filter(
    (lane) => !mayBeAbsent.has(lane) || steps.some((step) => Object.values(movement(step, cast)).includes(lane)),
  );
  return html`${[...journeys].sort(([a], [b]) => b - a).map(([id, all], i) => journey(id, all, shown, cast, i < 2))}`;
}

function journey(id: number, steps: readonly Step[], shown: readonly Actor[], cast: Cast, open: boolean): Html {
  const count = (kind: Step['kind']) => steps.filter((step) => step.kind === kind).length;
  const facts = [
    counted(count('redirect'), 'redirect', 'redirects'),
    counted(count('trigger'), 'trigger', 'triggers'),
    counted(count('edge'), 'edge function', 'edge functions'),
    counted(count('cookie'), 'cookie', 'cookies'),
  ].filter((fact) => fact !== undefined);
  return html`<details class="journey" id="journey-${id}"${open ? raw(' open') : ''}>
<summary><h3>${journeyTitle(steps, cast)}</h3><p class="facts">${clockTime(steps[0]?.at ?? 0)}${facts.map((fact) => html`<span>${fact}</span>`)}</p></summary>
<div class="lanes" aria-hidden="true">${heads(shown)}<span></span></div>
<ol>${steps.map((step) => row(step, shown, cast))}</ol>
</details>`;
}

const counted = (count: number, one: string, many: string): string | undefined =>
  count === 0 ? undefined : `${count} ${count === 1 ? one : many}`;

function clockTime(at: number): Html {
  const iso = new Date(at * 1000).toISOString();
  return html`<time datetime="${iso}">${iso.slice(11, 19)} UTC</time>`;
}

const middle = (shown: readonly Actor[], actor: Actor): number => (shown.indexOf(actor) + 0.5) * laneWidth(shown);

function heads(shown: readonly Actor[]): Html {
  return html`<svg width="${shown.length * laneWidth(shown)}" height="28">${shown.map(
    (actor) =>
      html`<text class="f-${actor}" x="${middle(shown, actor)}" y="18" text-anchor="middle">${names[actor]}</text>`,
  )}</svg>`;
}

function row(step: Step, shown: readonly Actor[], cast: Cast): Html {
  const { from, to } = movement(step, cast);
  const { kind, details, summary, id } = step;
  const minor = kind === 'cookie' || kind === 'pool' || details.by === undefined ? '' : ' major';
  const bad = isBad(step) ? ' bad' : '';
  return html`<li class="step ${kind}${minor}${bad}">${wires(step, shown, cast)}
<div class="said">
<p class="who"><span class="pill b-${from}">${names[from]}</span>${from === to ? '' : html`<span class="to" aria-label="to">→</span><span class="pill b-${to}">${names[to]}</span>`}<code>${summary}</code></p>
<p class="words">${inWords(step, cast)}</p>
${extras(step)}
<details class="more" id="step-${id}"><summary>Details</summary>${facts(details)}</details>
</div></li>`;
}

const isBad = ({ details }: Step): boolean =>
  Number(details.status) >= 400 ||
  details.error !== undefined ||
  ['sign-in-refused', 'trigger-failed', 'token-refused', 'dead-lettered'].includes(String(details.event));

/** Lifelines, and the arrow of this step. The text beside it says the same. */
function wires(step: Step, shown: readonly Actor[], cast: Cast): Html {
  const { from, to, answered } = movement(step, cast);
  const [a, b] = [middle(shown, from), middle(shown, to)];
  const lifelines = shown.map(
    (actor) =>
      html`<line class="life s-${actor}" x1="${middle(shown, actor)}" x2="${middle(shown, actor)}" y1="0" y2="100%"/>`,
  );
  const line = (y: number, start: number, end: number, colour: Actor, dashed: boolean) => {
    const tail = end - Math.sign(end - start) * 7;
    return html`<path class="go s-${colour}${dashed ? ' back' : ''}" d="M${start} ${y}H${end}"/><path class="go s-${colour}" d="M${tail} ${y - 4}L${end} ${y}L${tail} ${y + 4}"/>`;
  };
  const arrow =
    a === b
      ? html`<circle class="d-${to}" cx="${b}" cy="22" r="5"/>`
      : html`<circle class="d-${from}" cx="${a}" cy="22" r="3.5"/>${line(22, a, b, answered ? to : from, !answered)}${answered ? line(36, b, a, to, true) : ''}`;
  return html`<svg class="wires" width="${shown.length * laneWidth(shown)}" aria-hidden="true">${lifelines}${arrow}</svg>`;
}

/** What is worth seeing at first sight. */
function extras({ kind, details }: Step): Html | '' {
  const { claims } = details;
  const chips: string[] = [];
  if (kind === 'cookie') {
    const { domain, flags, maxAge, action } = details;
    chips.push(typeof domain === 'string' ? `for ${domain} and below` : 'for this host alone');
    if (action === 'set') chips.push(lifetime(maxAge));
    if (Array.isArray(flags)) chips.push(...flags.map(String).filter((flag) => flag !== 'Path=/'));
  }
  if (kind === 'trigger' || kind === 'edge') chips.push(`${details.durationMs} ms`);
  if (details.times !== undefined) chips.push(`${details.times} times so far`);
  const said = typeof claims === 'object' && claims !== null ? Object.entries(claims) : [];
  const telling = said.filter(([name]) => ['uid', 'sub', 'name', 'roles', 'permissions'].includes(name));
  if (chips.length === 0 && telling.length === 0) return '';
  return html`${chips.length > 0 ? html`<ul class="chips">${chips.map((chip) => html`<li>${chip}</li>`)}</ul>` : ''}${
    telling.length > 0
      ? html`<dl class="claims">${telling.map(([name, value]) => html`<div><dt>${name}</dt><dd>${inline(value)}</dd></div>`)}</dl>`
      : ''
  }`;
}

function lifetime(seconds: unknown): string {
  if (typeof seconds !== 'number') return 'until the browser closes';
  if (seconds >= 7200) return `for ${Math.round(seconds / 3600)} hours`;
  return seconds >= 120 ? `for ${Math.round(seconds / 60)} minutes` : `for ${seconds} seconds`;
}

const inline = (value: unknown): string =>
  Array.isArray(value) ? (value.length === 0 ? 'none' : value.join(', ')) : String(value);

function facts(details: Readonly<Record<string, unknown>>): Html {
  return html`<dl class="facts-list">${Object.entries(details)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => html`<dt>${name}</dt><dd>${fact(value)}</dd>`)}</dl>`;
}

function fact(value: unknown): Html {
  if (typeof value !== 'object') return html`<code>${String(value)}</code>`;
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) return html`<code>${inline(value)}</code>`;
  if (value !== null && Object.keys(value).length === 0) return html`<span class="quiet">none</span>`;
  return html`<pre tabindex="0">${JSON.stringify(value, undefined, 2)}</pre>`;
}
