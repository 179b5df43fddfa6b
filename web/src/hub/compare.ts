// The choice of an asset to compare with.

import { html } from "lit-html";
import { most } from "./plot.js";

/** Offers all the assets; ask is called with those that are compared then: the newest of them, where there is no room for more. */
export function compareWith(all: readonly string[], others: readonly string[], ask: (names: string[]) => void) {
  const choose = (event: Event) => {
    const select = event.currentTarget as HTMLSelectElement;
    if (select.value !== "") ask([...others, select.value].slice(1 - most));
    select.value = "";
  };
  return html`<select class="field" aria-label="Compare with another asset" @change=${choose}>
    <option value="">${others.length === 0 ? "Compare with…" : `With ${others.join(", ")}…`}</option>${all.map((name) => html`<option value=${name}>${name}</option>`)}
  </select>`;
}
