// What stands above the ranking: the hub behind it, what is and is not there of
// trading and policies, and whatever a person should know.

import { arrange, byId, make, setAttribute, setHidden, setText } from "../shared/dom.js";
import { clockTime, count, duration, plural } from "../shared/format.js";
import { vital } from "../shared/vital.js";
import { hubPage } from "./where.js";

const orderWords = new Map([
  ["asc", "smallest score first"],
  ["desc", "largest score first"],
  ["balanced", "score nearest to 0 first"],
]);
const ariaSort = new Map([["asc", "ascending"], ["desc", "descending"], ["balanced", "other"]]);

/** Shows an answer of /api/state at a time of the ranker's clock. */
export function showState(state, now) {
  const { hub, policy, trading } = state;
  vital("hub", hub.connected ? "Connected" : "Lost", "", `for ${duration(now - hub.since)}, ${hub.url}`, !hub.connected);
  vital("trading", trading.enabled ? "On" : "Off", "", trading.note.replace(/^off: /, ""));
  const { labels } = policy;
  vital("policy", policy.active, "", labels.learned === 0 ? "has learned nothing yet" : `${plural(labels.learned, "outcome")} learned, ${count(labels.pending)} to come`);
  vital("edge", policy.gate.open ? "Evidence" : "None shown", "", `after ${plural(policy.gate.n, "outcome")} of the first, one after the other`);
  setText(byId("edge-sentence"), `${capital(policy.gate.sentence)}. The interval holds whenever one looks.`);
  const tradable = state.rankings.filter((row) => row.tradable).length;
  vital("tradable", count(tradable), `of ${count(state.rankings.length)}`, tradable === state.rankings.length ? "none held back" : `${count(state.rankings.length - tradable)} held back`);
  vital("uptime", duration(now - (state.timestamp - state.uptime_seconds)), "", `${plural(state.updates, "update")}, ${state.version}`);
  const byFormula = state.ordered_by === "formula";
  setText(byId("ranking-order"), byFormula ? `by the formula, ${orderWords.get(state.order)} (${state.order})` : `by the policy ${state.ordered_by}`);
  setAttribute(byId("score-heading"), "aria-sort", byFormula ? ariaSort.get(state.order) : "none");
  setHidden(byId("anonymous"), !state.insecure_allow_anonymous);
  showNotes(policy.notes);
  showWaiting(state);
  showLink(hub.url);
}

/** Shows since when the ranker has no hub, while it answers. */
export function showHubLost(state, degraded) {
  setHidden(byId("hub-lost"), !degraded);
  if (!degraded) return;
  const why = state.hub.last_error === null ? "" : ` (${state.hub.last_error})`;
  setText(byId("hub-lost"), `The ranker has no connection to its hub since ${clockTime(state.hub.since)} UTC${why}. It keeps trying; what stands below is the last it received.`);
}

function showNotes(notes) {
  const list = byId("notes");
  const known = new Map([...list.children].map((item) => [item.textContent, item]));
  arrange(list, notes.map((text) => capital(text) + ".").map((text) => known.get(text) ?? make("li", "", text)));
  setHidden(list, notes.length === 0);
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function showWaiting({ rankings, waiting }) {
  setHidden(byId("table-frame"), rankings.length === 0);
  setHidden(byId("no-assets"), rankings.length > 0 || waiting.length > 0);
  setHidden(byId("waiting"), waiting.length === 0);
  setText(byId("waiting"), `Asked for, and not sent by the hub so far: ${waiting.join(", ")}.`);
}

function showLink(address) {
  const link = byId("hub-link");
  const page = hubPage(address, location);
  setHidden(link, page === null);
  if (page !== null) setAttribute(link, "href", page);
}
