// SPDX-License-Identifier: MIT

/**
 * The style sheet of a report. The colours are those of Okabe and Ito, which people who confuse colours can tell apart, lighter on
 * a dark page; grey is gcc.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --panel: #f6f7f9; --text: #1d2129; --soft: #5c6470; --line: #d9dde3; --strong: #8a929e;
  --good: #00714f; --bad: #b3400a;
  --gccO2: #7d8590; --gccOs: #b4bac3; --guarded: #e08e00; --contract: #0072b2; --unguarded: #009e73;
  --interpreter: #b8639a; --contractOs: #4ba3d8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171c; --panel: #1c2027; --text: #e4e7ec; --soft: #9aa3b0; --line: #2f353f; --strong: #6c7583;
    --good: #4fd1a5; --bad: #ff9a66;
    --gccO2: #949dab; --gccOs: #646c79; --guarded: #f0a92e; --contract: #4aa8e8; --unguarded: #2cc295;
    --interpreter: #dd8fc0; --contractOs: #8fcaf2;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 68rem; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 .75rem; padding-top: .75rem; border-top: 2px solid var(--line); }
h3 { font-size: 1.02rem; margin: 2rem 0 .5rem; }
p, li { max-width: 50rem; }
.soft, figcaption { color: var(--soft); font-size: .875rem; }
nav a { margin-right: 1rem; }
a { color: var(--contract); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .75rem; margin: 1rem 0; padding: 0; }
.tiles li {
  list-style: none; background: var(--panel); border: 1px solid var(--line); border-radius: .5rem; padding: .7rem .9rem;
}
.tiles b { display: block; font-size: 1.6rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tiles span { display: block; color: var(--soft); font-size: .8rem; line-height: 1.35; }
figure { margin: 1rem 0 2rem; }
svg { display: block; width: 100%; height: auto; font: 11px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
svg text { fill: var(--text); font-variant-numeric: tabular-nums; }
svg .tick, svg .value { fill: var(--soft); font-size: 10px; }
svg .value { paint-order: stroke; stroke: var(--page); stroke-width: 3px; stroke-linejoin: round; }
svg .name { font-size: 12px; }
svg .mean { font-weight: 600; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .rule { stroke: var(--strong); stroke-width: 1; }
svg .mark { stroke: var(--text); stroke-width: 1.25; stroke-dasharray: 4 3; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin: .4rem 0; padding: 0; font-size: .85rem; }
.legend li { list-style: none; }
.legend i { display: inline-block; width: .8rem; height: .8rem; border-radius: .15rem; margin-right: .35rem; vertical-align: -.08rem; }
.gccO2 { fill: var(--gccO2); background: var(--gccO2); }
.gccOs { fill: var(--gccOs); background: var(--gccOs); }
.guarded { fill: var(--guarded); background: var(--guarded); }
.contract { fill: var(--contract); background: var(--contract); }
.unguarded { fill: var(--unguarded); background: var(--unguarded); }
.interpreter { fill: var(--interpreter); background: var(--interpreter); }
.contractOs { fill: var(--contractOs); background: var(--contractOs); }
.wide { overflow-x: auto; margin: .75rem 0 1.5rem; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { padding: .28rem .7rem; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; }
th { font-weight: 600; background: var(--panel); vertical-align: bottom; }
th[scope="row"] { font-weight: 500; background: none; }
.n { text-align: right; }
td small { color: var(--soft); font-size: .95em; display: inline-block; min-width: 2.6rem; text-align: right; }
.last th, .last td { border-top: 2px solid var(--strong); font-weight: 600; }
.good { color: var(--good) !important; }
.bad { color: var(--bad) !important; }
.peers { border: 1px solid var(--line); border-left: 4px solid var(--strong); border-radius: .4rem; padding: .25rem 1.1rem .5rem; margin-top: 2rem; }
.peers h2 { border: 0; margin-top: .75rem; padding-top: 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; font-size: .875rem; }
dt { color: var(--soft); }
dd { margin: 0; }
pre { font-size: .75rem; overflow-x: auto; background: var(--panel); border: 1px solid var(--line); border-radius: .4rem; padding: .75rem; }
@media print { body { max-width: none; } figure, .tiles { break-inside: avoid; } }
`;
