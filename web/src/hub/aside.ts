// The inspector's place: beside the table where there is room, else over it.

import { byId, setAttribute, setClass, setHidden, setText } from "../shared/dom.js";
import { inspect } from "./inspector.js";
import { LargeCharts } from "./large.js";
import type { Store } from "./store.js";
import type { Table } from "./table.js";

const beside = matchMedia("(min-width: 1181px)");

export class Aside {
  #box = byId("inspector");
  #store: Store;
  #table: Table;
  #forget: () => void;
  #paint: () => void;
  #name = "";
  #asked = "";
  #opener: HTMLElement | null = null;
  #large = new LargeCharts(byId("large"));

  /** forget() is called when the reader closes it. */
  constructor(store: Store, table: Table, forget: () => void, paint: () => void) {
    this.#store = store;
    this.#table = table;
    this.#forget = forget;
    this.#paint = paint;
    beside.addEventListener("change", paint);
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

  close() {
    if (this.#asked === "") return;
    this.#forget();
    if (this.#opener?.isConnected) this.#opener.focus();
    this.#opener = null;
  }

  /** Shows the asset that was asked for; for "" the one that stood first, if there is room beside the table. */
  show(asked: string, reachable: boolean, changed: boolean) {
    this.#asked = asked;
    const name = asked !== "" ? asked : beside.matches ? this.#usual() : "";
    const known = name !== "" && this.#store.has(name);
    setHidden(this.#box, !known && asked === "");
    setHidden(byId("unknown-asset"), asked === "" || known || this.#store.books === null);
    setText(byId("unknown-name"), asked);
    setClass(document.body, asked !== "" ? "asked" : "");
    if (!known) {
      setHidden(this.#box, true);
      return;
    }
    if (name === this.#name && !changed) return;
    this.#name = name;
    setAttribute(this.#box, "data-space", name);
    this.#fill(name, reachable);
  }

  #usual(): string {
    const first = this.#table.listed[0]?.name ?? "";
    return this.#store.has(this.#name) ? this.#name : first;
  }

  #fill(name: string, reachable: boolean) {
    const history = this.#store.histories.get(name);
    this.#large.show(name, history);
    inspect(this.#box, this.#table.asset(name, reachable), history, this.#large.open, {
      close: () => this.close(),
      copyLink: (button) => void this.#copy(button, link(name)),
      copyJSON: (button) => void this.#copy(button, JSON.stringify(this.#store.snapshots.get(name) ?? null, null, 2)),
      enlarge: () => this.#enlarge(name, reachable),
    });
  }

  #enlarge(name: string, reachable: boolean) {
    this.#large.open = !this.#large.open;
    this.#fill(name, reachable);
    this.#paint();
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

/** The address that leads to an asset, whatever else the reader looks at. */
function link(name: string): string {
  const url = new URL(location.href);
  url.hash = new URLSearchParams({ asset: name }).toString();
  return url.href;
}
