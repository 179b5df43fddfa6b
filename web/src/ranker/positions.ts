// What is open, and how long it runs.

import { duration, unknown } from "../shared/format.js";
import { empty, html, meter, money, nothing, sideChip, type Piece } from "./show.js";
import type { Order, State, Trade } from "./types.js";

const kinds: Record<string, string> = { CALL: "Rise", PUT: "Fall", MULTUP: "Multiplier up", MULTDOWN: "Multiplier down" };

/** now is the venue's time, null while unknown; flatten asks whether all of it is to be sold. */
export function positions(state: State, now: number | null, flatten: () => void): Piece {
  const { trade } = state;
  if (trade === null) return panel("", empty(html`Nothing is traded: this ranker was started without <code>--trade</code>.`));
  const { positions: open, foreign } = trade;
  const limit = trade.limits.max_open < 0 ? "" : ` of ${trade.limits.max_open}`;
  return panel(`${open.length + foreign.length}${limit}`, html`
    ${open.length + foreign.length === 0 ? empty("No contract is open.") : nothing}
    <ul>${open.map((order) => position(order, trade, now))}
    ${foreign.map((contract) => html`<li class="position"><div><b>${contract.symbol ?? unknown}</b><span class="sub">of another app</span><span class="grow"></span><span class="num">${money(contract.price)}</span></div></li>`)}</ul>`,
    trade.commands && open.length > 0 ? html`<span class="grow"></span><button type="button" class="button" id="flatten" @click=${flatten}>Flatten…</button>` : nothing);
}

const panel = (words: string, body: Piece, button: Piece = nothing): Piece =>
  html`<section class="panel" aria-labelledby="positions-title"><div class="head"><h2 id="positions-title">Open positions</h2><span class="sub num">${words}</span>${button}</div>${body}</section>`;

function position(order: Order, trade: Trade, now: number | null): Piece {
  const left = order.expires_at === null || now === null ? null : order.expires_at - now;
  const begun = order.purchased_at ?? order.planned_at;
  const whole = order.expires_at === null || begun === null ? null : order.expires_at - begun;
  const known = order.state === "OPEN";
  return html`<li class="position">
    <div><b>${order.space_name ?? order.symbol}</b>${sideChip(order.side)}<span class="grow"></span><span class="num">${known ? "open" : html`<b class="warn">${state(order.state)}</b>`}</span></div>
    <div class="sub num"><span>${kinds[order.kind] ?? order.kind}, pays ${order.payout === null ? unknown : money(order.payout)}</span><span>stake ${money(order.price)}, ${
      left === null ? "no end set" : left > 0 ? `${duration(left)} left${trade.venue.speed > 1 ? " at the venue" : ""}` : "waits for its end"}</span></div>
    ${left === null || whole === null || whole <= 0 ? nothing : meter("Time elapsed", 1 - Math.max(0, left) / whole)}</li>`;
}

const state = (word: string): string => (word === "UNKNOWN" ? "nobody knows whether it was bought" : word.toLowerCase());
