// The hub's stream: a WebSocket that is opened again for as long as the page lives.

const firstDelay = 500; // milliseconds
const longestDelay = 30_000;
const openWithin = 10_000; // for the first frame
const steadyAfter = 5_000; // of life, after which earlier failures do not count

import type { Snapshot } from "../shared/wire.js";

export interface InitialState { type: "initial_state"; snapshots: Record<string, Snapshot>; hub_timestamp: number }
export interface Update { type: "metrics_update"; space_name: string; snapshot: Snapshot; hub_timestamp: number }

export interface Streamed {
  state(frame: InitialState): void;
  update(frame: Update): void;
  down(): void;
}

/**
 * Stream receives the hub's frames. It calls state(frame) for initial_state,
 * update(frame) for metrics_update and down() when a connection ended or could
 * not be made. Frames of other types are passed over: the contract grows.
 */
export class Stream {
  #url: string;
  #on: Streamed;
  #protocols: () => string[];
  #socket: WebSocket | null = null;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #steady: ReturnType<typeof setTimeout> | undefined;

  /** Whether a connection is up and its first frame is here. */
  live = false;
  /** How often in a row it did not work. */
  failures = 0;
  /** When it is tried again, in milliseconds of performance.now(); null while a connection is there or under way. */
  due: number | null = null;

  /** protocols are asked for with each connection: a credential, where a cookie is not to be had. */
  constructor(url: string, on: Streamed, protocols: () => string[] = () => []) {
    this.#url = url;
    this.#on = on;
    this.#protocols = protocols;
  }

  /** Connects now, unless that is under way. */
  connect() {
    clearTimeout(this.#retry);
    this.due = null;
    if (this.#socket !== null) return;
    let socket: WebSocket;
    try {
      socket = new WebSocket(this.#url, this.#protocols());
    } catch {
      this.#lost();
      return;
    }
    this.#socket = socket;
    this.#deadline = setTimeout(() => this.drop(), openWithin);
    socket.onmessage = (event) => this.#take(event.data);
    socket.onclose = () => this.#lost();
  }

  /** Gives the connection up, as if it had ended. */
  drop() {
    const socket = this.#socket;
    if (socket === null) return;
    socket.onmessage = socket.onclose = null;
    socket.close();
    this.#lost();
  }

  /** Stays away until connect is called again. */
  stop() {
    this.drop();
    clearTimeout(this.#retry);
    this.due = null;
  }

  #take(data: string) {
    let frame: InitialState | Update;
    try {
      frame = JSON.parse(data) as InitialState | Update;
    } catch {
      return;
    }
    if (frame.type === "initial_state") {
      this.#up();
      this.#on.state(frame);
    } else if (frame.type === "metrics_update" && this.live) {
      this.#on.update(frame);
    }
  }

  #up() {
    this.live = true;
    clearTimeout(this.#deadline);
    this.#steady = setTimeout(() => { this.failures = 0; }, steadyAfter);
  }

  #lost() {
    clearTimeout(this.#deadline);
    clearTimeout(this.#steady);
    this.#socket = null;
    this.live = false;
    this.failures++;
    const wait = delay(this.failures);
    this.due = performance.now() + wait;
    this.#retry = setTimeout(() => this.connect(), wait);
    this.#on.down();
  }
}

/** Grows by two, with a quarter of chance either way, so that pages do not knock in step. */
function delay(failures: number) {
  const full = Math.min(longestDelay, firstDelay * 2 ** Math.min(failures - 1, 10));
  return full * (0.75 + Math.random() / 2);
}
