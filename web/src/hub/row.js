// One asset: a row of the table, a line for what a person should know of it, and
// its details, which open below.

import { freshCell, gaugeCell, signalCell, votesCell } from "../shared/cells.js";
import { make, setAttribute, setClass, setHidden, setText } from "../shared/dom.js";
import { share, signed, unknown } from "../shared/format.js";
import { Details } from "./details.js";

const columns = 11;
let rows = 0;

/** Row is a tbody of its own, so that its three lines move together. */
export class Row {
  node = make("tbody", "asset-rows");
  /** Whether it is where the reader can see it, or nearly; its owner says so. */
  inSight = true;
  #details = null;
  #last = null; // the asset that was described last
  #described = null;
  #parts;

  constructor(name) {
    this.name = name;
    this.id = `asset-${++rows}`;
    this.node.dataset.space = name;
    this.#parts = this.#build();
  }

  #build() {
    const p = {
      rank: make("span", "num"), source: make("span", "source"),
      signal: signalCell(), votes: votesCell(), gauge: gaugeCell(), fresh: freshCell(),
      score: make("span", "score num"), working: make("span", "under num"),
      avnLoss: make("span", "num"), steps: make("span", "num"), price: make("span", "num"),
      accepted: make("span", "num"), problems: make("span", "under"), lag: make("span", "under"),
      notice: make("td", "notice-text"),
    };
    p.button = make("button", "asset", make("b", "", this.name), p.source);
    p.button.type = "button";
    p.button.setAttribute("aria-expanded", "false");
    p.button.addEventListener("click", () => this.toggle());
    const heading = make("th", "c-asset", p.button);
    heading.scope = "row";
    p.row = line("asset-row",
      cell("c-rank", p.rank), heading, cell("c-fresh", p.fresh.node, p.lag), cell("c-signal fade", p.signal.node),
      cell("c-votes fade", p.votes.node), cell("c-gauge fade", p.gauge.node), cell("c-score r", p.score, p.working),
      cell("c-price r fade", p.price), cell("c-loss r fade", p.avnLoss), cell("c-steps r fade", p.steps),
      cell("c-frames r", p.accepted, p.problems));
    label(p.row, ".c-loss", "AVN loss");
    label(p.row, ".c-steps", "Steps");
    label(p.row, ".c-price", "Price");
    label(p.row, ".c-frames", "Frames");
    p.notice.colSpan = columns;
    p.noticeLine = line("notice-row", p.notice);
    p.noticeLine.hidden = true;
    this.node.append(p.row, p.noticeLine);
    return p;
  }

  get open() {
    return this.#details !== null && !this.#details.line.hidden;
  }

  toggle() {
    if (this.#details === null) {
      this.#details = new Details(`${this.id}-details`, columns);
      this.node.append(this.#details.line);
      this.#parts.button.setAttribute("aria-controls", this.#details.line.id);
    } else {
      this.#details.line.hidden = !this.#details.line.hidden;
    }
    this.#parts.button.setAttribute("aria-expanded", String(this.open));
    if (this.open) this.#details.show(this.#last, this.#described);
  }

  setRank(rank) {
    setText(this.#parts.rank, rank === null ? unknown : String(rank));
  }

  /** Shows an asset and what was described of it. */
  show(asset, described) {
    this.#last = asset;
    this.#described = described;
    const p = this.#parts;
    setClass(p.row, `asset-row ${described.fresh.state}${described.lag.votes && described.lag.warn ? " old-votes" : ""}`);
    setText(p.source, described.source);
    setAttribute(p.source, "title", described.source);
    p.signal.set(described.signal);
    p.votes.set(described.buy, described.sell);
    p.gauge.set(described.accuracy, described.confidence);
    this.#showScore(described);
    setText(p.avnLoss, described.avnLoss);
    setText(p.steps, described.steps);
    setText(p.price, described.price);
    setText(p.accepted, described.accepted);
    setText(p.problems, described.problems.text);
    setClass(p.problems, `under ${described.problems.kind}`);
    p.fresh.set(described.fresh);
    setText(p.lag, described.lag.text);
    setClass(p.lag, described.lag.warn ? "under warn" : "under");
    setText(p.notice, described.notice);
    setHidden(p.noticeLine, described.notice === "");
    if (this.open) this.#details.show(asset, described);
  }

  #showScore({ score, reason, confidence, accuracy }) {
    setText(this.#parts.score, signed(score));
    setText(this.#parts.working, reason ?? `${share(confidence)} − ${share(accuracy)}`);
  }
}

/** Roles are said aloud: a table that a narrow screen lays out as cards stays one. */
function line(className, ...cells) {
  const row = make("tr", className, ...cells);
  row.setAttribute("role", "row");
  for (const c of cells) c.setAttribute("role", c.tagName === "TH" ? "rowheader" : "cell");
  return row;
}

const cell = (className, ...children) => make("td", className, ...children);

function label(row, selector, text) {
  row.querySelector(selector).dataset.label = text;
}
