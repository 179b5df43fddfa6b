// The risk limits, and how much of each is used.

import { count } from "../shared/format.js";
import { empty, html, meter, money, nothing, percent, type Piece } from "./show.js";
import type { State, Trade } from "./types.js";

interface Limit { name: string; used: string; of: string; part: number; behind?: number; words?: string }

/** tighten asks for tighter ones. */
export function limits(state: State, tighten: () => void): Piece {
  const { trade } = state;
  if (trade === null) return panel(nothing, empty(html`Nothing is traded, so nothing is at risk. <code>--trade paper</code> trades on paper, without an account.`));
  const { on, off } = all(trade);
  const over = on.some((limit) => limit.part >= 1);
  const pill = over ? html`<span class="pill bad">Reached</span>` : html`<span class="pill good">All within</span>`;
  return panel(pill, html`<div class="body">
    ${on.map(row)}
    ${off.length === 0 ? nothing : html`<p class="sub off">Switched off: ${off.join(", ")}.</p>`}
    <p class="sub">The lighter part is what is open, counted as lost.</p></div>`,
    trade.commands ? html`<button type="button" class="button" id="tighten" @click=${tighten}>Tighten…</button>` : nothing);
}

const panel = (pill: Piece, body: Piece, button: Piece = nothing): Piece =>
  html`<section class="panel" aria-labelledby="limits-title"><div class="head"><h2 id="limits-title">Risk limits</h2><div class="grow"></div>${pill}${button}</div>${body}</section>`;

const row = ({ name, used, of, part, behind = 0, words }: Limit): Piece =>
  html`<div class="limit"><span>${name}</span><b class="num">${used} <small>of ${of}</small></b>${meter(name, part, behind, words ?? `${used} of ${of}`)}</div>`;

/** The limits that are on, and the names of those that are not. */
function all({ limits, used }: Trade): { on: Limit[]; off: string[] } {
  const on: Limit[] = [], off: string[] = [];
  const atStake = Number(used.at_stake);
  const lost = (name: string, text: string, most: string) => {
    const limit = Number(most), gone = Math.max(0, Number(text));
    on.push({ name, used: money(String(gone)), of: money(most), part: gone / limit, behind: atStake / limit, words: `${money(String(gone))} lost and ${money(used.at_stake)} at stake, of ${money(most)}` });
  };
  const counted = (name: string, n: number, most: number) => {
    if (most < 0) off.push(name.toLowerCase());
    else on.push({ name, used: count(n), of: count(most), part: n / most });
  };
  lost("Lost today", used.daily_loss, limits.daily_loss);
  lost("Lost in 24 h", used.rolling_loss, limits.rolling_loss);
  if (limits.max_drawdown < 1) on.push({ name: "Drawdown", used: percent(used.drawdown), of: percent(limits.max_drawdown), part: used.drawdown / limits.max_drawdown });
  else off.push("drawdown");
  counted("Losses in a row", used.losses_in_a_row, limits.loss_streak);
  counted("Open contracts", used.open + used.foreign, limits.max_open);
  on.push({ name: "Open payout", used: money(used.open_payout), of: money(limits.max_open_payout), part: Number(used.open_payout) / Number(limits.max_open_payout) });
  counted("Orders in a minute", used.minute, limits.per_minute);
  counted("Orders in an hour", used.hour, limits.per_hour);
  counted("Orders in 24 h", used.day, limits.per_day);
  return { on, off };
}
