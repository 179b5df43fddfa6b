// What an asset's numbers were while this page was open. It stays small however
// long that is.

import type { Snapshot } from "../shared/wire.js";
import { type Series, Track, type Values, series } from "./track.js";

/** How many points the small charts have, and how many seconds they span at most: a quarter of an hour. */
export const points = 120;
export const longest = 900;
const coarsest = longest / points;

/** How many seconds are kept in all, and how many of them lie between two points that the small charts no longer show. */
export const kept = 7200;
const olderApart = 60;
const olderPoints = (kept - longest) / olderApart;

/** How many times a line can be broken. */
const mostBreaks = 30;

/** Seconds over which steps are counted for a rate. */
const rateOver = 10;

/** A line to draw: it is broken between two points if a break lies at the first of them or behind it. */
export interface Line { times: readonly number[]; values: readonly number[]; breaks: readonly number[] }

/** A line without points. */
export const blank: Line = { times: [], values: [], breaks: [] };

/** What is kept of a history over a reload: times in Unix seconds, NaN as null. */
export interface Saved { times: number[]; values: (number | null)[][]; breaks: number[] }

/**
 * History keeps a number of points for each series. They are a second apart at
 * first; when there is no room for another, every second one goes, until they
 * span a quarter of an hour. From then on one a minute is kept of what is older,
 * for two hours.
 */
export class History {
  #recent = new Track();
  #older = new Track();
  #breaks: number[] = [];
  #steps: { at: number; steps: number }[] = [];
  #apart = 1;

  /** Takes a snapshot if its training is newer than the last one's. A number that is null is kept as NaN. */
  take({ training, training_at: at }: Snapshot) {
    if (at === null || at <= (this.#recent.last ?? -Infinity)) return;
    this.#count(at, training.training_steps);
    this.#add(at, valuesOf((name) => training[name]));
  }

  /** Says that what came after the newest point was not seen, up to the next one. */
  interrupt() {
    if (this.#recent.last !== undefined) this.breakAt(this.#recent.last);
  }

  /** Breaks the lines at a time, between the points before and after it. */
  breakAt(at: number) {
    const last = this.#breaks[this.#breaks.length - 1];
    if (this.#recent.length === 0 || at === last) return;
    this.#breaks.push(at);
    if (this.#breaks.length > mostBreaks) this.#breaks.shift();
  }

  /** When the newest point was, in Unix seconds; undefined before the first. */
  get last(): number | undefined {
    return this.#recent.last;
  }

  /** When the points of the small charts were, in Unix seconds. */
  get times(): readonly number[] {
    return this.#recent.times;
  }

  /** The points of a series in the small charts, oldest first. */
  values(name: Series): readonly number[] {
    return this.#recent.values(name);
  }

  /** Whether the lines of the small charts are broken somewhere. */
  get broken(): boolean {
    const { first } = this.#recent;
    return first !== undefined && this.#breaks.some((at) => at >= first && at < (this.last ?? at));
  }

  /** The line of a small chart. */
  line(name: Series): Line {
    return { times: this.times, values: this.values(name), breaks: this.#breaks };
  }

  /** The line of all that is kept. */
  whole(name: Series): Line {
    return { times: [...this.#older.times, ...this.times], values: [...this.#older.values(name), ...this.values(name)], breaks: this.#breaks };
  }

  /** Steps a second over the last ten seconds or so; null where that is not known. */
  rate(now: number): number | null {
    const first = this.#steps[0], last = this.#steps[this.#steps.length - 1];
    if (first === undefined || last === undefined || now - last.at > rateOver) return null;
    const seconds = last.at - first.at;
    return seconds >= 1 ? (last.steps - first.steps) / seconds : null;
  }

  /** What is to be kept over a reload, in at most so many points. */
  save(most: number): Saved {
    const lines = series.map((name) => this.whole(name));
    const times = lines[0]?.times ?? [];
    const step = Math.max(1, Math.ceil(times.length / most));
    const some = <T>(all: readonly T[]) => all.filter((_, i) => (all.length - 1 - i) % step === 0);
    return { times: some(times), values: lines.map(({ values }) => some(values).map((v) => (Number.isFinite(v) ? v : null))), breaks: [...this.#breaks] };
  }

  /** Takes what was kept, without what lies before a time. It is to be the first that this history takes. */
  restore({ times, values, breaks }: Saved, from: number) {
    times.forEach((at, i) => {
      if (at >= from && at > (this.#recent.last ?? -Infinity)) this.#add(at, valuesOf((_, n) => values[n]?.[i]));
    });
    for (const at of breaks) if (at >= from) this.breakAt(at);
    this.#apart = Math.min(coarsest, Math.max(1, ((this.#recent.last ?? 0) - (this.#recent.first ?? 0)) / points));
  }

  #add(at: number, point: Values) {
    const { times } = this.#recent;
    const from = times[times.length - 2];
    if (from !== undefined && at - from < this.#apart) this.#recent.pop(); // the last one was too near to the one before it: the newer one stays
    this.#recent.push(at, point);
    while ((this.#recent.first ?? at) < at - longest) this.#retire();
    if (this.#recent.length > points) this.#thin();
  }

  #thin() {
    if (this.#apart >= coarsest) {
      this.#retire();
      return;
    }
    this.#apart = Math.min(coarsest, this.#apart * 2);
    this.#recent.thin();
  }

  /** The oldest point leaves the small charts. */
  #retire() {
    const oldest = this.#recent.shift();
    if (oldest === undefined) return;
    if (oldest.at - (this.#older.last ?? -Infinity) >= olderApart) this.#older.push(oldest.at, oldest.point);
    while (this.#older.length > olderPoints || (this.#older.first ?? oldest.at) < oldest.at - kept) this.#older.shift();
    const first = this.#older.first ?? this.#recent.first ?? 0;
    while ((this.#breaks[0] ?? first) < first) this.#breaks.shift();
  }

  #count(at: number, steps: number | null) {
    const last = this.#steps[this.#steps.length - 1];
    if (steps === null || (last !== undefined && steps < last.steps)) this.#steps = []; // it started over
    if (steps === null || (last !== undefined && at - last.at < 0.25 && this.#steps.length > 1)) return;
    this.#steps.push({ at, steps });
    while ((this.#steps[1]?.at ?? Infinity) <= at - rateOver) this.#steps.shift();
  }
}

function valuesOf(value: (name: Series, n: number) => number | null | undefined): Values {
  const [actor = NaN, critic = NaN, avn = NaN, accuracy = NaN] = series.map((name, n) => value(name, n) ?? NaN);
  return { actor_loss: actor, critic_loss: critic, avn_loss: avn, avn_accuracy: accuracy };
}
