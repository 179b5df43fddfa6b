// The evidence gate: whether what was decided is distinguishable from luck.

import { count, plural, signed } from "../shared/format.js";
import { fitting, html, intervalBar, nothing, scale, type Piece } from "./show.js";
import type { State } from "./types.js";

export function gate(state: State): Piece {
  const { gate, horizon_seconds: horizon } = state.policy;
  return html`<section class="panel" aria-labelledby="gate-title">
    <div class="head"><h2 id="gate-title">Evidence</h2><div class="grow"></div>
      ${gate.open ? html`<span class="pill good">Evidence of an edge</span>` : html`<span class="pill">No evidence of an edge</span>`}</div>
    <div class="body">
      <p class="verdict" id="gate-sentence">${sentence(state)}</p>
      ${gate.mean === null || gate.interval === null ? nothing
        : html`<div class="gate-interval"><div>${scale(fitting(gate.interval))}${intervalBar(fitting(gate.interval), gate.mean, gate.interval, { mark: 0, words: gate.sentence })}</div>
          <span class="num">mean ${signed(gate.mean)} <small>${signed(gate.interval[0], 2)} to ${signed(gate.interval[1], 2)}</small></span></div>`}
      <p class="sub">Followed one after the other, ${horizon} s each: the decision of the highest mean, by its price alone, in standard deviations of its move, less a cost of ${state.policy.cost}.
        The 95 % interval holds whenever one looks. It is of prices; what trades brought, after the house's margin, is under Performance.</p>
    </div></section>`;
}

/** "No evidence of an edge yet: 212 of about 1,000 decisions": and on what that rests. */
export function sentence(state: State): string {
  const { n, least, needed, open, mean, interval } = state.policy.gate;
  if (n === 0) return "No evidence of an edge: no outcome yet.";
  if (open) return `Evidence of an edge in the prices, after ${plural(n, "decision")}. It may be gone tomorrow.`;
  if (interval !== null && interval[1] < 0) return `Evidence of a loss: what is decided is worse than nothing, after ${plural(n, "decision")}.`;
  if (n < least) return `No evidence of an edge yet: ${count(n)} of at least ${count(least)} decisions.`;
  if (needed === null) {
    return mean !== null && mean <= 0
      ? `No evidence of an edge: after ${plural(n, "decision")} the mean is not above 0, and more like these would not show one.`
      : `No evidence of an edge: after ${plural(n, "decision")} the mean is too small to tell from 0 in any time.`;
  }
  if (needed <= n) return `No evidence of an edge yet: ${plural(n, "decision")}, and the interval still holds 0.`;
  return `No evidence of an edge yet: ${count(n)} of about ${count(needed)} decisions that it takes if the mean stays as it is. It may be luck, and then no number will do.`;
}
