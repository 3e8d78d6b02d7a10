import { palette } from '../../../gateway/pages/style.ts';

/** A colour for each lane: text on a page or card meets WCAG AA in its scheme. */
const actors = {
  light: {
    browser: '#4a5563',
    notes: '#8a5206',
    photos: '#5a35a8',
    wiki: '#0b5a6f',
    docs: '#6d2f63',
    edge: '#6b4f00',
    globex: '#1f3fbf',
    other: '#63651d',
    gateway: '#0d6350',
    pool: '#a23a1c',
    lambda: '#a02468',
    queue: '#3d6212',
    postgres: '#2a5b95',
  },
  dark: {
    browser: '#b4c0cd',
    notes: '#f0bd6a',
    photos: '#c3adff',
    wiki: '#83d3e6',
    docs: '#e5a8d9',
    edge: '#e6c662',
    globex: '#a9b8ff',
    other: '#d3d57a',
    gateway: '#7ad6bb',
    pool: '#f5a488',
    lambda: '#f2a0ca',
    queue: '#b4d98a',
    postgres: '#93c1f5',
  },
} as const;

const variables = (colours: Readonly<Record<string, string>>, prefix = '') =>
  Object.entries(colours)
    .map(([name, value]) => `--${prefix}${name}:${value};`)
    .join('');

const perActor = Object.keys(actors.light)
  .map(
    (actor) => `.s-${actor}{stroke:var(--a-${actor})}
.f-${actor},.d-${actor}{fill:var(--a-${actor})}
.dot.d-${actor}{background:var(--a-${actor})}
.b-${actor}{color:var(--a-${actor})}
`,
  )
  .join('');

