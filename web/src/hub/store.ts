// What the page knows: the snapshots, from the stream or from polls, and the
// books of the hub (publishers, subscribers, events, counts), from polls only.

import type { Snapshot } from "../shared/wire.js";
import { History } from "./history.js";
import type { Book, Engine, HubEvent, Latency, Owner, State, Stats, Subscriber } from "./wire.js";

/** Entries of an object that is keyed by the names of spaces, as a Map. */
const byName = <T>(object: Record<string, T> | undefined) => new Map(Object.entries(object ?? {}));

/** The hub's books, of one answer of /api/state; at is when it was given, by the hub's clock. */
export interface Books {
  at: number;
  version: string;
  hubID: string;
  anonymous: boolean;
  staleAfter: number;
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
  /** The hub's books, or null until the first poll. */
  books: Books | null = null;
  /** Names whose rows have something new; whoever paints clears it. */
  changed = new Set<string>();

  /** Takes all snapshots at once: what was known before is not compared with. */
  replace(snapshots: Record<string, Snapshot>) {
    for (const name of this.snapshots.keys()) this.changed.add(name);
    this.snapshots = byName(snapshots);
    for (const [name, snapshot] of this.snapshots) {
      this.changed.add(name);
      this.#remember(snapshot);
    }
    for (const name of this.histories.keys()) if (!this.snapshots.has(name)) this.histories.delete(name);
  }

  #remember(snapshot: Snapshot) {
    let history = this.histories.get(snapshot.space_name);
    if (history === undefined) {
      history = new History();
      this.histories.set(snapshot.space_name, history);
    }
    history.take(snapshot);
  }

  /** Takes one snapshot if its seq is higher than the one at hand. Tells whether it did. */
  update(snapshot: Snapshot) {
    const known = this.snapshots.get(snapshot.space_name);
    if (known !== undefined && known.seq >= snapshot.seq) return false;
    this.snapshots.set(snapshot.space_name, snapshot);
    this.#remember(snapshot);
    this.changed.add(snapshot.space_name);
    return true;
  }

  /** Takes the books out of an answer of /api/state. */
  keep(state: State) {
    this.books = {
      at: state.hub_timestamp,
      version: state.version,
      hubID: state.hub_id,
      anonymous: state.insecure_allow_anonymous === true,
      staleAfter: state.stale_after_seconds,
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
    for (const name of this.names()) this.changed.add(name);
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
