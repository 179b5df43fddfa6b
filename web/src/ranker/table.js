// The ranking, in the ranker's own order.

import { freshCell, gaugeCell, signalCell, votesCell } from "../shared/cells.js";
import { arrange, byId, make, setAttribute, setClass, setText } from "../shared/dom.js";
import { share, signed, unknown } from "../shared/format.js";
import { freshness, lag } from "../shared/freshness.js";

export class Table {
  #rows = new Map(); // name → Row

  /** Shows the rows of /api/state at a time of the hub's clock; live says whether newer ones would come. */
  show({ rankings, stale_after_seconds: staleAfter }, now, live) {
    const rows = rankings.map((ranking) => {
      const row = this.#row(ranking.space_name);
      row.show(ranking, { now, staleAfter, reachable: live });
      return row.node;
    });
    const table = byId("assets");
    arrange(table, rows, table.tHead.nextSibling);
    if (this.#rows.size > rankings.length) {
      const names = new Set(rankings.map((ranking) => ranking.space_name));
      for (const name of this.#rows.keys()) if (!names.has(name)) this.#rows.delete(name);
    }
  }

  #row(name) {
    let row = this.#rows.get(name);
    if (row === undefined) {
      row = new Row(name);
      this.#rows.set(name, row);
    }
    return row;
  }
}

class Row {
  node = make("tbody");
  #parts;

  constructor(name) {
    const p = {
      rank: make("span", "num"), source: make("span", "source"),
      signal: signalCell(), votes: votesCell(), gauge: gaugeCell(), fresh: freshCell(),
      score: make("span", "score num"), working: make("span", "under num"),
      expected: make("span", "num"), chance: make("span", "under num"),
      verdict: make("span", "verdict"), verdictText: make("span"), lag: make("span", "under"),
    };
    const shape = make("span", "shape");
    shape.ariaHidden = "true";
    p.verdict.append(shape, p.verdictText);
    const heading = make("th", "c-asset", make("b", "", name), p.source);
    heading.scope = "row";
    p.row = make("tr", "asset-row",
      make("td", "c-rank", p.rank), heading, make("td", "c-fresh", p.fresh.node, p.lag), make("td", "c-signal fade", p.signal.node),
      make("td", "c-votes fade", p.votes.node), make("td", "c-gauge fade", p.gauge.node), make("td", "c-score r", p.score, p.working),
      make("td", "c-expected r fade", p.expected, p.chance),
      make("td", "c-verdict", p.verdict));
    p.row.setAttribute("role", "row"); // a narrow screen lays it out as a card
    for (const cell of p.row.cells) cell.setAttribute("role", cell === heading ? "rowheader" : "cell");
    this.node.dataset.space = name;
    this.node.append(p.row);
    this.#parts = p;
  }

  show(ranking, at) {
    const p = this.#parts;
    const { snapshot } = ranking;
    const fresh = freshness(snapshot.updated_at, at);
    const behind = lag(snapshot, at);
    setClass(p.row, `asset-row ${fresh.state}${behind.votes && behind.warn ? " old-votes" : ""}`);
    setText(p.rank, ranking.rank === null ? unknown : String(ranking.rank));
    setText(p.source, snapshot.voting.signal_source ?? "");
    p.signal.set(ranking.dominant_signal);
    p.votes.set(snapshot.voting.buy_count, snapshot.voting.sell_count);
    p.gauge.set(ranking.avn_accuracy, ranking.signal_confidence);
    setText(p.score, signed(ranking.score));
    setText(p.working, ranking.reason ?? `${share(ranking.signal_confidence)} − ${share(ranking.avn_accuracy)}`);
    setText(p.expected, expected(ranking.belief));
    setText(p.chance, chance(ranking));
    setClass(p.verdict, ranking.tradable ? "verdict tradable" : "verdict held");
    setText(p.verdictText, ranking.tradable ? "tradable" : `held back: ${ranking.held_back.join("; ")}`);
    p.fresh.set(fresh);
    setText(p.lag, behind.text);
    setAttribute(p.lag, "class", behind.warn ? "under warn" : "under");
  }
}

/** What the policy expects, and half of the interval around it. */
function expected(belief) {
  if (belief === null) return unknown;
  return `${signed(belief.mean)} ± ${share((belief.interval[1] - belief.interval[0]) / 2)}`;
}

/** Where the formula puts the asset, and how likely the newest decision was to choose it. */
function chance({ formula_rank: formula, propensity }) {
  const place = formula === null ? "" : `formula: ${formula}`;
  if (propensity === null) return place;
  return `${place === "" ? "" : place + ", "}chosen with ${share(propensity, 2)}`;
}