/** The style sheet of the start page and of what happened. */
export const style: string = `
:root{color-scheme:light dark;${variables(palette.light)}${variables(actors.light, 'a-')}}
@media (prefers-color-scheme:dark){:root{${variables(palette.dark)}${variables(actors.dark, 'a-')}}}
*,::before,::after{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;background:var(--page);color:var(--text);
font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",sans-serif;overflow-wrap:anywhere}
h1,h2,h3,h4,p,ul,ol,dl,dd,pre{margin:0;padding:0}
ul,ol{list-style:none}
h1{font-size:clamp(1.5rem,1.25rem + 1.5vw,2.125rem);line-height:1.2;letter-spacing:-.02em;text-wrap:balance}
h2{font-size:1.25rem;line-height:1.3;letter-spacing:-.01em}
h3{font-size:1.0625rem;line-height:1.35}
h4{font-size:1rem}
code,pre{font:.8125rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
pre{max-height:22rem;overflow:auto;padding:.75rem 1rem;border:1px solid var(--line);border-radius:.5rem;background:var(--page);white-space:pre-wrap}
a{color:var(--accent);text-underline-offset:.18em}
svg{display:block;flex:none}
summary{cursor:pointer}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.quiet{color:var(--muted)}
.small{font-size:.875rem}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.top,main,footer{width:100%;max-width:76rem;margin-inline:auto;padding-inline:1rem}
.top{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:.25rem 1.5rem;padding-block:.75rem}
.name{display:flex;align-items:center;gap:.5rem;min-height:2.75rem;color:inherit;font-weight:650;text-decoration:none}
.name svg{color:var(--accent)}
.top nav{display:flex;gap:1.25rem}
.top nav a{display:inline-flex;align-items:center;min-height:2.75rem;color:var(--muted);text-decoration:none;font-weight:550;font-size:.9375rem}
.top nav a:hover,.top nav [aria-current]{color:var(--text)}
.top nav [aria-current]{box-shadow:inset 0 -2px var(--accent)}
main{flex:1 0 auto;display:grid;align-content:start;gap:1.5rem;padding-block:1rem 3rem}
footer{padding-block:1.5rem;font-size:.8125rem;color:var(--muted)}
.hero{display:grid;gap:.75rem;padding-block:.5rem}
.hero.row{display:flex;flex-wrap:wrap;align-items:end;justify-content:space-between}
.hero.row>div:first-child{flex:1 1 22rem;display:grid;gap:.5rem}
.lead{max-width:62ch;font-size:1.0625rem;color:var(--muted);text-wrap:pretty}
.tools{display:flex;align-items:center;gap:1rem}
.live::before{content:"";display:inline-block;width:.5rem;height:.5rem;margin-right:.5rem;border-radius:50%;background:var(--accent)}
.card{padding:clamp(1rem,3vw,1.5rem);background:var(--card);border:1px solid var(--line);border-radius:1rem;display:grid;align-content:start;gap:.875rem;min-width:0}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:1.25rem;align-items:start}
.button{display:inline-flex;align-items:center;justify-content:center;min-height:2.75rem;padding:.5rem 1.25rem;border:1px solid var(--edge);border-radius:.625rem;
background:transparent;color:inherit;font:inherit;font-weight:600;cursor:pointer}
.button:hover{border-color:var(--text)}
.empty{display:grid;justify-items:center;gap:.5rem;padding:3.5rem 1.5rem;border:1px dashed var(--edge);border-radius:1rem;text-align:center}
.error{padding:.75rem 1rem;border-radius:.625rem;background:var(--shut);color:var(--shutInk)}

.doors{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,16rem),1fr));gap:.875rem}
.door{display:grid;align-content:start;gap:.25rem;padding:1.125rem 1.25rem 1.25rem;background:var(--card);border:1px solid var(--line);border-radius:1rem;color:inherit;text-decoration:none}
.door:hover{border-color:var(--accent)}
.door strong{font-size:1.125rem}
.dot{width:.75rem;height:.75rem;margin-bottom:.5rem;border-radius:50%}
.tries{counter-reset:try;display:grid;gap:.875rem}
.tries li{counter-increment:try;position:relative;padding-left:2.5rem}
.tries li::before{content:counter(try);position:absolute;left:0;top:0;display:grid;place-items:center;width:1.625rem;height:1.625rem;border-radius:50%;
background:var(--calm);color:var(--calmInk);font-size:.8125rem;font-weight:650}
.people{display:grid;gap:1rem}
.people li{display:flex;gap:.875rem}
.face{display:grid;place-items:center;flex:none;width:2.5rem;height:2.5rem;border-radius:50%;background:var(--calm);color:var(--calmInk);font-weight:650}
.password{padding:.75rem 1rem;border-radius:.625rem;background:var(--page);border:1px solid var(--line)}
.password code{display:block;font-size:.9375rem;font-weight:600;user-select:all}

.journey{margin-bottom:1.25rem;background:var(--card);border:1px solid var(--line);border-radius:1rem;overflow:clip}
.journey>summary{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:.25rem 1.5rem;padding:.875rem 1.25rem;list-style:none}
.journey>summary::-webkit-details-marker{display:none}
.journey>summary h3{display:flex;align-items:center}
.journey>summary h3::before{content:"";width:.5rem;height:.5rem;margin-right:.875rem;border:solid var(--muted);border-width:0 2px 2px 0;rotate:-45deg}
.journey[open]>summary h3::before{rotate:45deg;translate:0 -2px}
.journey>summary:hover h3{text-decoration:underline;text-underline-offset:.2em}
.journey>summary:focus-visible{outline-offset:-3px;border-radius:1rem}
.facts{display:flex;flex-wrap:wrap;gap:.125rem .875rem;font-size:.8125rem;color:var(--muted)}
.facts time{font-variant-numeric:tabular-nums}
.lanes{position:sticky;top:0;z-index:1;display:none;background:var(--card);border-block:1px solid var(--line)}
.lanes svg{margin-left:.5rem}
.lanes text{font-size:11px;font-weight:650}
.journey ol{border-top:1px solid var(--line)}
.step{padding:.875rem 1.25rem;display:grid;gap:1rem}
.step+.step{border-top:1px solid var(--line)}
.wires{display:none}
.said{position:relative;display:grid;gap:.3125rem;min-width:0}
.who{padding-right:5rem;display:flex;flex-wrap:wrap;align-items:center;gap:.25rem .375rem;font-size:.8125rem;color:var(--muted)}
.who code{margin-left:.25rem;font-size:.75rem}
.pill{padding:.0625rem .5rem;border:1px solid currentColor;border-radius:1rem;font-size:.75rem;font-weight:600;white-space:nowrap}
.words{max-width:62ch;text-wrap:pretty}
.major .words{font-weight:550}
.cookie .words,.pool .words{font-size:.9375rem}
.bad .words{color:var(--shutInk)}
.chips,.claims{display:flex;flex-wrap:wrap;gap:.375rem;font-size:.75rem}
.chips li{padding:.0625rem .5rem;border-radius:.375rem;background:var(--page);border:1px solid var(--line)}
.claims{display:grid;gap:.125rem;padding:.5rem .75rem;border-left:3px solid var(--accent);background:var(--page);border-radius:0 .375rem .375rem 0;font-size:.8125rem}
.claims div{display:flex;gap:.75rem}
.claims dt{flex:none;width:6.5rem;color:var(--muted)}
.more>summary{display:inline-flex;align-items:center;min-height:1.75rem;font-size:.8125rem;color:var(--muted)}
.more>summary::before{content:"+";width:1rem}
.more[open]>summary::before{content:"–"}
.more[open]>summary{margin-bottom:.375rem}
.said>.more>summary{position:absolute;right:0;top:-.125rem}
.said>.more[open]{margin-top:.375rem}
.more>summary:hover{color:var(--text)}
.facts-list{display:grid;grid-template-columns:minmax(5rem,max-content) 1fr;gap:.25rem 1rem;font-size:.8125rem}
.facts-list dt{color:var(--muted)}
.facts-list dd{min-width:0}
.now{display:grid;gap:1rem;margin-top:.5rem}
.rows{display:grid;gap:.5rem;padding-block:.75rem}
.rows+.rows,.rows+.more{border-top:1px solid var(--line)}
@media (max-width:40rem){.who code{flex:1 0 100%;margin:0 -5rem 0 0}}
@media (max-width:30rem){.facts-list{grid-template-columns:1fr;gap:0}.facts-list dd{margin-bottom:.375rem}.step,.journey>summary{padding-inline:1rem}.claims dt{width:5.5rem}}
@media (min-width:62rem){
.lanes{display:block}
.journey ol{border-top:0}
.step{grid-template-columns:auto 1fr;padding:0 1.25rem 0 .5rem;gap:1.25rem}
.step+.step{border-top:0}
.step+.step .said{border-top:1px solid var(--line)}
.said{padding-block:.625rem .75rem}
.said>.more>summary{top:.5rem}
.wires{display:block;height:0;min-height:100%}
.life{stroke-opacity:.28;stroke-width:1.5}
.go{fill:none;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.back{stroke-dasharray:4 4;stroke-opacity:.75}
}
${perActor}`;
