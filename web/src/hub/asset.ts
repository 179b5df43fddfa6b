// What a row says of its asset, in words and numbers, before anything is painted.

import { clockTime, count, duration, loss, plural, price, unknown } from "../shared/format.js";
import { type Fresh, freshness, lag, worthSaying } from "../shared/freshness.js";
import type { Snapshot } from "../shared/wire.js";
import { emptyAccuracy, instrument } from "./instruments.js";
import { score } from "./rank.js";
import type { Book, Suspicion } from "./wire.js";

const noticeFor = 600; // seconds that a rejection stays in the row

const nothing: Snapshot = {
  space_name: "",
  training: { training_steps: null, actor_loss: null, critic_loss: null, avn_loss: null, avn_accuracy: null },
  voting: { dominant_signal: null, buy_count: null, sell_count: null, last_price: null, signal_source: null },
  updated_at: null, training_at: null, voting_at: null, seq: 0,
};

/** What is known of an asset: now is the hub's time, reachable says whether the hub is; null is what nobody knows. */
export interface Asset {
  name: string;
  snapshot: Snapshot | undefined;
  book: Book | undefined;
  connected: boolean | null;
  /** The hub that the publisher is at, where that is another one; older says where it has connections that do not count. */
  elsewhere: string | null;
  older: string[];
  now: number;
  staleAfter: number | null;
  reachable: boolean;
}

export type Described = ReturnType<typeof describe>;

/** Describes an asset. */
export function describe(asset: Asset) {
  const snapshot = asset.snapshot ?? nothing;
  const { training, voting } = snapshot;
  const made = score(snapshot);
  return {
    name: asset.name,
    source: voting.signal_source ?? "",
    signal: voting.dominant_signal,
    buy: voting.buy_count, sell: voting.sell_count,
    accuracy: training.avn_accuracy, confidence: made.confidence,
    score: made.value,
    reason: asset.snapshot ? made.reason : "nothing yet",
    steps: count(training.training_steps), stepCount: training.training_steps,
    age: snapshot.updated_at === null ? null : asset.now - snapshot.updated_at,
    actorLoss: loss(training.actor_loss), criticLoss: loss(training.critic_loss), avnLoss: loss(training.avn_loss),
    price: price(voting.last_price), loss: training.avn_loss,
    instrument: instrument(asset.name),
    empty: emptyAccuracy(asset.name, training.avn_accuracy),
    suspect: isSuspect(asset.book, asset.now),
    fresh: presence(asset, snapshot),
    lag: behind(asset, snapshot),
    accepted: asset.book ? count(asset.book.accepted) : unknown,
    problems: problems(asset.book),
    notice: notice(asset.book, asset.now),
  };
}

/** As in freshness.js, and offline where the publisher is, for as long as it is. */
function presence(asset: Asset, snapshot: Snapshot): Fresh {
  const { book, connected, now, reachable } = asset;
  const fresh = freshness(snapshot.updated_at, asset);
  if (reachable && connected === false) {
    const since = book?.disconnected_at ?? snapshot.updated_at;
    return { state: "offline", text: since === null ? "offline" : `offline ${duration(now - since)}` };
  }
  return fresh.state === "waiting" && connected ? { state: "waiting", text: "connected" } : fresh;
}

/** As in freshness.js, or how old the data of a publisher is that went without sending any. */
function behind(asset: Asset, snapshot: Snapshot) {
  const found = lag(snapshot, asset);
  const gone = asset.connected === false ? asset.book?.disconnected_at ?? null : null;
  if (found.text !== "" || gone === null || snapshot.updated_at === null || gone - snapshot.updated_at < worthSaying) return found;
  return { text: `data ${duration(asset.now - snapshot.updated_at)} old`, warn: false, votes: false };
}

/** {text, kind} of what was not taken from a publisher, or not believed. */
function problems(book: Book | undefined) {
  if (!book) return { text: "", kind: "" };
  const bad: [number, string][] = [
    [book.rejected, "rejected"],
    [book.field_errors, book.field_errors === 1 ? "bad field" : "bad fields"],
    [book.non_finite, "not finite"],
    [book.superseded, "superseded"],
    [book.implausible, "implausible"],
  ];
  const some = bad.filter(([n]) => n > 0);
  if (some.length > 0) return { text: some.map(([n, what]) => `${count(n)} ${what}`).join(", "), kind: "warn" };
  return book.stripped > 0 ? { text: `${count(book.stripped)} stripped`, kind: "" } : { text: "", kind: "" };
}

/** What a person should know of a publisher now, or "". */
function notice(book: Book | undefined, now: number) {
  if (!book) return "";
  const parts: string[] = [];
  if (book.note) parts.push(sentence(book.note));
  if (book.suspect !== null && isSuspect(book, now)) parts.push(`Suspect: ${reasons(book.suspect)}`);
  const last = book.last_rejection;
  if (last && now - last.at < noticeFor) parts.push(`Not taken at ${clockTime(last.at)}: ${last.reason}`);
  return parts.join(" · ");
}

/** Whether the hub does not believe what a publisher says, now. */
export const isSuspect = (book: Book | undefined, now: number) => book?.suspect != null && now < book.suspect.until;

/** Why a space is suspect, all of it, in one order: that of the answer is any. */
export const reasons = (suspect: Suspicion) => Object.keys(suspect.reasons).sort().map((field) => suspect.reasons[field]).join("; ");

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** The stripped fields by name, most frequent first. */
export function stripped(book: Book | undefined) {
  const fields = Object.entries(book?.stripped_fields ?? {});
  if (fields.length === 0) return book ? "none" : unknown;
  fields.sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return fields.map(([name, n]) => `${name} (${count(n)})`).join(", ");
}

/** How often and since when a publisher is connected. */
export function connection(book: Book | undefined, connected: boolean | null, now: number) {
  if (!book) return connected ? "at another hub" : "not since this hub started";
  const times = plural(book.connects, "connection");
  if (book.live_connections > 1) return `${book.live_connections} at once, of ${times}`;
  const since = connected ? book.connected_at : book.disconnected_at;
  return `${connected ? "connected" : "offline"} ${since === null ? "" : duration(now - since)}, ${times}`;
}
