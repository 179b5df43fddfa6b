// The ranking, and what the bandit believes of each asset, on one axis.

import { repeat } from "lit-html/directives/repeat.js";
import { share, signed, unknown } from "../shared/format.js";
import { freshness, lag } from "../shared/freshness.js";
import { type Axis, empty, fitting, html, intervalBar, jumps, nothing, scale, sideChip, type Piece } from "./show.js";
import type { Row, State } from "./types.js";

const orderWords: Record<string, string> = { asc: "smallest score first", desc: "largest score first", balanced: "score nearest to 0 first" };

interface At { now: number; staleAfter: number; reachable: boolean }

export class Ranking {
  #order: string[] = []; // as it is shown
  #ranks = new Map<string, number | null>(); // as they were then: a number never stands out of its order
  #sorted = -Infinity; // when it was last taken over

  show(state: State, at: At): Piece {
    const rows = this.#inOrder(state.rankings);
    const axis = commonAxis(state.rankings);
    const free = rows.filter((row) => row.tradable), held = rows.filter((row) => !row.tradable);
    const one = (row: Row): Piece => tableRow(row, row.tradable ? (this.#ranks.get(row.space_name) ?? null) : null, axis, at);
    return html`<section class="panel" aria-labelledby="ranking-title">
      <div class="head"><h2 id="ranking-title">Ranking and bandit</h2><span class="sub" id="ranking-order">${ordered(state)}</span></div>
      ${state.policy.notes.length === 0 ? nothing : html`<ul class="notes">${state.policy.notes.map((note) => html`<li>${capital(note)}.</li>`)}</ul>`}
      ${state.waiting.length === 0 ? nothing : html`<p class="none" id="waiting">Asked for, and not sent by the hub so far: ${state.waiting.join(", ")}.</p>`}
      ${rows.length === 0 ? (state.waiting.length === 0 ? empty("The hub has no asset yet: a space that publishes brings one.") : nothing) : html`
      <div class="scroll ranking-scroll ${rows.length > 25 ? "many" : ""}" tabindex="0" role="group" aria-label="Ranking, scrolls"><table class="cards ranking">
        <thead><tr><th class="c-rank">#</th><th class="c-asset">Asset</th><th class="c-fresh">Freshness</th><th class="c-signal">Signal</th><th class="c-score r">Score</th>
          <th class="c-belief">${scale(axis)}</th><th class="c-expected r">Expected</th><th class="c-verdict">Gate</th></tr></thead>
        <tbody>${repeat(free, (row) => row.space_name, one)}</tbody>
        ${held.length === 0 ? nothing : html`<tbody class="held"><tr class="group"><th colspan="8" scope="colgroup">Held back, and not traded</th></tr>
          ${repeat(held, (row) => row.space_name, one)}</tbody>`}
      </table></div>`}
      <p class="foot sub">Expected is what following the signal for ${state.policy.horizon_seconds} s brings by its price, in standard deviations of its move, with the interval that holds 95 % of the belief.
        It is a belief that the bandit steers by, and no evidence.${state.rankings.some((row) => jumps(row.space_name)) ? html` <b>Crash and Boom</b> indices go one way in all but a few
        ticks, by construction: an accuracy near 0.99 there, and an expectation far from 0, mean nothing. The rare jump takes it back.` : nothing}</p>
    </section>`;
  }

  /** Rows in an order that changes once a second at most, and with what is there. */
  #inOrder(rankings: Row[]): Row[] {
    const byName = new Map(rankings.map((row) => [row.space_name, row]));
    const same = byName.size === this.#order.length && this.#order.every((name) => byName.has(name));
    if (!same || performance.now() - this.#sorted >= 1000) {
      this.#order = rankings.map((row) => row.space_name);
      this.#ranks = new Map(rankings.map((row) => [row.space_name, row.rank]));
      this.#sorted = performance.now();
    }
    return this.#order.map((name) => byName.get(name) as Row);
  }
}

function ordered(state: State): string {
  if (state.ordered_by === "formula") return `by the formula, ${orderWords[state.order] ?? state.order} (${state.order})`;
  return `by the policy ${state.ordered_by}: ${state.policy.labels.learned.toLocaleString("en")} outcomes learned`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/**
 * One axis for all, around 0. Indices that jump do not stretch it: what is believed
 * of them is of another size, and means nothing.
 */
export function commonAxis(rows: Row[]): Axis {
  const ends = rows.filter((row) => row.belief !== null && !jumps(row.space_name)).flatMap((row) => (row.belief as NonNullable<Row["belief"]>).interval).filter(Number.isFinite).map(Math.abs).sort((a, b) => a - b);
  const most = ends[Math.floor(0.9 * (ends.length - 1))] ?? 1;
  return fitting([-most, most]);
}

function tableRow(row: Row, rank: number | null, axis: Axis, at: At): Piece {
  const fresh = freshness(row.snapshot.updated_at, at);
  const behind = lag(row.snapshot, at);
  const { belief } = row;
  const jumpy = jumps(row.space_name);
  const lead = rank === 1;
  return html`<tr class="asset-row ${fresh.state} ${lead ? "lead" : ""} ${behind.votes && behind.warn ? "old-votes" : ""}" data-space=${row.space_name}>
    <td class="c-rank num">${rank ?? unknown}</td>
    <th class="c-asset" scope="row"><b>${row.space_name}</b><span class="source">${jumpy ? "jumps by design" : (row.snapshot.voting.signal_source ?? "")}</span></th>
    <td class="c-fresh"><span class="fresh ${fresh.state}"><span class="shape" aria-hidden="true"></span><span class="num">${fresh.text}</span></span>${behind.text === "" ? nothing : html`<span class="under ${behind.warn ? "warn" : ""}">${behind.text}</span>`}</td>
    <td class="c-signal fade">${sideChip(row.dominant_signal)}<span class="under num">${row.snapshot.voting.buy_count ?? unknown} : ${row.snapshot.voting.sell_count ?? unknown}</span></td>
    <td class="c-score r"><span class="score num">${signed(row.score)}</span><span class="under num">${row.reason ?? `${share(row.signal_confidence, 2)} − ${share(row.avn_accuracy, 2)}`}</span></td>
    <td class="c-belief fade">${belief === null ? unknown : intervalBar(axis, belief.mean, belief.interval, { mark: 0, className: jumpy ? "jumpy" : lead ? "lead" : "", words: `expected ${expectedWords(row)}` })}</td>
    <td class="c-expected r fade num">${belief === null ? unknown : expectedWords(row)}<span class="under">${row.propensity === null ? "no candidate" : `chosen with ${share(row.propensity, 2)}`}</span></td>
    <td class="c-verdict"><span class="verdict ${row.tradable ? "tradable" : "held"}"><span class="shape" aria-hidden="true"></span><span>${row.tradable ? "eligible" : heldBack(row)}</span></span></td></tr>`;
}

/** Why a row is held back; that the hub is lost is said once, above. */
const heldBack = (row: Row): string => row.held_back.map((why) => (why.startsWith("no connection to the hub") ? "no hub" : why)).join("; ");

function expectedWords({ belief }: Row): string {
  if (belief === null) return unknown;
  return `${signed(belief.mean, 2)} ± ${share((belief.interval[1] - belief.interval[0]) / 2, 2)}`;
}
