import { hash } from 'node:crypto';

/**
 * The colours, once for each colour scheme. `style.test.ts` holds every pair that meets on a page to WCAG AA.
 *
 * `edge` draws what has to be seen (borders of controls), `line` what only separates.
 */
export const palette = {
  light: {
    page: '#f5f5f1',
    card: '#ffffff',
    text: '#17201d',
    muted: '#56615d',
    line: '#e3e4de',
    edge: '#858f8a',
    accent: '#0d6350',
    strong: '#0a4d3e',
    onAccent: '#ffffff',
    calm: '#e4f0ec',
    calmInk: '#0d5c4a',
    wait: '#fbefd9',
    waitInk: '#7f4d05',
    shut: '#f9e6e3',
    shutInk: '#98321f',
  },
  dark: {
    page: '#101513',
    card: '#181f1c',
    text: '#e9eeeb',
    muted: '#a3b0aa',
    line: '#29322e',
    edge: '#6f7d77',
    accent: '#7ad6bb',
    strong: '#9be6cf',
    onAccent: '#07261e',
    calm: '#1b342c',
    calmInk: '#8adcc4',
    wait: '#382b12',
    waitInk: '#f0c274',
    shut: '#3b211c',
    shutInk: '#f3aa9b',
  },
} as const;

/** Grounds of the letter tiles, in both schemes, each under a white letter. An app keeps its colour. */
export const tileGrounds = ['#0f6b57', '#34589f', '#7d4792', '#9a4a2c', '#63651d', '#465763'] as const;

const variables = (colours: Readonly<Record<string, string>>) =>
  Object.entries(colours)
    .map(([name, value]) => `--${name}:${value};`)
    .join('');

