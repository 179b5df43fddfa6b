// What tables of both pages show in their cells: a signal, votes, accuracy and
// confidence, a freshness. Every colour has a shape or a pattern beside it.

import { html, nothing, svg } from "lit-html";
import type { Fresh } from "./freshness.js";
import { count, share, unknown } from "./format.js";

const signals = new Set(["BUY", "SELL", "NEUTRAL"]);

/** A signal: its word, with a shape beside the colour. */
export const signal = (word: string | null) => html`<span class="signal ${word !== null && signals.has(word) ? word.toLowerCase() : "none"}"><span class="shape" aria-hidden="true"></span><span>${word ?? unknown}</span></span>`;

/** The stripes of the votes to sell, once in a document. */
export const patterns = html`<svg class="hidden" width="0" height="0" aria-hidden="true"><defs>
  <pattern id="stripes" width="4.2" height="4.2" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="stripe-back" width="4.2" height="4.2"></rect><rect class="stripe" width="2.2" height="4.2"></rect></pattern>
</defs></svg>`;

const votesWidth = 84;
const votesHeight = 10;
const votesGap = 2;

/** Votes: two counts, and between them a bar in two colours, the second one striped. */
export function votes(buy: number | null, sell: number | null) {
  const all = (buy ?? 0) + (sell ?? 0);
  const known = buy !== null || sell !== null;
  const room = votesWidth - (buy && sell ? votesGap : 0);
  const bought = all > 0 ? room * (buy ?? 0) / all : 0;
  const sold = all > 0 ? room - bought : 0;
  return html`<div class="votes" role="img" aria-label=${known ? `${buy ?? "unknown"} buy, ${sell ?? "unknown"} sell` : "votes unknown"}>
    <span class="buy num">${count(buy)}</span>
    <svg class="votes-bar" viewBox="0 0 ${votesWidth} ${votesHeight}" preserveAspectRatio="none" aria-hidden="true">
      <rect class="bar-none" width=${votesWidth} height=${votesHeight}></rect>
      <rect class="bar-buy" width=${bought} height=${votesHeight}></rect>
      <rect class="bar-gap" x=${bought} width=${buy && sell ? votesGap : 0} height=${votesHeight}></rect>
      <rect class="bar-sell" fill="url(#stripes)" x=${votesWidth - sold} width=${sold} height=${votesHeight}></rect>
    </svg>
    <span class="sell num">${count(sell)}</span>
  </div>`;
}

/** The sizes of a gauge, for whoever draws an axis above it. */
export const gaugeSize = { width: 160, height: 26, pad: 8 };
const { width, height, pad } = gaugeSize;
const at = (v: number) => pad + v * (width - 2 * pad);
const y = height / 2;
const axis = svg`<path class="gauge-axis" d=${`M${at(0)} ${y}H${at(1)}` + [0, 0.25, 0.5, 0.75, 1].map((v) => `M${at(v)} ${y - 4}V${y + 4}`).join("")}></path>`;

/** The scale above gauges. */
export const gaugeScale = html`<svg class="scale" width=${width} height="12" aria-hidden="true">${[0, 0.5, 1].map((v) => svg`<text x=${at(v)} y="10">${v}</text>`)}</svg>`;

/**
 * Accuracy as a ring, confidence as a dot, and the score as the bar between them,
 * whose length it is. far says that the score is worth a warning.
 */
export function gauge(accuracy: number | null, confidence: number | null, far = false) {
  const label = `accuracy ${accuracy === null ? "unknown" : share(accuracy)}, confidence ${confidence === null ? "unknown" : share(confidence)}`;
  return html`<svg class=${far ? "gauge far" : "gauge"} width=${width} height=${height} role="img" aria-label=${label}>${axis}
    ${accuracy !== null && confidence !== null ? svg`<line class="gauge-span" x1=${at(accuracy)} x2=${at(confidence)} y1=${y} y2=${y}></line>` : nothing}
    ${accuracy !== null ? svg`<circle class="gauge-ring" cx=${at(accuracy)} cy=${y} r="4.6"></circle>` : nothing}
    ${confidence !== null ? svg`<circle class="gauge-dot" cx=${at(confidence)} cy=${y} r="5.2"></circle>` : nothing}
  </svg>`;
}

/** The key of a gauge. */
export const gaugeKey = html`<span class="key"><svg class="gauge" width="58" height="12" aria-hidden="true"><line class="gauge-span" x1="6" x2="52" y1="6" y2="6"></line><circle class="gauge-ring" cx="6" cy="6" r="4"></circle><circle class="gauge-dot" cx="52" cy="6" r="5"></circle></svg>ring: accuracy, dot: confidence; the bar between them is the score</span>`;

/** A freshness, with a shape for each state. */
export const fresh = ({ state, text }: Fresh) => html`<span class="fresh ${state}"><span class="shape" aria-hidden="true"></span><span class="num">${text}</span></span>`;
