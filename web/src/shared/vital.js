// The strip of numbers on top of a page.

import { byId, setAttribute, setClass, setText } from "./dom.js";

/** Shows one of them: its value, the unit behind it, and a note below, which may be a warning. */
export function vital(name, value, unit, note, warn = false) {
  setText(byId(`${name}-value`), value);
  setText(byId(`${name}-unit`), unit);
  const element = byId(`${name}-note`);
  setText(element, note);
  setAttribute(element, "title", note);
  setClass(element, warn ? "note warn" : "note");
}
