// What the page knows: the snapshots, from the stream or from polls, and the
// books of the hub (publishers, subscribers, events, counts), from polls only.

import type { Snapshot } from "../shared/wire.js";
import { History, kept, longest } from "./history.js";
import { type Run, type Seen, shareOf } from "./kept.js";
import { Trends } from "./trends.js";
import type { Book, Engine, HubEvent, Latency, Owner, State, Stats, Subscriber } from "./wire.js";

/** Seconds out of contact from which on something may have been missed: polls are at most this far apart. */
const missedAfter = 6;
/** Seconds that a hub's start may seem to move: it is worked out of two clocks. */
const startMoves = 5;
/** Kept times are rounded to tenths of a second. */
const rounded = 0.1;
const trendsFor = 300; // seconds that the trends are worth keeping

/** Entries of an object that is keyed by the names of spaces, as a Map. */
const byName = <T>(object: Record<string, T> | undefined) => new Map(Object.entries(object ?? {}));

/** The hub's books, of one answer of /api/state; at is when it was given, by the hub's clock. */
export interface Books {
  at: number;
  version: string;
  hubID: string;
  anonymous: boolean;
  staleAfter: number;
  /** The ranker's page, null where the hub knows none. */
  ranker: string | null;
  startedAt: number;
  publishers: Map<string, Book>;
  /** Where each publisher is; engine is null for a hub that does not say. */
  owners: Map<string, Owner>;
  engine: Engine | null;
  connected: Map<string, boolean>;
  subscribers: Subscriber[];
  events: HubEvent[];
  stats: Stats;
  latency: Latency;
}

export class Store {
  /** name → snapshot */
  snapshots = new Map<string, Snapshot>();
  /** name → what its numbers were while this page was open */
  histories = new Map<string, History>();
  /** How the hub did meanwhile. */
  readonly trends = new Trends();
  /** The hub's books, or null until the first poll. */
  books: Books | null = null;
  /** Names whose rows have something new; whoever paints clears it. */
  changed = new Set<string>();
  #earlier: Seen | null = null;
  #seen: number | null = null;
  #seenBefore: number | null = null; // when all snapshots came at once
  #run: Run | null = null;
  #otherRun = false; // than that of what was kept
  #tracedAt: number | null = null;

  /** Begins with what the page saw before it was loaded again; nothing of another asset or too long ago is shown. */
  recall(earlier: Seen | null) {
    if (earlier === null) return;
    this.#earlier = earlier;
    this.#seen = earlier.seen;
    this.#run = earlier.run;
  }

