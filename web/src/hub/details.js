// The details of one asset, below its row.

import { make, setText } from "../shared/dom.js";
import { clockTime, count, duration, share, signed, unknown } from "../shared/format.js";
import { connection, isSuspect, reasons, stripped } from "./asset.js";

const groups = [
  ["Score", ["Confidence", "Accuracy", "Score"]],
  ["Training", ["Steps", "Actor loss", "Critic loss", "AVN loss", "Training age"]],
  ["Votes", ["Signal", "Last price", "Signal source", "Votes age", "Sequence"]],
  ["Publisher", ["Connection", "Last frame", "Accepted", "Superseded", "Throttled", "Implausible", "Suspect"]],
  ["Not taken", ["Rejected", "Bad fields", "Not finite", "Stripped", "Stripped fields", "Last refusal"]],
];

export class Details {
  line = make("tr", "details-row");
  #values = new Map();

  constructor(id, columns) {
    const cell = make("td", "", make("div", "details", ...groups.map(([title, names]) => this.#group(title, names))));
    cell.colSpan = columns;
    this.line.id = id;
    this.line.setAttribute("role", "row");
    cell.setAttribute("role", "cell");
    this.line.append(cell);
  }

  #group(title, names) {
    const list = make("dl", "pairs");
    for (const name of names) {
      const value = make("dd", "num");
      this.#values.set(name, value);
      list.append(make("dt", "", name), value);
    }
    return make("div", "group", make("h3", "", title), list);
  }

  show(asset, described) {
    const { snapshot, book, connected, now, reachable } = asset;
    const old = (at) => (at == null ? unknown : duration(now - at));
    const counted = (n) => (book ? count(n) : unknown);
    this.#set({
      "Confidence": confidence(described),
      "Accuracy": share(described.accuracy),
      "Score": signed(described.score) === unknown ? `${unknown} (${described.reason})` : signed(described.score),
      "Steps": described.steps, "Actor loss": described.actorLoss, "Critic loss": described.criticLoss, "AVN loss": described.avnLoss,
      "Training age": old(snapshot?.training_at),
      "Signal": described.signal ?? unknown, "Last price": described.price, "Signal source": described.source || unknown,
      "Votes age": old(snapshot?.voting_at),
      "Sequence": snapshot ? String(snapshot.seq) : unknown,
      "Connection": reachable ? connection(book, connected, now) : "not known",
      "Last frame": lastFrame(asset),
      "Accepted": counted(book?.accepted), "Rejected": counted(book?.rejected), "Bad fields": counted(book?.field_errors),
      "Not finite": counted(book?.non_finite), "Superseded": counted(book?.superseded), "Throttled": counted(book?.throttled),
      "Implausible": counted(book?.implausible), "Suspect": suspicion(book, now),
      "Stripped": counted(book?.stripped), "Stripped fields": stripped(book),
      "Last refusal": refusal(book),
    });
  }

  #set(values) {
    for (const [name, value] of Object.entries(values)) setText(this.#values.get(name), value);
  }
}

function confidence({ buy, sell, confidence: value }) {
  if (value === null) return unknown;
  return `max(${count(buy)}, ${count(sell)}) / ${count(buy + sell)} = ${share(value)}`;
}

/** The books are a few seconds old: an update that is newer counts too. */
function lastFrame({ book, snapshot, now }) {
  const at = Math.max(book?.last_frame_at ?? 0, snapshot?.updated_at ?? 0);
  return at === 0 ? unknown : `${duration(now - at)} ago`;
}

function suspicion(book, now) {
  if (!book) return unknown;
  return isSuspect(book, now) ? `since ${clockTime(book.suspect.since)}: ${reasons(book.suspect)}` : "no";
}

function refusal(book) {
  if (!book) return unknown;
  return book.last_rejection ? `${clockTime(book.last_rejection.at)} ${book.last_rejection.reason}` : "none";
}
