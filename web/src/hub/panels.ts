// What stands around the table: the vitals, the events, the subscribers.

import { html, nothing, render, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { byId, setAttribute, setHidden, setText } from "../shared/dom.js";
import { clockTime, count, dateTime, duration, plural, rate } from "../shared/format.js";
import { spark } from "../shared/spark.js";
import { vital } from "../shared/vital.js";
import { pageAt } from "../shared/where.js";
import { isSuspect } from "./asset.js";
import type { Books, Store } from "./store.js";
import type { Trends } from "./trends.js";
import type { HubEvent, Subscriber } from "./wire.js";

/** Shows the hub's books; they are null until they are known. */
export function showBooks(store: Store, now: number) {
  const { books } = store;
  setHidden(byId("anonymous"), !books?.anonymous);
  const problem = books?.engine?.problem ?? null;
  setHidden(byId("degraded"), problem === null);
  setText(byId("degraded"), problem ?? "");
  if (books === null) return;
  showRanker(books.ranker);
  showVitals(store, books, now);
  showEvents(books.events);
  showSubscribers(books.subscribers, now);
}

/** The way to the ranker's page, if the hub was told of one that this reader can open. */
function showRanker(url: string | null) {
  const page = url === null ? null : pageAt(url, location);
  const link = byId("ranker-link");
  setHidden(link, page === null);
  if (page !== null) setAttribute(link, "href", page);
}

/** Shows what goes on by itself: ages. */
export function showAges(store: Store, now: number) {
  if (store.books === null) return;
  showVitals(store, store.books, now);
  showSubscribers(store.books.subscribers, now);
}

function showVitals(store: Store, books: Books, now: number) {
  const { trends } = store;
  const box = byId("vitals");
  if (box.dataset["filled"] === undefined) box.replaceChildren(); // the dashes of index.html
  box.dataset["filled"] = "";
  render([publishers(store, books, now), subscribers(books), ingest(books, trends), latency(trends), rejected(books), uptime(books, now)], box);
}

function publishers(store: Store, books: Books, now: number): TemplateResult {
  const names = store.names();
  const offline = names.filter((name) => store.connected(name) === false).length;
  const stale = names.filter((name) => store.connected(name) !== false && now - (store.snapshots.get(name)?.updated_at ?? now) > books.staleAfter).length;
  const suspect = names.filter((name) => isSuspect(books.publishers.get(name), now)).length;
  return vital({ id: "publishers", name: "Publishers", value: count(names.length - offline), unit: names.length === 0 ? "" : `of ${count(names.length)}`,
    note: list([stale, "stale"], [offline, "offline"], [suspect, "suspect"]) || (names.length === 0 ? "none yet" : "all fresh"), warn: stale + offline + suspect > 0 });
}

const subscribers = ({ stats }: Books) => vital({ id: "subscribers", name: "Subscribers", value: count(stats.subscribers),
  note: stats.conflated === 0 ? "none fell behind" : `${count(stats.conflated)} updates skipped for slow ones` });

const chart = (values: readonly number[], label: string) => html`<span class="vital-chart">${values.length < 2 ? nothing : spark(values, { width: 64, height: 24, label })}</span>`;

const ingest = ({ stats }: Books, trends: Trends) => vital({ id: "updates", name: "Ingest", value: rate(stats.updates_per_second), unit: "updates/s",
  note: `peak ${rate(trends.peak)}, ${count(stats.accepted)} in all`, chart: chart(trends.ingest, "Ingest") });

function latency(trends: Trends): TemplateResult {
  const { value, unit } = trends.latencyNow;
  return vital({ id: "latency", name: "Hub latency p99", value, unit, note: "accepted to sent, 1 min", chart: chart(trends.latency, "Latency") });
}

function rejected({ stats, publishers: books }: Books): TemplateResult {
  const last = [...books].map(([name, book]) => ({ name, last: book.last_rejection })).filter(({ last }) => last !== null).sort((a, b) => (b.last?.at ?? 0) - (a.last?.at ?? 0))[0];
  const kinds = list([stats.field_errors, stats.field_errors === 1 ? "bad field" : "bad fields"], [stats.non_finite, "not finite"], [stats.implausible, "implausible"]);
  const note = kinds || (last?.last ? `last: ${last.name}, ${last.last.reason}` : `${count(stats.stripped)} fields stripped`);
  return vital({ id: "rejected", name: "Rejected", value: count(stats.rejected), note, warn: stats.rejected + stats.field_errors + stats.non_finite > 0 });
}

function uptime({ startedAt, hubID, version, engine }: Books, now: number): TemplateResult {
  const lost = (engine?.hubs ?? []).filter(({ alive }) => !alive).map(({ hub_id }) => hub_id);
  const others = (engine?.members.length ?? 1) - 1;
  const cluster = (others > 0 ? `, with ${plural(others, "other hub")}` : "") + (lost.length > 0 ? `; lost: ${lost.join(", ")}` : "");
  return vital({ id: "uptime", name: "Uptime", value: duration(now - startedAt), note: `${hubID}, ${version}${cluster}`, warn: lost.length > 0 });
}

/** "1 stale, 2 offline", without what is 0. */
const list = (...counted: [number, string][]) => counted.filter(([n]) => n > 0).map(([n, what]) => `${count(n)} ${what}`).join(", ");

const severity = new Map([["rejected", "warn"], ["superseded", "warn"], ["throttled", "warn"], ["suspect", "bad"], ["disconnected", "bad"], ["connected", "good"]]);

/** Events are told apart by all they say, for two may say the same. */
function showEvents(events: HubEvent[]) {
  const seen = new Map<string, number>();
  const keyed = events.map((event) => {
    const text = JSON.stringify([event.at, event.kind, event.space_name, event.text]);
    const nth = seen.get(text) ?? 0;
    seen.set(text, nth + 1);
    return { event, key: `${text} ${nth}` };
  });
  render(repeat(keyed, ({ key }) => key, ({ event }) => eventItem(event)), byId("events"));
  setHidden(byId("no-events"), events.length > 0);
}

const eventItem = ({ at, kind, space_name: space, text }: HubEvent) => html`<li>
  <time class="num" datetime=${new Date(at * 1000).toISOString()} title="${dateTime(at)} UTC">${clockTime(at)}</time>
  ${space === null ? html`<b>hub</b>` : html`<button type="button" class="link" data-open=${space}>${space}</button>`}
  <span class=${severity.get(kind) ?? ""}>${text}</span>
</li>`;

function showSubscribers(all: Subscriber[], now: number) {
  render(repeat(all, ({ id }) => id, (subscriber) => subscriberItem(subscriber, now)), byId("subscribers"));
  setHidden(byId("no-subscribers"), all.length > 0);
}

function subscriberItem(s: Subscriber, now: number): TemplateResult {
  const behind = list([s.pending, "waiting"], [s.conflated, "skipped"]);
  const about = [duration(now - s.connected_at), s.assets === null ? "all assets" : s.assets.join(", "), ...(s.compressed ? ["compressed"] : [])].join(", ");
  return html`<li>
    <div><span class="client" title=${s.client}>${program(s.client)}</span><span class="under num">${about}</span></div>
    <div class="r"><span class="num">${count(s.sent)} sent</span><span class=${behind === "" ? "under" : "under warn"}>${behind || "keeps up"}</span></div>
  </li>`;
}

const systems = ["Android", "iPhone", "iPad", "Windows", "Macintosh", "CrOS", "Linux"];

/** What a subscriber calls itself; of a browser's long story only where it runs. */
function program(client: string): string {
  if (!client.startsWith("Mozilla/")) return client || "no name";
  const system = systems.find((name) => client.includes(name));
  return system === undefined ? "Browser" : `Browser on ${system}`;
}
