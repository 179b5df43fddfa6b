// Cells that tables share: a signal, a bar of votes, a gauge of accuracy and
// confidence, a freshness. Each is {node, set(…)}, and set touches only what differs.

import { draw, make, setAttribute, setClass, setHidden, setStyle, setText } from "./dom.js";
import { count, share, unknown } from "./format.js";

const signals = new Set(["BUY", "SELL", "NEUTRAL"]);

/** A signal: its word, with a shape beside the colour. */
export function signalCell() {
  const shape = make("span", "shape");
  shape.ariaHidden = "true";
  const text = make("span");
  const node = make("span", "signal", shape, text);
  return {
    node,
    set(signal) {
      setClass(node, `signal ${signals.has(signal) ? signal.toLowerCase() : "none"}`);
      setText(text, signal ?? unknown);
    },
  };
}

/** Votes: two counts, and between them a bar in two colours, the second one striped. */
export function votesCell() {
  const buyCount = make("span", "buy num");
  const sellCount = make("span", "sell num");
  const buyBar = make("span", "bar-buy");
  const sellBar = make("span", "bar-sell");
  const node = make("div", "votes", buyCount, make("span", "votes-bar", buyBar, sellBar), sellCount);
  node.setAttribute("role", "img");
  return {
    node,
    set(buy, sell) {
      setText(buyCount, count(buy));
      setText(sellCount, count(sell));
      for (const [bar, n] of [[buyBar, buy], [sellBar, sell]]) {
        setHidden(bar, !(n > 0));
        setStyle(bar, "flex-grow", String((n ?? 0) / Math.max(1, (buy ?? 0) + (sell ?? 0))));
      }
      const known = buy !== null || sell !== null;
      setAttribute(node, "aria-label", known ? `${buy ?? "unknown"} buy, ${sell ?? "unknown"} sell` : "votes unknown");
    },
  };
}

const gaugeWidth = 168;
const gaugeHeight = 26;
const gaugePad = 8;
const gaugeX = (v) => gaugePad + v * (gaugeWidth - 2 * gaugePad);

/** Accuracy as a ring, confidence as a dot, and the distance between them as a bar. */
export function gaugeCell() {
  const y = gaugeHeight / 2;
  const span = draw("line", { class: "gauge-span", y1: y, y2: y });
  const ring = draw("circle", { class: "gauge-ring", cy: y, r: 4.6 });
  const dot = draw("circle", { class: "gauge-dot", cy: y, r: 5.2 });
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((v) => draw("line", { class: "gauge-axis", x1: gaugeX(v), x2: gaugeX(v), y1: y - 4, y2: y + 4 }));
  const axis = draw("line", { class: "gauge-axis", x1: gaugeX(0), x2: gaugeX(1), y1: y, y2: y });
  const node = draw("svg", { class: "gauge", width: gaugeWidth, height: gaugeHeight, role: "img" }, axis, ...ticks, span, ring, dot);
  return {
    node,
    set(accuracy, confidence) {
      const both = accuracy !== null && confidence !== null;
      place(ring, accuracy);
      place(dot, confidence);
      setAttribute(span, "visibility", both ? "visible" : "hidden");
      if (both) {
        setAttribute(span, "x1", String(gaugeX(accuracy)));
        setAttribute(span, "x2", String(gaugeX(confidence)));
      }
      setAttribute(node, "aria-label", `accuracy ${accuracy === null ? "unknown" : share(accuracy)}, confidence ${confidence === null ? "unknown" : share(confidence)}`);
    },
  };
}

function place(mark, value) {
  setAttribute(mark, "visibility", value === null ? "hidden" : "visible");
  if (value !== null) setAttribute(mark, "cx", String(gaugeX(value)));
}

/** A freshness {state, text}: a shape for each state beside its colour. */
export function freshCell() {
  const shape = make("span", "shape");
  shape.ariaHidden = "true";
  const text = make("span", "num");
  const node = make("span", "fresh", shape, text);
  return {
    node,
    set(fresh) {
      setClass(node, `fresh ${fresh.state}`);
      setText(text, fresh.text);
    },
  };
}