  /** What recall is to be given when the page is loaded again; null while nothing is known. */
  remembered(): Seen | null {
    if (this.#run === null || this.#seen === null || this.books === null) return null;
    const most = shareOf(this.histories.size);
    const assets = new Map([...this.histories].filter(([, history]) => history.last !== undefined).map(([name, history]) => [name, history.save(most)]));
    return { run: this.#run, seen: this.#seen, trends: this.trends.save(), assets };
  }

  /** Nothing was missed up to a time, by the hub's clock. */
  seen(at: number) {
    this.#seen = at;
  }

  /**
   * Takes all snapshots at once, of a time by the hub's clock: what was known
   * before is not compared with. Lines are broken where something may have been
   * missed since the hub was heard last. What was seen of an asset that is not
   * there stays a while: a hub that began anew knows none until they publish.
   */
  replace(snapshots: Record<string, Snapshot>, at: number) {
    const missed = this.#seen !== null && Math.abs(at - this.#seen) > missedAfter;
    this.#seenBefore = this.#seen;
    this.#seen = at;
    for (const name of this.snapshots.keys()) this.changed.add(name);
    this.snapshots = byName(snapshots);
    for (const [name, snapshot] of this.snapshots) {
      this.changed.add(name);
      this.#remember(snapshot, missed);
    }
    for (const [name, history] of this.histories) if (!this.snapshots.has(name) && !(at - (history.last ?? -Infinity) < longest)) this.histories.delete(name);
  }

  #remember(snapshot: Snapshot, missed: boolean) {
    const name = snapshot.space_name;
    const history = this.histories.get(name) ?? this.#begin(name);
    if (missed && (snapshot.training_at ?? 0) > (history.last ?? Infinity) + rounded) history.interrupt();
    history.take(snapshot);
  }

  /** A history, with what was kept of it. */
  #begin(name: string): History {
    const history = new History();
    this.histories.set(name, history);
    const saved = this.#earlier?.assets.get(name);
    if (saved === undefined || this.#seen === null) return history;
    this.#earlier?.assets.delete(name);
    history.restore(saved, this.#seen - kept);
    if (this.#otherRun) history.interrupt();
    return history;
  }

  /** Takes one snapshot if its seq is higher than the one at hand. Tells whether it did. */
  update(snapshot: Snapshot) {
    const known = this.snapshots.get(snapshot.space_name);
    if (known !== undefined && known.seq >= snapshot.seq) return false;
    this.snapshots.set(snapshot.space_name, snapshot);
    this.#remember(snapshot, known === undefined); // it may have been away
    this.changed.add(snapshot.space_name);
    return true;
  }

  /** Takes the books out of an answer of /api/state. */
  keep(state: State) {
    this.#follow({ hub: state.hub_id, started: state.hub_timestamp - state.stats.uptime_seconds });
    this.books = {
      at: state.hub_timestamp,
      version: state.version,
      hubID: state.hub_id,
      anonymous: state.insecure_allow_anonymous === true,
      staleAfter: state.stale_after_seconds,
      ranker: state.ranker_url ?? null,
      startedAt: state.hub_timestamp - state.stats.uptime_seconds,
      publishers: byName(state.publishers),
      owners: byName(state.owners),
      engine: state.engine ?? null,
      connected: new Map(state.rankings.map((row) => [row.space_name, row.connected])),
      subscribers: state.subscribers,
      events: state.events,
      stats: state.stats,
      latency: state.fanout_latency,
    };
    this.#trace(state.hub_timestamp);
    for (const name of this.names()) this.changed.add(name);
  }

  /** What another hub says, or another run of one, goes on no line of the one before. */
  #follow(run: Run) {
    const before = this.#run;
    this.#run = run;
    if (before === null || (before.hub === run.hub && Math.abs(before.started - run.started) < startMoves)) return;
    this.#otherRun = true;
    const at = Math.max(run.started, this.#seenBefore ?? 0);
    for (const history of this.histories.values()) history.breakAt(at);
    this.trends.interrupt();
  }

  /** Takes the counts of the books, behind those that were kept. */
  #trace(at: number) {
    if (this.books === null) return;
    const earlier = this.#earlier;
    if (this.#tracedAt === null && earlier !== null && Math.abs(at - earlier.seen) < trendsFor) {
      this.trends.restore(earlier.trends);
      this.#tracedAt = earlier.seen;
    }
    if (this.#tracedAt !== null && Math.abs(at - this.#tracedAt) > 2 * missedAfter) this.trends.interrupt();
    this.#tracedAt = at;
    this.trends.take(this.books);
  }

  /** All spaces: those with a snapshot, and those that had a publisher but nothing accepted yet. */
  names() {
    const names = new Set<string>(this.snapshots.keys());
    if (this.books !== null) for (const name of this.books.publishers.keys()) names.add(name);
    return [...names];
  }

  /** Whether it is one of names(). */
  has(name: string): boolean {
    return this.snapshots.has(name) || this.books?.publishers.has(name) === true;
  }

  /** Seconds after which a snapshot is stale; null until the hub has said it. */
  get staleAfter() {
    return this.books?.staleAfter ?? null;
  }

  /**
   * Whether a publisher of the space is connected; null where nobody knows. An
   * update that is newer than the books says more than they do.
   */
  connected(name: string): boolean | null {
    if (this.books === null) return null;
    if ((this.snapshots.get(name)?.updated_at ?? 0) > this.books.at) return true;
    return this.books.connected.get(name) ?? this.books.publishers.get(name)?.connected ?? null;
  }

  /**
   * Whether an answer of /api/state holds an update that is older than the given
   * seconds and still has not come by the stream: then the stream has stalled.
   */
  missed(state: Pick<State, "hub_timestamp" | "snapshots">, seconds: number) {
    const before = state.hub_timestamp - seconds;
    return Object.values(state.snapshots).some((theirs) => {
      const ours = this.snapshots.get(theirs.space_name);
      return theirs.updated_at !== null && theirs.updated_at < before && (ours === undefined || ours.seq < theirs.seq);
    });
  }
}
