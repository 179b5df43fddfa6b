// The ranker's page: polled once a second, painted once per frame.

import { showConnection } from "../shared/connection.js";
import { byId, painter, setText } from "../shared/dom.js";
import { clockTime } from "../shared/format.js";
import { Feed } from "./feed.js";
import { showHubLost, showState } from "./panels.js";
import { Table } from "./table.js";

const table = new Table();

const paint = painter(() => {
  const { state: word, since } = feed.status();
  showConnection({ state: word, since, text: words(word, since), server: "ranker" });
  showHubLost(feed.state, word === "degraded");
  if (feed.state === null) return;
  const now = feed.hubClock.now();
  table.show(feed.state, now, word === "live");
  if (word !== "offline") showState(feed.state, feed.ownClock.now()); // what is not heard does not age on
  setText(byId("clock"), `${clockTime(now)} UTC`);
});

const feed = new Feed(paint);

function words(word, since) {
  switch (word) {
    case "live": return "Live";
    case "degraded": return "No hub";
    case "offline": return since === null ? "Offline" : `Offline since ${clockTime(since)}`;
    default: return "Connecting";
  }
}

setInterval(paint, 1000); // the ages
feed.start();
paint();
