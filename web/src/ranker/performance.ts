// What the record of trades proves, and what it does not.

import { count, typeset, unknown } from "../shared/format.js";
import { wilson } from "./wilson.js";
import { type Axis, empty, html, intervalBar, jumps, money, nothing, percent, signedPercent, type Piece } from "./show.js";
import type { Report, ReportRow, State } from "./types.js";

const axis: Axis = { low: -1, high: 1 };

export function performance(state: State, report: Report | null): Piece {
  if (state.trade === null) return panel(nothing, empty("Nothing is traded, so there is no record to judge."));
  if (report === null) return panel(nothing, empty("The report is on its way."));
  const { level } = report.correction;
  const groups: [string, ReportRow[]][] = [["By asset", report.assets], ["By kind", report.kinds], ["By policy", report.policies]];
  return panel(html`<span class="pill ${report.verdict.finding === "edge" ? "good" : report.verdict.finding === "loss" ? "bad" : ""}">${headline[report.verdict.finding] ?? unknown}</span>`, html`
    <p class="body verdict" id="performance-sentence">${typeset(report.verdict.sentence)}</p>
    ${report.total.n === 0 ? nothing : html`<div class="scroll" tabindex="0" role="group" aria-label="Performance, scrolls"><table class="list performance">
      <thead><tr><th>Of</th><th class="r">Settled</th><th class="r">Profit</th><th class="r">Won</th><th class="r">Break-even</th><th class="p-bar">Mean return of a stake, −100 % to +100 %</th><th class="r">Mean and interval</th></tr></thead>
      <tbody>${row(report.total, "All of it", level)}</tbody>
      ${groups.filter(([, rows]) => rows.length > 1).map(([name, rows]) => html`<tbody><tr class="group"><th colspan="7" scope="colgroup">${name}</th></tr>${rows.map((one) => row(one, one.name || unknown, level))}</tbody>`)}
    </table></div>`}
    ${luck(report)}
    ${report.total.n === 0 ? nothing : html`<p class="foot sub">${report.correction.tests > 1 ? `All intervals allow for the ${report.correction.tests} rows here, of which the luckiest always looks good: 95 % are for all of them at once. ` : ""}Those of means hold at every look as well; those of wins are for one look.
      Contracts that ran at the same time on the same index may be the same luck, and only one of them counts. One that is still open holds up all that was bought after it, for those that end soon may be those that win. Coins and bands by seed ${report.seed}, ${count(report.runs)} runs.</p>`}`);
}

/** What coins would have done, in words: a small number alone would look like a proof. */
function luck({ total, verdict }: Report): Piece {
  if (total.coin === null || verdict.finding === "edge") return nothing;
  return html`<p class="body sub" id="luck">Fair coins with the same stakes do as well or better in ${percent(total.coin.p_at_least)} of all cases.
    ${total.needed === null ? "No number of orders like these would prove an edge." : `It takes about ${count(total.needed)} orders to prove such a mean, if it is no luck.`}</p>`;
}

const headline: Record<string, string> = { none: "No trades yet", chance: "Not distinguishable from chance", loss: "Loses money", edge: "Evidence of an edge", part: "A part proves nothing" };

const panel = (pill: Piece, body: Piece): Piece =>
  html`<section class="panel" aria-labelledby="performance-title"><div class="head"><h2 id="performance-title">Performance</h2><span class="sub">of settled contracts, after costs</span><div class="grow"></div>${pill}</div>${body}</section>`;

function row(r: ReportRow, name: string, level: number): Piece {
  const { expectancy: e } = r;
  const won = wilson(r.won, r.won + r.lost, level);
  return html`<tr><th scope="row">${name}${jumps(name) ? html` <span class="sub">jumps by design</span>` : nothing}</th><td class="r num" data-label="settled">${count(r.n)}</td>
    <td class="r num" data-label="profit">${money(r.profit, { sign: true })}</td>
    <td class="r num" data-label="won">${won === null ? unknown : html`${percent(won.rate)}<span class="under">${(100 * won.low).toFixed(1)} to ${(100 * won.high).toFixed(1)}</span>`}</td>
    <td class="r num" data-label="break-even">${percent(r.break_even)}</td>
    <td class="p-bar">${e === null ? unknown : intervalBar(axis, e.mean, [e.low, e.high], { mark: 0, words: r.verdict.sentence })}</td>
    <td class="r num" data-label="mean">${e === null ? unknown : html`${signedPercent(e.mean)}<span class="under">${signedPercent(e.low)} to ${signedPercent(e.high)}, ${count(e.counted)} counted</span>`}</td></tr>`;
}
