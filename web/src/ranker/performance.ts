// What the record of trades proves, and what it does not.

import { count, unknown } from "../shared/format.js";
import { type Axis, empty, html, intervalBar, jumps, money, nothing, percent, signedPercent, type Piece } from "./show.js";
import type { Report, ReportRow, State } from "./types.js";

const axis: Axis = { low: -1, high: 1 };

export function performance(state: State, report: Report | null): Piece {
  if (state.trade === null) return panel(nothing, empty("Nothing is traded, so there is no record to judge."));
  if (report === null) return panel(nothing, empty("The report is on its way."));
  const groups: [string, ReportRow[]][] = [["By asset", report.assets], ["By kind", report.kinds], ["By policy", report.policies]];
  return panel(html`<span class="pill ${report.verdict.finding === "edge" ? "good" : report.verdict.finding === "loss" ? "bad" : ""}">${headline[report.verdict.finding] ?? unknown}</span>`, html`
    <p class="body verdict" id="performance-sentence">${report.verdict.sentence}</p>
    ${report.total.n === 0 ? nothing : html`<div class="scroll" tabindex="0" role="group" aria-label="Performance, scrolls"><table class="list">
      <thead><tr><th>Of</th><th class="r">Settled</th><th class="r">Won, 95 % interval</th><th class="r">Break-even</th><th class="r">Profit</th><th>Mean of a stake, −100 % to +100 %</th><th class="r">Interval</th><th class="r">A coin does as well</th><th class="r">Needed</th></tr></thead>
      <tbody>${row(report.total, "All of it")}</tbody>
      ${groups.filter(([, rows]) => rows.length > 1).map(([name, rows]) => html`<tbody><tr class="group"><th colspan="9" scope="colgroup">${name}</th></tr>${rows.map((one) => row(one, one.name || unknown))}</tbody>`)}
    </table></div>`}
    <p class="foot sub">Intervals of means hold at every look and allow for the ${report.correction.tests} rows here; those of wins are for one look. “A coin does as well” is how likely fair coins with the same stakes
      earn as much or more; “needed” how many orders like these would prove a mean that high, if it were true. Coins and bands by seed ${report.seed}, ${count(report.runs)} runs.</p>`);
}

const headline: Record<string, string> = { none: "No trades yet", chance: "Not distinguishable from chance", loss: "Loses money", edge: "Evidence of an edge", part: "A part proves nothing" };

const panel = (pill: Piece, body: Piece): Piece =>
  html`<section class="panel" aria-labelledby="performance-title"><div class="head"><h2 id="performance-title">Performance</h2><span class="sub">of settled contracts, after costs</span><div class="grow"></div>${pill}</div>${body}</section>`;

function row(r: ReportRow, name: string): Piece {
  const { win_rate: won, expectancy: e } = r;
  return html`<tr><th scope="row">${name}${jumps(name) ? html` <span class="sub">jumps by construction</span>` : nothing}</th><td class="r num">${count(r.n)}</td>
    <td class="r num">${won === null ? unknown : html`<b>${percent(won.rate)}</b> <span class="sub">${(100 * won.low).toFixed(1)} to ${(100 * won.high).toFixed(1)}</span>`}</td>
    <td class="r num">${percent(r.break_even)}</td><td class="r num">${money(r.profit, { sign: true })}</td>
    <td>${e === null ? unknown : intervalBar(axis, e.mean, [e.low, e.high], { mark: 0, words: r.verdict.sentence })}</td>
    <td class="r num">${e === null ? unknown : html`${signedPercent(e.mean)} <span class="sub">${signedPercent(e.low)} to ${signedPercent(e.high)}, ${count(e.counted)} counted</span>`}</td>
    <td class="r num">${r.coin === null ? unknown : percent(r.coin.p_at_least)}</td><td class="r num">${r.needed === null ? unknown : `about ${count(r.needed)}`}</td></tr>`;
}
