// Every decision: what was bought, and what was refused and why.

import { repeat } from "lit-html/directives/repeat.js";
import { clockTime, share, signed, unknown } from "../shared/format.js";
import { empty, html, money, nothing, sideChip, type Piece } from "./show.js";
import type { Decision, Order, State } from "./types.js";

export type Filter = "all" | "traded" | "refused";

const filters: [Filter, string][] = [["all", "All"], ["traded", "Traded"], ["refused", "Refused"]];

export function decisions(state: State, filter: Filter, choose: (filter: Filter) => void): Piece {
  const shown = state.decisions.filter((d) => filter === "all" || (filter === "traded" ? d.order !== null : d.refused !== null));
  return html`<section class="panel" aria-labelledby="decisions-title">
    <div class="head"><h2 id="decisions-title">Decisions</h2><span class="sub">the newest ${state.decisions.length}, every refusal with its reason; all are in <a href="/decisions?limit=200">/decisions</a></span><div class="grow"></div>
      <div class="choice" role="group" aria-label="Which decisions">${filters.map(([name, text]) => html`<button type="button" aria-pressed=${filter === name ? "true" : "false"} @click=${() => choose(name)}>${text}</button>`)}</div></div>
    ${shown.length === 0 ? empty(nothingToShow(state, filter)) : html`<div class="scroll tall" tabindex="0" role="group" aria-label="Decisions, scrolls"><table class="list decisions">
      <thead><tr><th>Time</th><th>Asset</th><th>Action</th><th class="r">Stake</th><th>Why</th><th class="r d-brought">Its price brought</th><th class="r">Result</th></tr></thead>
      <tbody>${repeat(shown, (d) => d.id, (d) => row(d, state))}</tbody></table></div>`}
    <p class="foot sub">“Its price brought” is what following the signal came to on paper, traded or not, in standard deviations; a result is money, after costs. A few of either prove nothing.</p></section>`;
}

function nothingToShow(state: State, filter: Filter): string {
  if (state.decisions.length > 0) return filter === "traded" ? (state.trade === null ? "Nothing is traded: this ranker was started without --trade." : "None of these was traded.") : "None of these was refused.";
  return "No decision yet: the first comes when an asset has a price, votes and a signal that are fresh.";
}

function row(d: Decision, state: State): Piece {
  return html`<tr>
    <td class="num sub d-time">${clockTime(d.timestamp)}</td>
    <td class="d-asset"><b>${d.space_name}</b></td>
    <td class="d-action">${d.refused !== null ? html`<span class="refused">refused</span> ` : nothing}${sideChip(d.side)}</td>
    <td class="r num d-stake">${d.order === null ? unknown : money(d.order.price)}</td>
    <td class="why d-why">${why(d, state)}</td>
    <td class="r num d-brought">${d.outcome === null ? "to come" : d.outcome.reward === null ? (d.outcome.dropped ?? unknown) : signed(d.outcome.reward, 2)}</td>
    <td class="r num d-result ${d.order === null ? "no-order" : ""}">${result(d.order)}</td></tr>`;
}

function why(d: Decision, state: State): Piece {
  if (d.refused !== null) return html`${d.refused.details.join("; ")} <span class="reason">(${d.refused.reasons.join(", ")})</span>`;
  const chosen = `chosen with ${share(d.propensity, 2)} of ${d.eligible} eligible${d.belief === null ? "" : `, expected ${signed(d.belief.mean, 2)}`}${d.explored ? ", to explore" : ""}`;
  if (d.order !== null) return d.order.reason === null ? chosen : `${chosen}; ${d.order.reason}`;
  if (state.trade === null) return `${chosen}; nothing is traded`;
  return `${chosen}; not taken up: the trader was busy, or looks at it now`;
}

function result(order: Order | null): Piece {
  if (order === null) return unknown;
  if (order.profit === null) return order.state === "OPEN" ? "open" : order.state.toLowerCase();
  return html`<b>${money(order.profit, { sign: true })}</b> <span class="sub">${order.result ?? ""}</span>`;
}
