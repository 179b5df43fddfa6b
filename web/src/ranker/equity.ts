// The profit so far, beside what luck would have done: the same record shuffled, and
// the same stakes on coins. The chart itself is loaded when there is one to draw.

import { duration, unknown } from "../shared/format.js";
import { empty, html, money, nothing, percent, type Piece } from "./show.js";
import { Chart } from "./chart.js";
import type { Report, State } from "./types.js";

/** Draws into the element of the panel, once both are there. */
export class Equity {
  #chart: Chart | null = null;
  #loading = false;
  #drawn: Report | null = null;

  panel(state: State, report: Report | null, now: number): Piece {
    const body = (): Piece => {
      if (state.trade === null) return empty(html`Nothing is traded, so there is no equity to show. <code>--trade paper</code> trades on paper, without an account.`);
      if (report === null) return empty("The report is on its way.");
      if (report.total.curve.length < 2) return empty("No two contracts have ended yet. The curve begins with the second.");
      return html`<div class="body"><div class="chart" id="equity-chart" role="img" aria-label=${words(report)}></div>
        <p class="legend sub"><span class="key equity">profit</span><span class="key band">95 % of the same record shuffled, ${report.runs} times</span><span class="key coin">fair coins with the same stakes: mean, and 95 %</span></p>
        ${ahead(report, now)}
        ${report.total.curve.at(-1)?.coin_low === null ? html`<p class="sub">The coins end where a contract came that multiplies: there is no coin for those.</p>` : nothing}
        ${report.verdict.finding === "edge" ? nothing : html`<p class="sub" id="equity-luck">${inside(report) ? "The curve lies within what coins do. " : ""}Nothing here is distinguishable from luck, whichever way it goes.</p>`}</div>`;
    };
    const start = report?.start ?? null;
    return html`<section class="panel" aria-labelledby="equity-title"><div class="head"><h2 id="equity-title">Equity</h2>
      <span class="sub">${state.trade === null ? nothing : `profit of settled contracts, ${state.trade.account.currency}, after costs${start === null ? "" : `; began with ${money(start)}`}`}</span>
      <div class="grow"></div>${report === null || report.total.profit === null ? nothing : html`<b class="num" id="equity-profit">${money(report.total.profit, { sign: true })}</b>`}</div>${body()}</section>`;
  }

  /** Brings the chart up to date after a paint. */
  draw(report: Report | null): void {
    const at = document.getElementById("equity-chart");
    if (at === null || report === null || report === this.#drawn) return;
    if (this.#chart !== null) {
      this.#chart.show(at, report.total.curve);
      this.#drawn = report;
    } else if (!this.#loading) {
      this.#loading = true;
      void import("/ui/shared/chart.js").then(({ default: plotter }) => {
        this.#chart = new Chart(plotter);
        this.draw(report);
      }, () => { this.#loading = false; }); // not to be had now: the words are there, and the next report tries again
    }
  }

  /** Draws anew what is drawn, in other colours. */
  repaint(): void {
    this.#drawn = null;
  }
}

/** Whether the newest profit is within what 95 % of coins come to. */
function inside(report: Report): boolean {
  const last = report.total.curve.at(-1);
  return last !== undefined && last.coin_low !== null && last.coin_high !== null && last.profit >= last.coin_low && last.profit <= last.coin_high;
}

/** What is to be said of a simulated venue, whose days are shorter than ours. */
function ahead(report: Report, now: number): Piece {
  const by = Date.parse(report.total.curve.at(-1)?.at ?? "") / 1000 - now;
  return by > 60 ? html`<p class="sub" id="equity-ahead">The times are the venue's, whose clock is ${duration(by)} ahead of this one.</p>` : nothing;
}

function words({ total }: Report): string {
  const last = total.curve.at(-1);
  if (last === undefined) return "no contract has ended";
  const coins = last.coin_low === null || last.coin_high === null ? "" : `; 95 % of coins with the same stakes come to ${last.coin_low.toFixed(2)} to ${last.coin_high.toFixed(2)}`;
  return `Profit ${money(total.profit, { sign: true })} after ${total.n} contracts${coins}; a coin does as well with ${percent(total.coin?.p_at_least) || unknown}`;
}
