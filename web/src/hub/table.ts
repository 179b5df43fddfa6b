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

  /** changed() is called when something that was not painted comes into sight; sort(column) when a reader asks for that. */
  constructor(store: Store, clock: ServerClock, view: View, changed: () => void, sort: (column: Column) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#view = view;
    this.#watcher = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) this.#sight((target as HTMLElement).dataset["space"] ?? "", isIntersecting);
      changed();
    }, { rootMargin: "50%" });
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
      if (row === undefined || !(row.inSight || !row.shown)) continue; // it comes when it is looked at
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
    this.#listed = arranged(all, this.#view);
    const table = byId("assets") as HTMLTableElement;
    arrange(table, this.#listed.map((listed) => this.#place(listed)), table.tHead?.nextSibling ?? null);
    this.#forget(new Set(ranked.map(({ name }) => name)));
    this.#count(ranked.length);
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
      this.#rows.delete(name);
    }
  }
}

function head(column: Column, kind: string, text: string, sort: (column: Column) => void) {
  const spoken = column === "rank" ? html`<span aria-hidden="true">#</span><span class="hidden">Rank</span>` : text;
  return html`<th scope="col" role="columnheader" class=${kind} data-column=${column}><button type="button" @click=${() => sort(column)}>${spoken}</button>${column === "accuracy" ? gaugeScale : ""}</th>`;
}
