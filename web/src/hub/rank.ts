// The formula and the three orders, as the hub's /rankings works them.

import type { Snapshot } from "../shared/wire.js";

export const orders = ["desc", "asc", "balanced"] as const;
export type Order = (typeof orders)[number];

export const isOrder = (text: unknown): text is Order => orders.some((order) => order === text);

export interface Score { confidence: number | null; value: number | null; reason: string | null }

/**
 * What the formula makes of a snapshot: {confidence, value, reason}. Confidence
 * and value are null where they do not exist, and then reason says why.
 */
export function score(snapshot: Pick<Snapshot, "training" | "voting">): Score {
  const { buy_count: buy, sell_count: sell } = snapshot.voting;
  const votes = buy === null || sell === null ? 0 : buy + sell;
  if (buy === null || sell === null || !(votes > 0)) return { confidence: null, value: null, reason: "no votes" };
  const confidence = Math.max(buy, sell) / votes;
  const accuracy = snapshot.training.avn_accuracy;
  if (accuracy === null) return { confidence, value: null, reason: "no accuracy" };
  return { confidence, value: confidence - accuracy, reason: null };
}

/** A number that rises from the first place of an order to the last. */
function key(order: Order, value: number | null) {
  if (value === null) return Infinity;
  if (order === "asc") return value;
  if (order === "balanced") return Math.abs(value);
  return -value;
}

/**
 * Orders names by the scores of their snapshots. Those without a score stand
 * behind all others, those without a snapshot behind them; ties go to the name.
 * Returns [{name, rank}] with null for the rank of those that have no score.
 */
export function rank(names: string[], snapshots: Map<string, Snapshot>, order: Order): { name: string; rank: number | null }[] {
  const entries = names.map((name) => {
    const snapshot = snapshots.get(name);
    const value = snapshot ? score(snapshot).value : null;
    return { name, value, key: key(order, value), missing: snapshot ? 0 : 1 };
  });
  entries.sort((a, b) => compare(a.key, b.key) || a.missing - b.missing || compare(a.name, b.name));
  return entries.map((entry, i) => ({ name: entry.name, rank: entry.value === null ? null : i + 1 }));
}

const compare = <T extends number | string>(a: T, b: T) => (a < b ? -1 : a > b ? 1 : 0);
