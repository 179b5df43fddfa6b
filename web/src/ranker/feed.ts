// How this page hears of the ranker: a WebSocket that tells of every change, and
// polls with an ETag where there is none. A hidden page hears nothing.

import { ServerClock } from "../shared/clock.js";
import type { Report, State } from "./types.js";
import { Viewer } from "./viewer.js";

export type Word = "connecting" | "live" | "polling" | "reconnecting" | "degraded" | "offline" | "login";

const pollEvery = 2000; // milliseconds, as all that follow
const failuresBeforePolling = 2;
const againAfter = [500, 1000, 2000, 4000, 8000];
const socketAgainWhilePolling = 30_000;
const silence = 12_000; // the ranker says something every 5 s
const patience = 8000;
const reportEvery = 5000;

export class Feed {
  /** The newest state, or null. */
  state: State | null = null;
  /** The newest report of what was traded, or null. */
  report: Report | null = null;
  /** The hub's clock, which the ages of assets go by, the ranker's own, and the venue's. */
  readonly hubClock = new ServerClock();
  readonly ownClock = new ServerClock();
  #venue = { at: 0, time: null as number | null, speed: 1 };

  #socket: WebSocket | null = null;
  #open = false;
  #failures = 0;
  #answered = false; // the last poll was
  #failed = false; // the last poll, or the last socket with no poll since
  #etag: string | null = null;
  #lastContact: number | null = null;
  #timers = new Map<string, number>();
  #dues = new Map<string, number>(); // when they go off, in milliseconds of performance.now()
  #reportSeq: number | null = null;
  #asking = false;
  readonly #changed: () => void;
  /** Who looks. */
  readonly viewer: Viewer;

  constructor(changed: () => void) {
    this.#changed = changed;
    this.viewer = new Viewer(changed, () => this.#connect());
  }

  start(): void {
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#pause() : this.#connect()));
    addEventListener("online", () => this.#connect());
    void this.viewer.look();
    this.#connect();
  }

  /**
   * The connection in a word, the ranker's time of the last contact, and in how many
   * seconds it is tried again, 0 for now.
   */
  status(): { word: Word; since: number | null; next: number } {
    const dues = ["socket", "poll"].map((what) => this.#dues.get(what)).filter((due) => due !== undefined);
    const next = this.#asking || dues.length === 0 ? 0 : Math.max(0, Math.min(...dues) - performance.now()) / 1000;
    return { word: this.#word(), since: this.#lastContact, next };
  }

  /** Tries at once what would be tried later. */
  retry(): void {
    this.#drop(); // it may hang
    this.#connect();
    void this.#poll();
    this.#changed();
  }

  /** The venue's time, which may pass faster than ours where it is simulated; null while unknown. */
  venueNow(): number | null {
    const { at, time, speed } = this.#venue;
    return time === null ? null : time + ((performance.now() - at) / 1000) * speed;
  }

  /** Asks for the state at once, as after a command. */
  refresh(): void {
    if (!this.#open) void this.#poll();
  }

  #word(): Word {
    if (this.viewer.wanting) return "login";
    if (this.state === null) return this.#failed ? "offline" : "connecting";
    if (this.#failed) return this.#socket !== null && this.#failures < failuresBeforePolling && !this.#answered ? "reconnecting" : "offline";
    if (!this.state.hub.connected) return "degraded";
    if (this.#open) return "live";
    return this.#answered ? "polling" : "reconnecting";
  }

  #pause(): void {
    for (const what of this.#timers.keys()) this.#never(what);
    this.#drop();
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#open = false;
    socket?.close();
  }

  #later(what: string, after: number, then: () => void): void {
    this.#never(what);
    this.#dues.set(what, performance.now() + after);
    this.#timers.set(what, window.setTimeout(() => {
      this.#never(what);
      then();
    }, after));
  }

  #never(what: string): void {
    clearTimeout(this.#timers.get(what));
    this.#timers.delete(what);
    this.#dues.delete(what);
  }

  #connect(): void {
    if (document.hidden || this.#socket !== null || this.viewer.wanting) return;
    const url = new URL("/ws/view", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url, this.viewer.protocols);
    this.#socket = socket;
    socket.onmessage = (event) => {
      if (this.#socket !== socket || typeof event.data !== "string") return;
      this.#open = true;
      this.#failures = 0;
      this.#never("poll");
      this.#never("socket");
      this.#expectMore(socket);
      this.#take(JSON.parse(event.data) as State);
    };
    socket.onclose = () => this.#lost(socket);
    this.#expectMore(socket);
  }

  /** Gives a connection up on which nothing comes: it may be dead without a word. */
  #expectMore(socket: WebSocket): void {
    this.#later("silence", silence, () => {
      socket.close();
      this.#lost(socket);
    });
  }

