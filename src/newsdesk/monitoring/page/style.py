"""How the page looks: in the light, in the dark, on a phone, on paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --ground: #f3f5f7; --card: #fff; --ink: #15202b; --quiet: #52606d; --edge: #d8dee4; --grid: #e6eaee;
  --first: #0b5cad; --band: #0b5cad26; --second: #9a4a00; --limit: #b3261e;
  --good: #14673a; --watch: #7d5200; --bad: #b3261e; --unknown: #52606d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f151b; --card: #19212a; --ink: #e8edf2; --quiet: #a9b6c3; --edge: #34404c; --grid: #2a343f;
    --first: #74b4ff; --band: #74b4ff33; --second: #f2a65e; --limit: #ff8f86;
    --good: #74d6a0; --watch: #f0c254; --bad: #ff8f86; --unknown: #a9b6c3;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Liberation Sans", sans-serif;
}
header, main, footer { max-width: 1180px; margin: 0 auto; padding: 0 16px; }
header { padding-top: 28px; }
h1, h2, h3, p, ul, figure { margin: 0; padding: 0; }
h1 { font-size: 15px; font-weight: 600; color: var(--quiet); }
h2 { font-size: 20px; line-height: 1.3; margin: 36px 0 12px; }
h3 { font-size: 15px; }
code { font: 13px ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.note { color: var(--quiet); font-size: 13px; }
.headline {
  display: flex; gap: 14px; align-items: flex-start; margin: 10px 0 16px; padding: 18px 20px; background: var(--card);
  border: 1px solid var(--edge); border-left: 6px solid var(--tone); border-radius: 8px;
  font-size: 19px; line-height: 1.4; font-weight: 600;
}
.headline svg { flex: none; width: 28px; height: 28px; color: var(--tone); }
.good { --tone: var(--good); } .watch { --tone: var(--watch); }
.bad { --tone: var(--bad); } .unknown { --tone: var(--unknown); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 0; }
.facts div, figure, .card {
  background: var(--card); border: 1px solid var(--edge); border-radius: 8px; padding: 14px 16px; min-width: 0;
}
.facts div { display: flex; flex-direction: column; }
.facts dt { color: var(--quiet); font-size: 13px; }
.facts dd { margin: 0; font-size: 24px; line-height: 1.3; font-weight: 600; font-variant-numeric: tabular-nums; }
.facts .note { font-size: 12.5px; font-weight: 400; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 12px; }
.small { grid-template-columns: repeat(auto-fit, minmax(min(100%, 270px), 1fr)); }
.grid > .whole { grid-column: 1 / -1; }
section > * + .grid { margin-top: 12px; }
section > .note { margin: 0 0 12px; }
section > .below { margin: 12px 0 0; }
.card > .scroll + p { margin-top: 12px; }
svg { display: block; overflow: visible; }
figure > svg { margin-top: 10px; }
figure > svg.over-time { width: calc(100% - 54px); margin-left: 48px; }
.small .wide { display: none; }
svg text { font-size: 11.5px; fill: var(--quiet); font-variant-numeric: tabular-nums; }
svg text.name { fill: var(--ink); font-size: 13px; }
svg path, svg line { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; }
svg .grid { stroke: var(--grid); stroke-width: 1; }
svg .first { stroke: var(--first); stroke-linejoin: round; }
svg .second { stroke: var(--second); stroke-dasharray: 6 3; }
svg .level { stroke: var(--quiet); stroke-dasharray: 2 3; stroke-width: 1.5; }
svg .limit { stroke: var(--limit); stroke-dasharray: 9 4; stroke-width: 1.5; }
svg .band { fill: var(--band); stroke: none; }
svg .dot { stroke-width: 4.5; stroke-linecap: round; stroke-dasharray: none; }
svg .alarm { stroke: var(--bad); stroke-width: 9; stroke-linecap: square; }
svg .aside { stroke: var(--quiet); stroke-width: 9; stroke-linecap: square; }
svg .bar { fill: var(--first); }
svg .hollow { fill: var(--card); stroke: var(--quiet); stroke-width: 1.5; }
ul.card { padding-left: 34px; }
.texts { padding-left: 18px; }
.texts li { margin-top: 8px; overflow-wrap: anywhere; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 18px; list-style: none; margin-top: 8px; font-size: 13px; }
.legend li { display: flex; align-items: center; gap: 7px; }
details { margin-top: 10px; font-size: 13px; }
summary { cursor: pointer; color: var(--first); }
.scroll { overflow-x: auto; }
.scroll + .scroll { margin-top: 20px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
details table { font-size: 13px; }
caption { text-align: left; font-weight: 600; padding-bottom: 6px; }
details caption { font-weight: 400; color: var(--quiet); padding-top: 8px; }
th, td { padding: 6px 14px 6px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--grid); }
thead th { color: var(--quiet); font-size: 12.5px; font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 400; }
tbody tr:last-child > * { border-bottom: 0; }
tr > :last-child:not(.figure) { min-width: 14em; }
.figure { text-align: right; white-space: nowrap; }
.state { white-space: nowrap; font-weight: 600; color: var(--tone); }
footer { margin-top: 36px; padding-bottom: 40px; color: var(--quiet); font-size: 13px; }
:focus-visible { outline: 2px solid var(--first); outline-offset: 2px; }
@media (max-width: 600px) {
  header { padding-top: 16px; } .headline { font-size: 17px; padding: 14px; } .facts dd { font-size: 20px; }
  .facts { grid-template-columns: 1fr 1fr; } .wide { display: none; }
}
@media print { body { background: none; } figure, .card { break-inside: avoid; } }
"""
