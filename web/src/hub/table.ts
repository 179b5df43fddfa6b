// The table of all assets.

import { html, render } from "lit-html";
import { gaugeKey, gaugeScale, patterns } from "../shared/cells.js";
import type { ServerClock } from "../shared/clock.js";
import { arrange, byId, setAttribute, setClass, setHidden, setText } from "../shared/dom.js";
import { plural } from "../shared/format.js";
import { type Asset, describe } from "./asset.js";
import { type Order, rank } from "./rank.js";
import { Row } from "./row.js";
import type { Store } from "./store.js";
import { type Listed, arranged } from "./arranged.js";
import type { Column, View } from "./view.js";

const sortEvery = 1000; // milliseconds: rows that jump more often cannot be read

const meanings = new Map<Order, string>([
  ["desc", "Votes surest beyond the measured accuracy stand first: the hub's own order, as in /rankings (desc)."],
  ["asc", "Accuracy furthest above the votes stands first: the order of the ranker's formula (asc)."],
  ["balanced", "Votes as sure as the accuracy warrants stand first: the guide's “most balanced” (balanced)."],
]);

const ariaSort = new Map<Order, string>([["desc", "descending"], ["asc", "ascending"], ["balanced", "other"]]);

/** The columns: what is sorted by, the class, and what stands above. */
const heads: [Column, string, string][] = [
  ["rank", "c-rank", "#"], ["name", "c-asset", "Asset"], ["signal", "c-signal", "Signal"], ["votes", "c-votes", "Votes"],
  ["accuracy", "c-gauge", "Accuracy to confidence"], ["score", "c-score r", "Score"], ["loss", "c-loss", "AVN loss"], ["steps", "c-steps r", "Steps"], ["age", "c-fresh", "Updated"],
];

export class Table {
  #store: Store;
  #clock: ServerClock;
  #view: View;
  #rows = new Map<string, Row>();
  #sortedAt = -Infinity;
  #unsorted = true;
  #watcher: IntersectionObserver;
  #listed: Listed[] = [];
  #onScreen = new Set<Row>();

