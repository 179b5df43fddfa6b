// The strip of numbers on top of a page.

import { html, nothing, type TemplateResult } from "lit-html";

/** A number with what it counts, the unit behind it, a note below that may be a warning, and a small chart. */
export interface Vital { id: string; name: string; value: string; unit?: string; note?: string; warn?: boolean; chart?: TemplateResult | typeof nothing }

/** One of them, for a dl of class vitals. */
export const vital = ({ id, name, value, unit = "", note = "", warn = false, chart = nothing }: Vital) => html`<div>
  <dt>${name}</dt>
  <dd>${chart}<span id="${id}-value">${value}</span> <small id="${id}-unit">${unit}</small></dd>
  <dd class=${warn ? "note warn" : "note"} id="${id}-note" title=${note}>${note}</dd>
</div>`;
