// How a page says whether what it shows is live: a pill, a banner, its title.

import { byId, setClass, setHidden, setText } from "./dom.js";
import { clockTime } from "./format.js";

const kinds = new Map([
  ["connecting", "pill"],
  ["live", "pill good"],
  ["reconnecting", "pill warn"],
  ["polling", "pill good"],
  ["degraded", "pill warn"],
  ["offline", "pill bad"],
  ["login", "pill warn"],
]);

/** What the title says of it first, for those who look at another tab. */
const marks = new Map([["offline", "Offline"], ["degraded", "No hub"]]);

/**
 * A state (a key of kinds), what the pill says of it, the server's name with the
 * time (its own) of the last contact, and in how many seconds the page tries again.
 */
export interface Connection { state: string; text: string; server: string; since: number | null; next: number }

/**
 * Shows a connection in #connection, #lost (while "offline") and the title. Only
 * the pill is read out: what counts down is not.
 */
export function showConnection({ state, text, server, since, next }: Connection) {
  const offline = state === "offline";
  document.body.dataset["connection"] = state;
  setClass(byId("connection"), kinds.get(state) ?? "pill");
  setText(byId("connection-text"), text);
  setHidden(byId("lost"), !offline);
  if (offline) {
    const last = since === null
      ? `No connection to the ${server}. Nothing was received yet.`
      : `No connection to the ${server} since ${clockTime(since)} UTC. Everything below is the last that was received and does not change.`;
    setText(byId("lost-text"), last);
    setText(byId("lost-next"), next > 0 ? `Next attempt in ${Math.ceil(next)} s.` : "Trying now.");
  }
  const title = document.body.dataset["title"] ?? "";
  document.title = marks.has(state) ? `${marks.get(state)}: ${title}` : title;
}
