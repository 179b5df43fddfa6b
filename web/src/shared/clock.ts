// The server's clock as this page knows it. Ages are never taken from the
// reader's clock, which may be minutes off.

/** Seconds of a clock that only goes forward, though it may stand while the machine sleeps. */
const monotonic = () => performance.now() / 1000;
/** Seconds of the reader's wall clock, which may jump. */
const wall = () => Date.now() / 1000;

const windowSeconds = 60;

/**
 * ServerClock follows a server's timestamps. A message that was held up on its
 * way says an earlier time than it is, so of the offsets seen within a minute or
 * two the largest counts: old data never looks fresh.
 */
export class ServerClock {
  #monotonic: () => number;
  #wall: () => number;
  #current = -Infinity; // largest offset of this window
  #previous = -Infinity; // and of the one before
  #windowEnds = 0;
  #seen: { monotonic: number; wall: number } | null = null; // both local clocks when the server was heard last

  constructor(sources = { monotonic, wall }) {
    this.#monotonic = sources.monotonic;
    this.#wall = sources.wall;
  }

  /** Takes a timestamp (Unix seconds) that the server has just sent. */
  observe(timestamp: number) {
    if (!Number.isFinite(timestamp)) return;
    const at = this.#monotonic();
    if (at >= this.#windowEnds) {
      this.#previous = at < this.#windowEnds + windowSeconds ? this.#current : -Infinity;
      this.#current = -Infinity;
      this.#windowEnds = at + windowSeconds;
    }
    this.#current = Math.max(this.#current, timestamp - at);
    this.#seen = { monotonic: at, wall: this.#wall() };
  }

  /** Whether the server's time is known at all. */
  get known() {
    return this.#seen !== null;
  }

  /** Forgets everything: another server answers now. */
  reset() {
    this.#current = this.#previous = -Infinity;
    this.#windowEnds = 0;
    this.#seen = null;
  }

  /** The server's time now, in Unix seconds; the reader's own until it is known. */
  now() {
    if (this.#seen === null) return this.#wall();
    const at = this.#monotonic();
    return at + Math.max(this.#current, this.#previous) + this.#slept(at, this.#seen);
  }

  /** Seconds that the wall clock counted and the other did not: the machine slept. */
  #slept(at: number, seen: { monotonic: number; wall: number }) {
    const missed = this.#wall() - seen.wall - (at - seen.monotonic);
    return missed > 1 ? missed : 0;
  }
}