  #lost(socket: WebSocket): void {
    if (this.#socket !== socket) return;
    this.#never("silence");
    this.#socket = null;
    this.#open = false;
    this.#answered = false;
    this.#failures++;
    if (document.hidden) return;
    const polls = this.#failures >= failuresBeforePolling;
    this.#later("socket", polls && !this.#failed ? socketAgainWhilePolling : (againAfter[Math.min(this.#failures, againAfter.length) - 1] ?? 0), () => this.#connect());
    void this.#poll(); // tells at once whether the ranker is gone, or only the socket
    this.#changed();
  }

  async #poll(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      const headers = this.#etag === null ? this.viewer.headers : { ...this.viewer.headers, "If-None-Match": this.#etag };
      const answer = await fetch("/api/state", { headers, cache: "no-store", signal: AbortSignal.timeout(patience) });
      if (answer.status === 401) this.#refused();
      if (answer.status !== 304 && !answer.ok) throw new Error(`got status ${answer.status}, want 200`);
      const state = answer.status === 304 ? null : ((await answer.json()) as State);
      this.#answered = true;
      if (state !== null) {
        this.#etag = answer.headers.get("ETag");
        this.#take(state);
      } else this.#heard();
    } catch {
      this.#answered = false;
      if (!this.#open) this.#failed = true;
    }
    this.#asking = false;
    if (!this.#open && !document.hidden && !this.viewer.wanting && this.#failures >= failuresBeforePolling) this.#later("poll", pollEvery, () => void this.#poll());
    this.#changed();
  }

  /** Ends the session of who looks. */
  async logout(): Promise<void> {
    await this.viewer.logout();
    this.#refused();
  }

  /** Nothing is shown or asked for any more until somebody logs in. */
  #refused(): void {
    this.#pause();
    this.#failures = 0;
    this.state = this.report = this.#etag = this.#reportSeq = null;
    this.viewer.refused();
  }

  #take(state: State): void {
    this.state = state;
    this.hubClock.observe(state.hub_timestamp);
    this.ownClock.observe(state.timestamp);
    if (state.trade !== null) {
      const { account, venue } = state.trade;
      this.#venue = { at: performance.now(), time: account.timestamp, speed: venue.speed };
      this.#wantReport(state.trade.seq);
    }
    this.#heard();
  }

  #heard(): void {
    this.#failed = false;
    this.#lastContact = this.ownClock.now();
    this.#changed();
  }

  /** Asks for the report when the journal has gone on since the last one, at most every 5 s. */
  #wantReport(seq: number): void {
    if (seq === this.#reportSeq || this.#timers.has("report")) return;
    this.#reportSeq = seq;
    this.#later("report", reportEvery, () => undefined);
    void this.#fetchReport();
  }

  async #fetchReport(): Promise<void> {
    try {
      const answer = await fetch("/performance", { headers: this.viewer.headers, cache: "no-store", signal: AbortSignal.timeout(patience) });
      if (!answer.ok) throw new Error(`got status ${answer.status}, want 200`);
      const { accounts } = (await answer.json()) as { accounts: Report[] };
      this.report = accounts[0] ?? null;
    } catch {
      this.#reportSeq = null; // the next state asks again
    }
    this.#changed();
  }
}