  /** changed() is called when something that was not painted comes into sight; sort(column) when a reader asks for that. */
  constructor(store: Store, clock: ServerClock, view: View, changed: () => void, sort: (column: Column) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#view = view;
    this.#watcher = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) this.#sight((target as HTMLElement).dataset["space"] ?? "", isIntersecting);
      changed();
    }, { rootMargin: "50%" });
    for (const moved of ["scroll", "resize"]) addEventListener(moved, () => {
      if (this.#look()) changed(); // still within the frame that shows them
    }, { passive: true });
    render(patterns, byId("patterns"));
    render(gaugeKey, byId("gauge-key"));
    render(heads.map(([column, kind, text]) => head(column, kind, text, sort)), byId("assets-head"));
    this.setView(view);
  }

  #sight(name: string, inSight: boolean) {
    const row = this.#rows.get(name);
    if (row === undefined) return;
    row.inSight = inSight;
    if (inSight) this.#store.changed.add(name);
  }

  /**
   * Finds the rows on the screen, now: the watcher tells of those that were far off
   * only when they have been seen. Tells whether there are such.
   */
  #look(): boolean {
    const rows = this.#listed.map(({ name }) => this.#row(name));
    const before = this.#onScreen;
    this.#onScreen = new Set();
    for (let i = firstBelow(rows, 0); i < rows.length; i++) {
      const row = rows[i];
      if (row === undefined || row.node.getBoundingClientRect().top > innerHeight) break;
      this.#onScreen.add(row);
    }
    for (const row of before) if (!this.#onScreen.has(row)) row.node.classList.remove("on-screen");
    const late = [...this.#onScreen].filter((row) => !before.has(row));
    for (const row of late) {
      row.node.classList.add("on-screen");
      if (!row.inSight) this.#store.changed.add(row.name);
    }
    return late.some((row) => !row.inSight);
  }

  /** The assets that are shown, from the first row to the last. */
  get listed(): readonly Listed[] {
    return this.#listed;
  }

  setView(view: View) {
    const chosen = this.#view.asset;
    this.#view = view;
    for (const name of [chosen, view.asset]) this.#store.changed.add(name);
    this.resort();
    for (const button of document.querySelectorAll<HTMLElement>("[data-order]")) setAttribute(button, "aria-pressed", String(button.dataset["order"] === view.order));
    for (const heading of byId("assets-head").children) this.#mark(heading as HTMLElement);
    setText(byId("order-meaning"), meanings.get(view.order) ?? "");
  }

  #mark(heading: HTMLElement) {
    const { sort, reverse, order } = this.#view;
    const column = heading.dataset["column"];
    if (sort === "rank" ? column === "score" : column === sort) {
      setAttribute(heading, "aria-sort", sort === "rank" ? ariaSort.get(order) ?? "none" : reverse ? "descending" : "ascending");
    } else {
      heading.removeAttribute("aria-sort");
    }
  }

  /** Sorts with the next paint, however short ago it did. */
  resort() {
    this.#sortedAt = -Infinity;
    this.#unsorted = true;
  }

  /** What is known of an asset now. */
  asset(name: string, reachable: boolean): Asset {
    const store = this.#store;
    const owner = store.books?.owners.get(name);
    return {
      name, now: this.#clock.now(), reachable, snapshot: store.snapshots.get(name), book: store.books?.publishers.get(name),
      connected: store.connected(name), staleAfter: store.staleAfter,
      elsewhere: owner === undefined || owner.hub_id === store.books?.hubID ? null : owner.hub_id, older: owner?.superseded_at ?? [],
    };
  }

  /** Shows what has changed since the last time and is in sight, or all that is in sight where the ages have changed. */
  show(reachable: boolean, ages: boolean) {
    const changed = this.#store.changed;
    if (changed.size > 0 || ages) this.#unsorted = true;
    this.#sort(reachable);
    for (const name of ages ? this.#rows.keys() : changed) {
      const row = this.#rows.get(name);
      if (row === undefined || (row.shown && !row.inSight && !this.#onScreen.has(row))) continue; // it comes when it is looked at
      this.#showRow(row, reachable);
      changed.delete(name);
    }
    if (ages) changed.clear();
  }

  #showRow(row: Row, reachable: boolean) {
    const asset = this.asset(row.name, reachable);
    row.show(describe(asset), this.#store.histories.get(row.name), asset.now, row.name === this.#view.asset);
  }

  #sort(reachable: boolean) {
    const at = performance.now();
    if (!this.#unsorted || (at - this.#sortedAt < sortEvery && this.#rows.size > 0)) return;
    this.#unsorted = false;
    this.#sortedAt = at;
    const ranked = rank(this.#store.names(), this.#store.snapshots, this.#view.order);
    const all = ranked.map(({ name, rank: place }): Listed => ({ name, rank: place, described: () => describe(this.asset(name, reachable)) }));
    const moved = this.#list(arranged(all, this.#view));
    const table = byId("assets") as HTMLTableElement;
    arrange(table, this.#listed.map((listed) => this.#place(listed)), table.tHead?.nextSibling ?? null);
    this.#forget(new Set(ranked.map(({ name }) => name)));
    this.#count(ranked.length);
    if (moved) this.#look();
  }

  /** Keeps what is shown; tells whether it is another sequence. Apart from #sort, whose closures would hold on to every list before. */
  #list(listed: Listed[]): boolean {
    const before = this.#listed;
    this.#listed = listed;
    return before.length !== listed.length || listed.some(({ name }, i) => name !== before[i]?.name);
  }

  #place({ name, rank: place }: Listed): HTMLElement {
    const row = this.#row(name);
    if (row.rank !== place) {
      row.rank = place;
      this.#store.changed.add(name);
    }
    return row.node;
  }

  #count(all: number) {
    const some = this.#listed.length;
    setText(byId("asset-count"), some === all ? plural(all, "asset") : `${some} of ${plural(all, "asset")}`);
    setHidden(byId("assets-section"), all === 0);
    setHidden(byId("none-listed"), all === 0 || some > 0);
    setClass(byId("assets"), some > 0 ? "cards" : "cards empty");
  }

  #row(name: string): Row {
    let row = this.#rows.get(name);
    if (row === undefined) {
      row = new Row(name);
      this.#rows.set(name, row);
      this.#store.changed.add(name);
      this.#watcher.observe(row.node);
    }
    return row;
  }

  #forget(names: Set<string>) {
    for (const [name, row] of this.#rows) {
      if (names.has(name)) continue;
      this.#watcher.unobserve(row.node);
      this.#onScreen.delete(row);
      this.#rows.delete(name);
    }
  }
}

/** The place of the first of rows, which stand below one another, that ends below y. */
function firstBelow(rows: readonly Row[], y: number): number {
  let [from, to] = [0, rows.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((rows[middle]?.node.getBoundingClientRect().bottom ?? 0) > y) to = middle;
    else from = middle + 1;
  }
  return from;
}

function head(column: Column, kind: string, text: string, sort: (column: Column) => void) {
  const spoken = column === "rank" ? html`<span aria-hidden="true">#</span><span class="hidden">Rank</span>` : text;
  return html`<th scope="col" role="columnheader" class=${kind} data-column=${column}><button type="button" @click=${() => sort(column)}>${spoken}</button>${column === "accuracy" ? gaugeScale : ""}</th>`;
}
