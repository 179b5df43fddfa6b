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
]);

/** What the title says of it first, for those who look at another tab. */
const marks = new Map([["offline", "Offline"], ["degraded", "No hub"]]);

/**
 * Shows a connection: its state (a key of kinds), what the pill says of it, and
 * for "offline" the server's name and the time of the last contact.
 */
export function showConnection({ state, text, server, since }) {
  const offline = state === "offline";
  document.body.dataset.connection = state;
  setClass(byId("connection"), kinds.get(state));
  setText(byId("connection-text"), text);
  setHidden(byId("lost"), !offline);
  if (offline) {
    const last = since === null
      ? `No connection to the ${server}. Nothing was received yet.`
      : `No connection to the ${server} since ${clockTime(since)} UTC. Everything below is the last that was received and does not change.`;
    setText(byId("lost"), last + " This page keeps trying.");
  }
  const { title } = document.body.dataset;
  document.title = marks.has(state) ? `${marks.get(state)}: ${title}` : title;
}
