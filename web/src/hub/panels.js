// What stands around the table: the vitals, the events, the subscribers, and
// what to do while nothing has been published.

import { arrange, byId, make, setClass, setHidden, setText } from "../shared/dom.js";
import { clockTime, count, dateTime, duration, rate } from "../shared/format.js";
import { vital } from "../shared/vital.js";
import { isSuspect } from "./asset.js";

/** Shows the hub's books; they are null until they are known. */
export function showBooks(store, now) {
  const books = store.books;
  setHidden(byId("anonymous"), !books?.anonymous);
  if (books === null) return;
  showVitals(store, now);
  showEvents(books.events);
  showSubscribers(books.subscribers, now);
}

/** Shows what goes on by itself: ages. */
export function showAges(store, now) {
  if (store.books === null) return;
  showVitals(store, now);
  showSubscribers(store.books.subscribers, now);
}

function showVitals(store, now) {
  const { stats, version, hubID, startedAt, staleAfter } = store.books;
  const names = store.names();
  const offline = names.filter((name) => store.connected(name) === false).length;
  const stale = names.filter((name) => store.connected(name) !== false && now - store.snapshots.get(name)?.updated_at > staleAfter).length;
  const suspect = names.filter((name) => isSuspect(store.books.publishers.get(name), now)).length;
  vital("publishers", count(names.length - offline), names.length === 0 ? "" : `of ${count(names.length)}`,
    list([stale, "stale"], [offline, "offline"], [suspect, "suspect"]) || (names.length === 0 ? "none yet" : "all fresh"), stale + offline + suspect > 0);
  vital("subscribers", count(stats.subscribers), "", stats.conflated === 0 ? "none fell behind" : `${count(stats.conflated)} updates skipped for slow ones`);
  vital("updates", rate(stats.updates_per_second), "/s", `${count(stats.accepted)} accepted in all`);
  vital("rejected", count(stats.rejected), "", list([stats.field_errors, stats.field_errors === 1 ? "bad field" : "bad fields"], [stats.non_finite, "not finite"]) || "no bad field, all finite",
    stats.rejected + stats.field_errors + stats.non_finite > 0);
  vital("stripped", count(stats.stripped), "", "outside the schema");
  vital("uptime", duration(now - startedAt), "", `${hubID}, ${version}`);
}

/** "1 stale, 2 offline", without what is 0. */
const list = (...counted) => counted.filter(([n]) => n > 0).map(([n, what]) => `${count(n)} ${what}`).join(", ");

const severity = new Map([["rejected", "warn"], ["superseded", "warn"], ["throttled", "warn"], ["suspect", "bad"], ["disconnected", "bad"], ["connected", "good"]]);

/** Events are told apart by all they say: one that is there already is left as it is. */
function showEvents(events) {
  const parent = byId("events");
  const known = new Map([...parent.children].map((item) => [item.dataset.key, item]));
  const seen = new Map();
  const items = events.map((event) => {
    const text = JSON.stringify([event.at, event.kind, event.space_name, event.text]);
    const nth = seen.get(text) ?? 0;
    seen.set(text, nth + 1);
    return known.get(`${text} ${nth}`) ?? eventItem(event, `${text} ${nth}`);
  });
  arrange(parent, items);
  setHidden(byId("no-events"), items.length > 0);
}

function eventItem(event, key) {
  const time = make("time", "num", clockTime(event.at));
  time.dateTime = new Date(event.at * 1000).toISOString();
  time.title = dateTime(event.at) + " UTC";
  const item = make("li", "", time, make("b", "", event.space_name ?? "hub"), make("span", severity.get(event.kind) ?? "", event.text));
  item.dataset.key = key;
  return item;
}

function showSubscribers(subscribers, now) {
  const parent = byId("subscribers");
  const known = new Map([...parent.children].map((item) => [item.dataset.id, item]));
  const items = subscribers.map((subscriber) => {
    const item = known.get(String(subscriber.id)) ?? subscriberItem(subscriber);
    const [about, numbers] = item.children;
    setText(about.children[1], `${duration(now - subscriber.connected_at)}, ${subscriber.assets === null ? "all assets" : subscriber.assets.join(", ")}`);
    setText(numbers.children[0], `${count(subscriber.sent)} sent`);
    const behind = list([subscriber.pending, "waiting"], [subscriber.conflated, "skipped"]);
    setText(numbers.children[1], behind || "keeps up");
    setClass(numbers.children[1], behind === "" ? "under" : "under warn");
    return item;
  });
  arrange(parent, items);
  setHidden(byId("no-subscribers"), items.length > 0);
}

function subscriberItem({ id, client }) {
  const name = make("span", "client", `${id}  ${program(client)}`);
  name.title = client;
  const item = make("li", "", make("div", "", name, make("span", "under num")), make("div", "r", make("span", "num"), make("span", "under num")));
  item.dataset.id = String(id);
  return item;
}

const systems = ["Android", "iPhone", "iPad", "Windows", "Macintosh", "CrOS", "Linux"];

/** What a subscriber calls itself; of a browser's long story only where it runs. */
function program(client) {
  if (!client.startsWith("Mozilla/")) return client || "no name";
  const system = systems.find((name) => client.includes(name));
  return system === undefined ? "Browser" : `Browser on ${system}`;
}
