// One asset in the table.

import { html, nothing, render } from "lit-html";
import { fresh, gauge, signal, votes } from "../shared/cells.js";
import { count, loss, rate as rateText, share, signed, unknown } from "../shared/format.js";
import { spark } from "../shared/spark.js";
import type { Described } from "./asset.js";
import { type History, blank } from "./history.js";

/** A score from which on the votes are far surer than the record. */
export const far = 0.3;

export class Row {
  readonly node = document.createElement("tbody");
  readonly name: string;
  rank: number | null = null;
  /** Whether it is on the screen or near it, as was told last. */
  inSight = false;
  shown = false;

  constructor(name: string) {
    this.name = name;
    this.node.dataset["space"] = name;
    this.node.setAttribute("role", "rowgroup");
  }

  /** Shows what was described of the asset. */
  show(d: Described, history: History | undefined, now: number, chosen: boolean) {
    this.shown = true;
    render(row(d, this.rank, history, now, chosen), this.node);
  }
}

function row(d: Described, rank: number | null, history: History | undefined, now: number, chosen: boolean) {
  return html`<tr class="asset-row ${d.fresh.state}${d.lag.votes && d.lag.warn ? " old-votes" : ""}${chosen ? " chosen" : ""}" role="row">
    <td class="c-rank num" role="cell">${rank ?? unknown}</td>
    <th class="c-asset" role="rowheader" scope="row"><button class="asset" type="button" data-open=${d.name} aria-current=${chosen ? "true" : nothing}><b title=${d.name}>${d.name}</b><span class="source">${d.instrument}</span></button></th>
    <td class="c-signal fade" role="cell">${signal(d.signal)}</td>
    <td class="c-votes fade" role="cell">${votes(d.buy, d.sell)}</td>
    <td class="c-gauge fade" role="cell">${gauge(d.accuracy, d.confidence, isFar(d))}</td>
    <td class="c-score r" role="cell"><span class="score num">${signed(d.score)}</span>${working(d)}</td>
    <td class="c-loss fade" role="cell"><span class="trend">${trend(history)}<span class="num">${loss(d.loss, 3)}</span></span></td>
    <td class="c-steps r fade" role="cell"><span class="num">${d.steps}</span><span class="under num">${pace(history, now)}</span></td>
    <td class="c-fresh" role="cell">${fresh(d.fresh)}${flag(d)}</td>
  </tr>`;
}

function trend(history: History | undefined) {
  const { values, ...line } = history?.line("avn_loss") ?? blank;
  return spark(values, { ...line, width: 58, height: 26, label: "AVN loss" });
}

const isFar = (d: Described) => d.score !== null && d.score > far;

/** The formula in the asset's own numbers, or why it has no score, or why that says nothing. */
function working(d: Described) {
  if (d.empty !== "") return html`<span class="under warn" title=${d.empty}>means nothing</span>`;
  const text = d.reason ?? `${share(d.confidence)} − ${share(d.accuracy)}`;
  return html`<span class=${isFar(d) ? "under warn num" : "under num"}>${text}</span>`;
}

function pace(history: History | undefined, now: number): string {
  const rate = history?.rate(now) ?? null;
  if (rate === null) return "";
  return rate === 0 ? "no steps" : `${rate < 10 ? rateText(rate) : count(rate)} /s`;
}

/** What is odd about the asset, in a word; the inspector has the rest. */
function flag(d: Described) {
  const text = d.suspect ? "suspect" : d.lag.text !== "" ? d.lag.text : d.problems.kind === "warn" ? d.problems.text : "";
  return text === "" ? nothing : html`<span class=${d.suspect || d.lag.warn || d.lag.text === "" ? "under warn" : "under"}>${text}</span>`;
}
