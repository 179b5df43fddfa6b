// The table of all assets, in their order.

import { arrange, byId, setAttribute, setClass, setHidden, setText } from "../shared/dom.js";
import { plural } from "../shared/format.js";
import { describe } from "./asset.js";
import { rank } from "./rank.js";
import { Row } from "./row.js";

const sortEvery = 1000; // milliseconds: rows that jump more often cannot be read

const meanings = new Map([
  ["desc", "Votes surest beyond the measured accuracy stand first: the hub's own order, as in /rankings."],
  ["asc", "Accuracy furthest above the votes stands first: the order of the ranker's formula."],
  ["balanced", "Votes as sure as the accuracy warrants stand first."],
]);

const ariaSort = new Map([["desc", "descending"], ["asc", "ascending"], ["balanced", "other"]]);

export class Table {
  #store;
  #clock;
  #rows = new Map(); // name → Row
  #order;
  #sortedAt = -Infinity;
  #unsorted = true;
  #watcher;

  /** changed() is called when something that was not painted comes into sight. */
  constructor(store, clock, order, changed) {
    this.#store = store;
    this.#clock = clock;
    this.#watcher = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) this.#sight(target.dataset.space, isIntersecting);
      changed();
    }, { rootMargin: "50%" });
    this.setOrder(order);
  }

  #sight(name, inSight) {
    const row = this.#rows.get(name);
    if (row === undefined) return;
    row.inSight = inSight;
    if (inSight) this.#store.changed.add(name);
  }

  setOrder(order) {
    this.#order = order;
    this.#sortedAt = -Infinity;
    this.#unsorted = true;
    for (const button of document.querySelectorAll("[data-order]")) setAttribute(button, "aria-pressed", String(button.dataset.order === order));
    setAttribute(byId("score-heading"), "aria-sort", ariaSort.get(order));
    setText(byId("order-meaning"), meanings.get(order));
  }

  /**
   * Shows what has changed since the last time and is in sight; all of it where
   * the ages have changed.
   */
  show(reachable, everything) {
    const now = this.#clock.now();
    const changed = this.#store.changed;
    if (changed.size > 0) this.#unsorted = true;
    this.#sort();
    for (const name of everything ? this.#rows.keys() : changed) {
      const row = this.#rows.get(name);
      if (row === undefined || !(everything || row.inSight)) continue; // it comes with the next sort, or in its turn
      this.#showRow(row, now, reachable);
      changed.delete(name);
    }
    if (everything) changed.clear();
  }

  #showRow(row, now, reachable) {
    const { name } = row;
    const asset = {
      name, now, reachable, snapshot: this.#store.snapshots.get(name), book: this.#store.books?.publishers.get(name),
      connected: this.#store.connected(name), staleAfter: this.#store.staleAfter,
    };
    row.show(asset, describe(asset));
  }

  #sort() {
    const at = performance.now();
    if (!this.#unsorted || (at - this.#sortedAt < sortEvery && this.#rows.size > 0)) return;
    this.#unsorted = false;
    this.#sortedAt = at;
    const ranked = rank(this.#store.names(), this.#store.snapshots, this.#order);
    const nodes = ranked.map(({ name, rank: place }) => {
      const row = this.#row(name);
      row.setRank(place);
      return row.node;
    });
    const table = byId("assets");
    arrange(table, nodes, table.tHead.nextSibling);
    this.#forget(new Set(ranked.map(({ name }) => name)));
    setText(byId("asset-count"), plural(ranked.length, "asset"));
    setHidden(byId("assets-section"), ranked.length === 0);
    setClass(table, ranked.length > 0 ? "cards" : "cards empty");
  }

  #row(name) {
    let row = this.#rows.get(name);
    if (row === undefined) {
      row = new Row(name);
      this.#rows.set(name, row);
      this.#store.changed.add(name);
      this.#watcher.observe(row.node);
    }
    return row;
  }

  #forget(names) {
    for (const [name, row] of this.#rows) {
      if (names.has(name)) continue;
      this.#watcher.unobserve(row.node);
      this.#rows.delete(name);
    }
  }
}
