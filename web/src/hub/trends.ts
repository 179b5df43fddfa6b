// How the hub itself has been doing while this page was open, from its books.

import { unknown } from "../shared/format.js";
import type { Latency, Stats } from "./wire.js";

const kept = 60; // answers of the hub: five minutes
const over = 12; // of them: one minute

/** The share of updates that a latency is told of. */
const share = 0.99;

/** What is kept of the trends over a reload: NaN is null. */
export interface SavedTrends { ingest: (number | null)[]; latency: (number | null)[] }

export class Trends {
  /** Updates a second. */
  readonly ingest: number[] = [];
  /** Milliseconds within which 99 of 100 updates were sent; NaN where there were none. */
  readonly latency: number[] = [];
  #histograms: Latency[] = [];
  peak = 0;

  /** Takes the counts of an answer. */
  take({ stats: { updates_per_second: rate }, latency }: { stats: Pick<Stats, "updates_per_second">; latency: Latency }) {
    push(this.ingest, rate, kept);
    this.peak = Math.max(this.peak, rate);
    const last = this.#histograms[this.#histograms.length - 1];
    if (last !== undefined && latency.count < last.count) this.#histograms = []; // another hub, or a new one
    push(this.#histograms, latency, over + 1);
    push(this.latency, 1000 * quantile(this.#histograms[0], latency), kept);
  }

  /** Says that some answers were not seen. */
  interrupt() {
    for (const list of [this.ingest, this.latency]) if (list.length > 0) push(list, NaN, kept);
    this.#histograms = [];
  }

  save(): SavedTrends {
    const plain = (v: number) => (Number.isFinite(v) ? v : null);
    return { ingest: this.ingest.map(plain), latency: this.latency.map(plain) };
  }

  /** Takes what was kept, before the first answer. */
  restore({ ingest, latency }: SavedTrends) {
    for (const v of ingest) push(this.ingest, v ?? NaN, kept);
    for (const v of latency) push(this.latency, v ?? NaN, kept);
    this.peak = Math.max(0, ...this.ingest.filter(Number.isFinite));
  }

  /** The newest latency in words. */
  get latencyNow(): { value: string; unit: string } {
    const ms = this.latency[this.latency.length - 1];
    if (ms === undefined || Number.isNaN(ms)) return { value: unknown, unit: "" };
    if (!Number.isFinite(ms)) return { value: "over 10", unit: "s" };
    return ms < 1000 ? { value: `≤ ${Number(ms.toPrecision(3))}`, unit: "ms" } : { value: `≤ ${Number((ms / 1000).toPrecision(3))}`, unit: "s" };
  }
}

function push<T>(list: T[], value: T, most: number) {
  list.push(value);
  if (list.length > most) list.shift();
}

/**
 * The bound within which 99 of 100 of the updates between two histograms lie, in
 * seconds: NaN where there was none, Infinity where no bound is large enough.
 */
export function quantile(before: Latency | undefined, after: Latency): number {
  const from = before === undefined || before === after ? { count: 0, within: {} as Record<string, number> } : before;
  const all = after.count - from.count;
  if (all <= 0) return NaN;
  const bounds = Object.keys(after.within).map(Number).sort((a, b) => a - b);
  const counts = new Map(Object.entries(after.within).map(([bound, n]) => [Number(bound), n - (from.within[bound] ?? 0)]));
  return bounds.find((bound) => (counts.get(bound) ?? 0) >= share * all) ?? Infinity;
}
