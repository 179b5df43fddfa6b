// The hub's stream: a WebSocket that is opened again for as long as the page lives.

const firstDelay = 500; // milliseconds
const longestDelay = 30_000;
const openWithin = 10_000; // for the first frame
const steadyAfter = 5_000; // of life, after which earlier failures do not count

/**
 * Stream receives the hub's frames. It calls state(frame) for initial_state,
 * update(frame) for metrics_update and down() when a connection ended or could
 * not be made. Frames of other types are passed over: the contract grows.
 */
export class Stream {
  #url;
  #on;
  #socket = null;
  #deadline = null;
  #retry = null;
  #steady = null;

  /** Whether a connection is up and its first frame is here. */
  live = false;
  /** How often in a row it did not work. */
  failures = 0;

  constructor(url, on) {
    this.#url = url;
    this.#on = on;
  }

  /** Connects now, unless that is under way. */
  connect() {
    clearTimeout(this.#retry);
    if (this.#socket !== null) return;
    let socket;
    try {
      socket = new WebSocket(this.#url);
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

  #take(data) {
    let frame;
    try {
      frame = JSON.parse(data);
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
    this.#retry = setTimeout(() => this.connect(), delay(this.failures));
    this.#on.down();
  }
}

/** Grows by two, with a quarter of chance either way, so that pages do not knock in step. */
function delay(failures) {
  const full = Math.min(longestDelay, firstDelay * 2 ** Math.min(failures - 1, 10));
  return full * (0.75 + Math.random() / 2);
}
