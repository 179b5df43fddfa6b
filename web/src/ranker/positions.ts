// What is open, and how long it runs.

import { duration, unknown } from "../shared/format.js";
import { empty, html, meter, money, nothing, sideChip, type Piece } from "./show.js";
import type { Order, State, Trade } from "./types.js";

const kinds: Record<string, string> = { CALL: "Rise", PUT: "Fall", MULTUP: "Multiplier up", MULTDOWN: "Multiplier down" };

const oldAfter = 15; // seconds: the venue tells what a contract would bring with every tick

/** now is the venue's time, null while unknown, reachable whether news would come; flatten asks whether all of it is to be sold. */
export function positions(state: State, { now, reachable }: { now: number | null; reachable: boolean }, flatten: () => void): Piece {
  const { trade } = state;
  if (trade === null) return panel("", empty(html`Nothing is traded: this ranker was started without <code>--trade</code>.`));
  const { positions: open, foreign } = trade;
  const limit = trade.limits.max_open < 0 ? "" : ` of ${trade.limits.max_open}`;
  return panel(`${open.length + foreign.length}${limit}`, html`
    ${open.length + foreign.length === 0 ? empty("No contract is open.") : nothing}
    <ul>${open.map((order) => position(order, trade, now, reachable && trade.venue.connected))}
    ${foreign.map((contract) => html`<li class="position"><div><b>${contract.symbol ?? unknown}</b><span class="sub">of another app</span><span class="grow"></span><span class="num">${money(contract.price)}</span></div></li>`)}</ul>`,
    trade.commands && open.length > 0 ? html`<span class="grow"></span><button type="button" class="button" id="flatten" @click=${flatten}>Flatten…</button>` : nothing);
}

const panel = (words: string, body: Piece, button: Piece = nothing): Piece =>
  html`<section class="panel" aria-labelledby="positions-title"><div class="head"><h2 id="positions-title">Open positions</h2><span class="sub num">${words}</span>${button}</div>${body}</section>`;

function position(order: Order, trade: Trade, now: number | null, heard: boolean): Piece {
  const left = order.expires_at === null || now === null ? null : order.expires_at - now;
  const begun = order.purchased_at ?? order.planned_at;
  const whole = order.expires_at === null || begun === null ? null : order.expires_at - begun;
  const known = order.state === "OPEN";
  return html`<li class="position">
    <div><b>${order.space_name ?? order.symbol}</b>${sideChip(order.side)}<span class="grow"></span><span class="num">${known ? running(order, trade, now, heard) : html`<b class="warn">${state(order.state)}</b>`}</span></div>
    <div class="sub num"><span>${kinds[order.kind] ?? order.kind}, pays ${order.payout === null ? unknown : money(order.payout)}</span><span>stake ${money(order.price)}, ${
      left === null ? "no end set" : left > 0 ? `${duration(left)} left${trade.venue.speed > 1 ? " at the venue" : ""}` : "waits for its end"}</span></div>
    ${left === null || whole === null || whole <= 0 ? nothing : meter("Time elapsed", 1 - Math.max(0, left) / whole)}</li>`;
}

/** What a sale would bring beyond the price, grey where that was some time ago. */
function running({ running_profit: profit, running_at: at }: Order, { venue }: Trade, now: number | null, heard: boolean): Piece {
  if (profit === null || at === null) return html`<span class="running"><small>running ${unknown}</small></span>`;
  const old = now === null ? null : Math.max(0, now - at) / venue.speed; // in our seconds
  const stale = !heard || old === null || old > oldAfter;
  return html`<span class="running ${stale ? "old" : ""}"><small>running</small> <b>${money(profit, { sign: true })}</b>${stale ? html` <small>${old === null ? "age unknown" : `${duration(old)} old`}</small>` : nothing}</span>`;
}

const state = (word: string): string => (word === "UNKNOWN" ? "nobody knows whether it was bought" : word.toLowerCase());
