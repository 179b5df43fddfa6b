// What an asset's numbers were while this page was open. It stays small however
// long that is.

import type { Snapshot } from "../shared/wire.js";

/** The numbers that have a chart. */
export const series = ["actor_loss", "critic_loss", "avn_loss", "avn_accuracy"] as const;
export type Series = (typeof series)[number];

/** How many points are kept, and how many seconds they span at most: a quarter of an hour. */
export const points = 120;
export const longest = 900;
const coarsest = longest / points;

/** Seconds over which steps are counted for a rate. */
const rateOver = 10;

/**
 * History keeps a number of points for each series. They are a second apart at
 * first; when there is no room for another, every second one goes, until they
 * span a quarter of an hour, and from then on the oldest one goes.
 */
export class History {
  #times: number[] = [];
  #values = new Map<Series, number[]>(series.map((name) => [name, []]));
  #steps: { at: number; steps: number }[] = [];
  #apart = 1;

  /** Takes a snapshot if its training is newer than the last one's. A number that is null is kept as NaN. */
  take({ training, training_at: at }: Snapshot) {
    const last = this.#times[this.#times.length - 1];
    if (at === null || (last !== undefined && at < last)) return;
    this.#count(at, training.training_steps);
    const from = this.#times.length > 1 ? this.#times[this.#times.length - 2] : undefined;
    if (from !== undefined && at - from < this.#apart) this.#drop();
    this.#times.push(at);
    for (const [name, values] of this.#values) values.push(training[name] ?? NaN);
    if (this.#times.length > points) this.#thin();
  }

  /** The points of a series, oldest first. */
  values(name: Series): readonly number[] {
    return this.#values.get(name) ?? [];
  }

  /** When the points were, in Unix seconds. */
  get times(): readonly number[] {
    return this.#times;
  }

  /** Steps a second over the last ten seconds or so; null where that is not known. */
  rate(now: number): number | null {
    const first = this.#steps[0], last = this.#steps[this.#steps.length - 1];
    if (first === undefined || last === undefined || now - last.at > rateOver) return null;
    const seconds = last.at - first.at;
    return seconds >= 1 ? (last.steps - first.steps) / seconds : null;
  }

  /** The last point was too near to the one before it: it goes, the newer one stays. */
  #drop() {
    this.#times.pop();
    for (const values of this.#values.values()) values.pop();
  }

  #thin() {
    if (this.#apart >= coarsest) {
      this.#times.shift();
      for (const values of this.#values.values()) values.shift();
      return;
    }
    this.#apart = Math.min(coarsest, this.#apart * 2);
    const every = <T>(_: T, i: number, all: T[]) => (all.length - 1 - i) % 2 === 0;
    this.#times = this.#times.filter(every);
    for (const [name, values] of this.#values) this.#values.set(name, values.filter(every));
  }

  #count(at: number, steps: number | null) {
    const last = this.#steps[this.#steps.length - 1];
    if (steps === null || (last !== undefined && steps < last.steps)) this.#steps = []; // it started over
    if (steps === null || (last !== undefined && at - last.at < 0.25 && this.#steps.length > 1)) return;
    this.#steps.push({ at, steps });
    while ((this.#steps[1]?.at ?? Infinity) <= at - rateOver) this.#steps.shift();
  }
}