// A line break and the indentation after it are dropped below: break lines only where no space is meant.
const source = `
:root{color-scheme:light dark;${variables(palette.light)}}
@media (prefers-color-scheme:dark){:root{${variables(palette.dark)}}}
*,::before,::after{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{
  margin:0;min-height:100vh;min-height:100svh;display:flex;flex-direction:column;
  background:var(--page);color:var(--text);
  font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",sans-serif;
  -webkit-font-smoothing:antialiased;overflow-wrap:anywhere
}
h1,h2,p,ul,ol,dl,dd{margin:0;padding:0}
ul,ol{list-style:none}
h1{font-size:clamp(1.375rem,1.2rem + 1vw,1.625rem);line-height:1.25;letter-spacing:-.015em;text-wrap:balance}
h2{font-size:1rem;line-height:1.4;letter-spacing:-.005em}
h1,h2,strong{font-weight:650}
p{text-wrap:pretty}
code{font:.875em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
svg{display:block;flex:none}
:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
.quiet{color:var(--muted)}
.small{font-size:.875rem}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}

.top,main,.foot{width:100%;max-width:33rem;margin-inline:auto;padding-inline:1rem}
.wide .top,.wide main,.wide .foot{max-width:46rem}
.top{display:flex;align-items:center;gap:.5rem;padding-block:clamp(1.125rem,8vh - 1.5rem,5rem) 1.25rem;font-weight:650;letter-spacing:-.01em}
.top svg{color:var(--accent)}
main{flex:1 0 auto}
.foot{padding-block:1.75rem 1.25rem;font-size:.8125rem;color:var(--muted)}
.arcade{width:100%;height:26px;color:var(--line)}

.card{
  background:var(--card);border:1px solid var(--line);border-radius:1rem;
  padding:clamp(1.375rem,5vw,2.25rem);box-shadow:0 1px 2px #0000000a,0 12px 32px -16px #0000001f
}
.stack>*+*{margin-top:.75rem}
.badge{
  display:grid;place-items:center;width:3rem;height:3rem;margin-bottom:1.25rem;border-radius:50%;
  background:var(--calm);color:var(--calmInk)
}
.wait .badge{background:var(--wait);color:var(--waitInk)}
.shut .badge{background:var(--shut);color:var(--shutInk)}

.actions{display:flex;flex-wrap:wrap;gap:.75rem}
.stack>.actions{margin-top:1.75rem}
.button{
  display:inline-flex;align-items:center;justify-content:center;min-height:2.75rem;padding:.5rem 1.25rem;
  border:1px solid transparent;border-radius:.625rem;font:inherit;font-weight:600;line-height:1.25;text-align:center;
  text-decoration:none;cursor:pointer;background:var(--accent);color:var(--onAccent)
}
.button:hover{background:var(--strong)}
.button.plain{background:transparent;border-color:var(--edge);color:var(--text)}
.button.plain:hover{border-color:var(--text)}

.quote{
  display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin-top:1.75rem;padding-top:1.25rem;
  border-top:1px solid var(--line);font-size:.875rem
}
.quote>p{grid-column:1/-1}
.quote dl{display:contents}
.quote code{font-size:.9375em;user-select:all}

.who{display:flex;flex-wrap:wrap;align-items:center;gap:1rem 1.125rem}
.who>div{flex:1 1 11rem;min-width:0}
.face{
  display:grid;place-items:center;flex:none;width:3.5rem;height:3.5rem;border-radius:50%;overflow:hidden;
  background:var(--calm);color:var(--calmInk);font-size:1.25rem;font-weight:600;line-height:1
}
.face.little{width:2.5rem;height:2.5rem;font-size:1rem}
.person{display:flex;align-items:center;gap:.875rem;padding:.875rem 1rem;border:1px solid var(--line);border-radius:.75rem}
.person>div{min-width:0;line-height:1.4}
.stack>.person{margin-block:1.25rem}
.roles{display:flex;flex-wrap:wrap;gap:.375rem;margin-top:.5rem}
.roles li,.tag{
  padding:.0625rem .5625rem;border-radius:1rem;background:var(--calm);color:var(--calmInk);
  font-size:.8125rem;font-weight:550
}
.since{margin:1.5rem 0 -.5rem;padding-top:1rem;border-top:1px solid var(--line)}
.since span{display:inline-block}
.dot{margin-inline:.125em}
.since a{color:var(--accent);text-underline-offset:.2em}

.sessions{margin-top:1.25rem}
.sessions li{
  display:flex;flex-wrap:wrap;align-items:center;gap:.75rem 1rem;padding-block:1.125rem;border-top:1px solid var(--line)
}
.sessions .badge{flex:none;width:2.5rem;height:2.5rem;margin:0}
.about{flex:1 1 11rem;min-width:0;line-height:1.45}
.about p span{display:inline-block}
.about strong{margin-inline-end:.375rem}
.tag{display:inline-block;white-space:nowrap}
.more{padding-bottom:1rem}
.else{display:flex;flex-wrap:wrap;align-items:center;gap:1rem;padding-top:1.25rem;border-top:1px solid var(--line)}
p.else{margin-bottom:-.5rem}
.else p{flex:1 1 14rem}
.back{margin-top:1.25rem}

.apps{margin-top:2rem}
.apps h2{margin-bottom:.75rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,13.5rem),1fr));gap:.75rem}
.tile{
  display:flex;align-items:center;gap:.875rem;height:100%;min-height:4.5rem;padding:.875rem 1rem;
  background:var(--card);border:1px solid var(--line);border-radius:.875rem;color:inherit;text-decoration:none
}
.tile:hover{border-color:var(--accent)}
.tile>span:last-child{min-width:0;line-height:1.35}
.tile strong,.tile small{display:block}
.tile small{font-size:.8125rem;color:var(--muted)}
.letter{
  display:grid;place-items:center;flex:none;width:2.5rem;height:2.5rem;border-radius:.625rem;overflow:hidden;
  color:#fff;font-size:1.125rem;font-weight:650;line-height:1
}
${tileGrounds.map((ground, i) => `.t${i}{background:${ground}}`).join('')}
.empty{padding:1.5rem;border:1px dashed var(--edge);border-radius:.875rem;text-align:center}

.causes{counter-reset:cause;display:grid;gap:1.25rem}
.stack>.causes{margin-top:1.5rem}
.causes li{counter-increment:cause;display:grid;grid-template-columns:1.75rem 1fr;column-gap:.875rem}
.causes li::before{
  content:counter(cause);display:grid;place-items:center;width:1.75rem;height:1.75rem;border-radius:50%;
  border:1px solid var(--edge);font-size:.875rem;font-weight:600;line-height:1
}
.causes h2{padding-top:.125rem}
.causes p{grid-column:2;margin-top:.125rem;color:var(--muted)}

@media (max-width:26rem){.since .dot,.about .dot{display:none}.actions .button,.who form,.who .button,.sessions form,.sessions .button,.else form,.else .button{width:100%}}
@media (prefers-reduced-motion:no-preference){
  .button,.tile{transition:background-color .15s,border-color .15s,transform .15s}
  .button:active{transform:translateY(1px)}
}
`;

/** The style sheet, exactly as it stands between `<style>` and `</style>` on every page. */
export const style: string = source.replace(/\s*\n\s*/g, '');

/**
 * CSP source that allows {@link style} and no other style.
 *
 * @see https://www.w3.org/TR/CSP3/#external-hash
 */
export const styleSource: string = `'sha256-${hash('sha256', style, 'base64')}'`;
