// The hub's page: the store is fed, and painted once per frame.

import { ServerClock } from "../shared/clock.js";
import { showConnection } from "../shared/connection.js";
import { byId, painter, setHidden, setText } from "../shared/dom.js";
import { clockTime } from "../shared/format.js";
import { Access } from "./access.js";
import { csv, save } from "./csv.js";
import { Feed } from "./feed.js";
import { Aside } from "./aside.js";
import { showAges, showBooks } from "./panels.js";
import { recall, store as remember } from "./kept.js";
import { type Order, isOrder } from "./rank.js";
import { prepareStart, showStart } from "./start.js";
import { type Books, Store } from "./store.js";
import { Table } from "./table.js";
import { type Column, type View, keep, read, states, write } from "./view.js";

const store = new Store();
const clock = new ServerClock();
const access = new Access(byId("access"));

const narrow = matchMedia("(max-width: 480px)"); // where the banner alone says since when

let view = read(location.hash);
let ticked = true; // a second has passed: all ages
let shownBooks: Books | null = null;
let shownState = "";
let nextTry = 0;

const paint = painter(() => {
  const { state, since, next } = feed.status();
  if (ticked || state !== shownState) nextTry = next; // it counts in seconds
  showConnection({ state, since, next: nextTry, text: words(state, since), server: "hub" });
  const now = clock.now();
  const ages = ticked || state !== shownState;
  const chosen = aside.changed(store.changed);
  table.show(state !== "offline", ages);
  aside.show(view, state !== "offline", ages || chosen);
  showHub(state, now);
  setHidden(byId("content"), access.wanting);
  [ticked, shownBooks, shownState] = [false, store.books, state];
});

function showHub(state: string, now: number) {
  if (shownBooks !== store.books) {
    showBooks(store, now);
  } else if (ticked && state !== "offline") {
    showAges(store, now); // what is not heard does not age on
  }
  showStart(store);
  if (ticked) setText(byId("clock"), clock.known ? `${clockTime(now)} UTC` : "");
}

const table = new Table(store, clock, view, paint, sortBy);
const aside = new Aside(store, table, look, paint);
const feed = new Feed(store, clock, access, paint);

function words(state: string, since: number | null): string {
  switch (state) {
    case "live": return "Live stream";
    case "polling": return "Polling every 2 s";
    case "reconnecting": return "Reconnecting";
    case "login": return "Token wanted";
    case "offline": return since === null || narrow.matches ? "Offline" : `Offline since ${clockTime(since)}`;
    default: return "Connecting";
  }
}

/** Changes what the reader looks at, here and in the address. Another asset is a step to come back from. */
function look(change: Partial<View>) {
  const step = change.asset !== undefined && change.asset !== view.asset;
  view = { ...view, ...change };
  if (step) history.pushState(null, "", write(view));
  else history.replaceState(null, "", write(view));
  table.setView(view);
  showControls();
  paint();
}

function showControls() {
  const filter = byId("filter") as HTMLInputElement;
  if (filter.value.trim() !== view.filter) filter.value = view.filter;
  (byId("state") as HTMLSelectElement).value = view.state;
}

function sortBy(column: Column) {
  if (column === "rank" || column === "score") look({ sort: "rank", reverse: view.sort === "rank" && !view.reverse });
  else look({ sort: column, reverse: view.sort === column && !view.reverse });
}

function setOrder(order: Order) {
  keep(order);
  look({ order, sort: "rank", reverse: false });
}

document.addEventListener("click", (event) => {
  if ((event.target as Element).closest(".skip") !== null) {
    event.preventDefault(); // the address would forget what the reader looks at
    byId("content").focus();
    return;
  }
  const button = (event.target as Element).closest<HTMLElement>("[data-open], [data-order]");
  const { open, order } = button?.dataset ?? {};
  if (isOrder(order)) setOrder(order);
  if (open === undefined) return;
  look({ asset: open });
  aside.open(button);
});

byId("lost-now").addEventListener("click", () => feed.retry());
byId("filter").addEventListener("input", (event) => look({ filter: (event.target as HTMLInputElement).value.trim() }));
byId("state").addEventListener("change", (event) => {
  const wanted = (event.target as HTMLSelectElement).value;
  look({ state: states.find((state) => state === wanted) ?? "" });
});
byId("csv").addEventListener("click", () => {
  const at = new Date(clock.now() * 1000).toISOString().slice(0, 19).replaceAll(":", "");
  save(csv(table.listed, store.snapshots), `quasar-${at}Z.csv`);
});
document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    byId("filter").focus();
  }
  if (event.key === "Escape") aside.close();
});
addEventListener("popstate", () => { // back, forward, or another address behind the #
  view = read(location.hash);
  table.setView(view);
  showControls();
  paint();
});

function leave() { // a phone may not tell when it closes a page that is hidden
  const seen = store.remembered();
  if (seen !== null) remember(seen);
}
addEventListener("pagehide", leave);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) leave();
});

setInterval(() => {
  ticked = true;
  paint();
}, 1000);
showControls();
prepareStart(location);
store.recall(recall());
access.start(() => feed.retry());
feed.start();
paint();
