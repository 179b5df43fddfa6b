// Polling with ETag: one request at a time, none while nobody looks.

const patience = 8000; // milliseconds for one answer

/** What a poller calls. */
export interface Polled<T> {
  taken(document: T): void;
  same(): void;
  failed(error: Refused): void;
}

/** Why there is no document; status is that of the answer, if there was one. */
export type Refused = Error & { status?: number };

/**
 * Poller asks for a JSON document again and again. It calls taken(document) for
 * a new one, same() for "not modified", failed(error) for anything else (with the
 * status, if there was an answer), and after each of them waits interval() milliseconds.
 */
export class Poller<T> {
  #url: string;
  #interval: () => number;
  #on: Polled<T>;
  #headers: () => Record<string, string>;
  #etag: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;
  #again = false;
  #running = false;

  /** When it asks again, in milliseconds of performance.now(); null while it asks or does not run. */
  due: number | null = null;

  /** headers are sent with each request: a credential, where a cookie is not to be had. */
  constructor(url: string, interval: () => number, on: Polled<T>, headers: () => Record<string, string> = () => ({})) {
    this.#url = url;
    this.#interval = interval;
    this.#on = on;
    this.#headers = headers;
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    document.addEventListener("visibilitychange", () => this.#seen());
    this.now();
  }

  /** Asks at once, or once more when the answer under way is there. */
  now() {
    if (!this.#running) return;
    clearTimeout(this.#timer);
    if (this.#asking) this.#again = true;
    else this.#ask();
  }

  /** Forgets the last answer, so that the next one is given in full. */
  forget() {
    this.#etag = null;
  }

  /** Waits interval() from now on, however long it was to wait before. */
  rearm() {
    if (this.#running && !this.#asking) this.#wait();
  }

  #seen() {
    if (!document.hidden) {
      this.now();
      return;
    }
    clearTimeout(this.#timer);
    this.due = null;
  }

  async #ask() {
    this.#asking = true;
    this.due = null;
    this.#again = false;
    let tell: () => void;
    try {
      tell = await this.#fetch();
    } catch (error) {
      tell = () => this.#on.failed(error as Refused);
    }
    this.#asking = false;
    tell();
    if (this.#again) this.#ask();
    else this.#wait();
  }

  async #fetch() {
    const headers = { ...this.#headers(), ...(this.#etag !== null && { "If-None-Match": this.#etag }) };
    const answer = await fetch(this.#url, { headers, cache: "no-store", signal: AbortSignal.timeout(patience) });
    if (answer.status === 304) return () => this.#on.same();
    if (!answer.ok) throw Object.assign(new Error(`got status ${answer.status}, want 200`), { status: answer.status });
    const taken = (await answer.json()) as T;
    this.#etag = answer.headers.get("ETag");
    return () => this.#on.taken(taken);
  }

  #wait() {
    clearTimeout(this.#timer);
    if (document.hidden) return;
    const wait = this.#interval();
    this.due = performance.now() + wait;
    this.#timer = setTimeout(() => this.#ask(), wait);
  }
}
