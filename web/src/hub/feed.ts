// The feed decides where the page's data comes from: the stream, with polls for
// the books; or, where no stream can be had, polls for everything.

import type { ServerClock } from "../shared/clock.js";
import { Poller, type Refused } from "../shared/poll.js";
import type { Access } from "./access.js";
import type { Store } from "./store.js";
import { type InitialState, Stream, type Update } from "./stream.js";
import type { State } from "./wire.js";

const booksEvery = 5000; // milliseconds, while the stream brings the snapshots
const allEvery = 2000;
/** The same after so many polls in a row that failed: a hub that is long gone is asked less often. */
const offlineEvery = [2000, 2000, 2000, 4000, 8000, 15_000];
const wantingEvery = 60_000; // without a token there is nothing to be had
const booksSoon = 300; // after something that the books will explain
const failuresToPoll = 2;
const stalledAfter = 5; // seconds
const silentAfter = 10; // seconds without a sign of the hub, while polls fail

export class Feed {
  #store: Store;
  #clock: ServerClock;
  #access: Access;
  #changed: () => void;
  #stream: Stream;
  #poller: Poller<State>;
  #lastContact: number | null = null; // the hub's time when it was heard last
  #pollsFailed = 0; // in a row
  #soon: ReturnType<typeof setTimeout> | null = null;

  /** changed() is called after anything of the store or the connection may have changed. */
  constructor(store: Store, clock: ServerClock, access: Access, changed: () => void) {
    this.#store = store;
    this.#clock = clock;
    this.#access = access;
    this.#changed = changed;
    this.#stream = new Stream(streamURL(location), {
      state: (frame) => this.#initial(frame),
      update: (frame) => this.#update(frame),
      down: () => this.#down(),
    }, () => access.protocols());
    this.#poller = new Poller("/api/state", () => this.#interval(), {
      taken: (state) => this.#polled(state),
      same: () => this.#answered(),
      failed: (error) => this.#failed(error),
    }, () => access.headers());
  }

  start() {
    this.#stream.connect();
    this.#poller.start();
    addEventListener("online", () => this.#knock());
  }

  #interval(): number {
    if (this.#access.wanting) return wantingEvery;
    if (this.#stream.live) return booksEvery;
    return offlineEvery[Math.min(this.#pollsFailed, offlineEvery.length) - 1] ?? allEvery;
  }

  /** Tries at once what would be tried later. */
  #knock() {
    if (!this.#stream.live) this.#stream.connect();
    this.#poller.now();
  }

  /** Tries again at once, with what was changed of the access. */
  retry() {
    this.#stream.drop();
    this.#stream.connect();
    this.#poller.now();
  }

  /**
   * The connection: {state, since, next}; since is the hub's time of the last
   * contact, null for none; next is in how many seconds it is tried again, 0 for now.
   */
  status() {
    const dues = [this.#stream.due, this.#poller.due].filter((due) => due !== null);
    const next = dues.length === 0 ? 0 : Math.max(0, Math.min(...dues) - performance.now()) / 1000;
    return { state: this.#state(), since: this.#lastContact, next };
  }

  #state() {
    if (this.#access.wanting) return "login";
    if (this.#stream.live) return "live";
    if (this.#pollsFailed > 0) return "offline";
    if (this.#lastContact === null) return "connecting";
    return this.#stream.failures >= failuresToPoll ? "polling" : "reconnecting";
  }

  #heard(timestamp: number) {
    this.#access.worked();
    this.#clock.observe(timestamp);
    this.#lastContact = this.#clock.now();
  }

  #initial(frame: InitialState) {
    this.#heard(frame.hub_timestamp);
    this.#pollsFailed = 0;
    this.#store.replace(frame.snapshots, frame.hub_timestamp);
    this.#poller.now(); // the books may be another hub's
    this.#changed();
  }

  #update(frame: Update) {
    this.#heard(frame.hub_timestamp);
    this.#store.seen(frame.hub_timestamp);
    const fresh = !this.#store.snapshots.has(frame.space_name);
    if (!this.#store.update(frame.snapshot)) return;
    if (fresh || this.#store.connected(frame.space_name) !== true) this.#books();
    this.#changed();
  }

  /** Asks for the books soon, and once however many ask. */
  #books() {
    this.#soon ??= setTimeout(() => {
      this.#soon = null;
      this.#poller.now();
    }, booksSoon);
  }

  #down() {
    this.#poller.now();
    this.#changed();
  }

  #polled(state: State) {
    this.#heard(state.hub_timestamp);
    this.#store.keep(state);
    if (!this.#stream.live) this.#store.replace(state.snapshots, state.hub_timestamp);
    else if (this.#store.missed(state, stalledAfter)) this.#stream.drop();
    else this.#store.seen(state.hub_timestamp);
    this.#reachable();
  }

  #answered() { // nothing is new since the last answer
    this.#lastContact = this.#clock.now();
    this.#store.seen(this.#lastContact);
    this.#reachable();
  }

  /** The hub answers polls. If it did not before, the stream need not wait any longer. */
  #reachable() {
    if (this.#pollsFailed > 0) this.#stream.connect();
    this.#pollsFailed = 0;
    this.#changed();
  }

  /** Whoever may not look, or no longer, is asked for a token. */
  #failed(error: Refused) {
    if (error.status !== 401 && error.status !== 403) {
      this.#unanswered();
      return;
    }
    this.#stream.stop();
    this.#access.refused(error.status);
    this.#changed();
  }

  #unanswered() {
    this.#pollsFailed++;
    if (this.#stream.live && this.#clock.now() - (this.#lastContact ?? 0) > silentAfter) this.#stream.drop();
    this.#changed();
  }
}

function streamURL(location: Location) {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${location.host}/ws/subscribe`;
}
