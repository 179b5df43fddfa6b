// The hub's page: the store is fed, and painted once per frame.

import { ServerClock } from "../shared/clock.js";
import { showConnection } from "../shared/connection.js";
import { byId, painter, setText } from "../shared/dom.js";
import { clockTime } from "../shared/format.js";
import { Feed } from "./feed.js";
import { showAges, showBooks } from "./panels.js";
import { orders } from "./rank.js";
import { prepareStart, showStart } from "./start.js";
import { Store } from "./store.js";
import { Table } from "./table.js";

const orderKey = "quasar-order";

const store = new Store();
const clock = new ServerClock();

let ticked = true; // a second has passed: all ages
let shownBooks = null;
let shownState = null;

const paint = painter(() => {
  const { state, since } = feed.status();
  showConnection({ state, since, text: words(state, since), server: "hub" });
  const now = clock.now();
  table.show(state !== "offline", ticked || state !== shownState);
  if (shownBooks !== store.books) showBooks(store, now);
  else if (ticked && state !== "offline") showAges(store, now); // what is not heard does not age on
  showStart(store);
  if (ticked) setText(byId("clock"), clock.known ? `${clockTime(now)} UTC` : "");
  [ticked, shownBooks, shownState] = [false, store.books, state];
});

const table = new Table(store, clock, storedOrder(), paint);
const feed = new Feed(store, clock, paint);

function words(state, since) {
  switch (state) {
    case "live": return "Live stream";
    case "polling": return "Polling";
    case "reconnecting": return "Reconnecting";
    case "offline": return since === null ? "Offline" : `Offline since ${clockTime(since)}`;
    default: return "Connecting";
  }
}

function storedOrder() {
  try {
    const order = localStorage.getItem(orderKey);
    return orders.includes(order) ? order : "desc";
  } catch {
    return "desc";
  }
}

function storeOrder(order) {
  try { localStorage.setItem(orderKey, order); } catch { /* then it holds for this visit */ }
}

for (const button of document.querySelectorAll("[data-order]")) {
  button.addEventListener("click", () => {
    table.setOrder(button.dataset.order);
    storeOrder(button.dataset.order);
    paint();
  });
}

setInterval(() => {
  ticked = true;
  paint();
}, 1000);

prepareStart(location);
feed.start();
paint();
