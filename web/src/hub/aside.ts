// The inspector's place: beside the table where there is room, else over it.

import { alone, byId, setAttribute, setClass, setHidden, setText } from "../shared/dom.js";
import { describe } from "./asset.js";
import { inspect } from "./inspector.js";
import { LargeCharts } from "./large.js";
import type { Store } from "./store.js";
import type { Table } from "./table.js";
import type { View } from "./view.js";

const beside = matchMedia("(min-width: 1181px)");
const covering = matchMedia("(max-width: 420px)"); // as wide as the inspector in style.css: nothing is left beside it

export class Aside {
  #box = byId("inspector");
  #store: Store;
  #table: Table;
  #look: (change: Partial<View>) => void;
  #paint: () => void;
  #name = "";
  #asked = "";
  #compared: readonly string[] = [];
  #opener: HTMLElement | null = null;
  #large: LargeCharts;

  /** look(change) is called when the reader closes it, or compares. */
  constructor(store: Store, table: Table, look: (change: Partial<View>) => void, paint: () => void) {
    this.#store = store;
    this.#table = table;
    this.#look = look;
    this.#paint = paint;
    this.#large = new LargeCharts(byId("large"), store, { close: () => this.#enlarge(false), compare: (names) => this.#compare(names), paint: () => this.#again() });
    for (const room of [beside, covering]) room.addEventListener("change", paint);
  }

  /** Whether what it shows is among what has changed. */
  changed(names: Set<string>): boolean {
    return names.has(this.#name);
  }

  /** Takes the focus where it stands over the table; close gives it back to the opener. */
  open(opener: HTMLElement | null) {
    this.#opener = opener;
    if (!beside.matches) requestAnimationFrame(() => requestAnimationFrame(() => document.getElementById("inspector-heading")?.focus()));
  }

  /** Closes what stands before the rest: the charts where they do, else the inspector. */
  close() {
    if (this.#large.open && !beside.matches) {
      this.#enlarge(false);
      return;
    }
    if (this.#asked === "") return;
    this.#look({ asset: "", compare: [] });
    alone(null); // or the opener cannot take the focus
    if (this.#opener?.isConnected) this.#opener.focus();
    this.#opener = null;
  }

  /** Shows the asset that was asked for; for "" the one that stood first, if there is room beside the table. */
  show(view: Pick<View, "asset" | "compare">, reachable: boolean, changed: boolean) {
    this.#show(view, reachable, changed);
    alone(beside.matches ? null : this.#large.open ? byId("large") : covering.matches && this.#asked !== "" && !this.#box.hidden ? this.#box : null);
  }

  #show({ asset: asked, compare }: Pick<View, "asset" | "compare">, reachable: boolean, changed: boolean) {
    this.#asked = asked;
    const name = asked !== "" ? asked : beside.matches ? this.#usual() : "";
    const known = name !== "" && this.#store.has(name);
    setHidden(byId("unknown-asset"), asked === "" || known || this.#store.books === null);
    setText(byId("unknown-name"), asked);
    setClass(document.body, asked !== "" ? "asked" : "");
    setHidden(this.#box, !known);
    if (!known) {
      this.#large.set(false);
      return;
    }
    const begun = compare.length > 0 && compare !== this.#compared;
    if (name === this.#name && compare === this.#compared && !changed) return;
    this.#name = name;
    this.#compared = compare;
    if (begun) this.#large.set(true); // an address that compares
    setAttribute(this.#box, "data-space", name);
    this.#fill(name, reachable);
  }

  #usual(): string {
    const first = this.#table.listed[0]?.name ?? "";
    return this.#store.has(this.#name) ? this.#name : first;
  }

  #fill(name: string, reachable: boolean) {
    const asset = this.#table.asset(name, reachable);
    const others = this.#compared.filter((other) => other !== name);
    this.#large.show([name, ...others], asset.now, describe(asset).fresh);
    inspect(this.#box, asset, this.#store.histories.get(name), {
      large: this.#large.open, others, all: this.#store.names().filter((other) => other !== name && !others.includes(other)).sort(),
      close: () => this.close(),
      copyLink: (button) => void this.#copy(button, link(name, others)),
      copyJSON: (button) => void this.#copy(button, JSON.stringify(this.#store.snapshots.get(name) ?? null, null, 2)),
      enlarge: () => this.#enlarge(!this.#large.open),
      compare: (names) => this.#compare(names),
    });
  }

  /** Paints all of it with the next frame. */
  #again() {
    this.#store.changed.add(this.#name);
    this.#paint();
  }

  #enlarge(open: boolean) {
    this.#large.set(open);
    this.#again();
    requestAnimationFrame(() => requestAnimationFrame(() => {
      if (open) this.#large.focus();
      else document.getElementById("enlarge")?.focus();
    }));
  }

  /** Compares with these, of an asset that stays: the address is to say both. */
  #compare(compare: string[]) {
    this.#look({ asset: this.#name, compare });
    if (compare.length > 0 && !this.#large.open) this.#enlarge(true);
  }

  async #copy(button: HTMLElement, text: string) {
    const before = button.dataset["says"] ?? button.textContent ?? "";
    button.dataset["says"] = before;
    try {
      await navigator.clipboard.writeText(text);
      setText(button, "Copied");
    } catch {
      setText(button, "Not allowed here");
    }
    setTimeout(() => setText(button, before), 2000);
  }
}

/** The address that leads to an asset, whatever else the reader looks at, and to those it is compared with. */
function link(name: string, others: string[]): string {
  const url = new URL(location.href);
  url.hash = new URLSearchParams({ asset: name, ...(others.length > 0 && { compare: others.join(",") }) }).toString();
  return url.href;
}
