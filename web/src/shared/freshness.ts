// How fresh an asset's data is, in words.

import type { Snapshot } from "./wire.js";
import { age, duration, unknown } from "./format.js";

/** Seconds between two times from which on the difference is worth a word. */
export const worthSaying = 3;

/** When it is (the hub's clock), how old is too old (null: not known yet), and whether news would come. */
export interface At { now: number; staleAfter: number | null; reachable: boolean }

export type FreshState = "live" | "stale" | "waiting" | "lost" | "offline";
export interface Fresh { state: FreshState; text: string }
export interface Lag { text: string; warn: boolean; votes: boolean }

const isStale = (old: number, staleAfter: number | null) => staleAfter !== null && old > staleAfter;

/**
 * {state, text} of data that was updated at a time, null for never; staleAfter is
 * null while it is not known. The state is live or stale; waiting for a first
 * update; or lost, where whoever would tell of a newer one is not reachable.
 */
export function freshness(updated: number | null, { now, staleAfter, reachable }: At): Fresh {
  const old = updated === null ? null : now - updated;
  const stale = old !== null && isStale(old, staleAfter);
  if (!reachable) {
    if (old === null) return { state: "lost", text: unknown };
    if (old < -worthSaying) return { state: "lost", text: "age unknown" };
    return { state: "lost", text: stale ? `stale ${duration(old)}` : `${duration(old)} old` };
  }
  if (old === null) return { state: "waiting", text: unknown };
  if (old < -worthSaying) return { state: "stale", text: "age unknown" }; // a time yet to come: a clock was set back
  return stale ? { state: "stale", text: `stale ${duration(old)}` } : { state: "live", text: age(old) };
}

/**
 * {text, warn, votes} of the group of a snapshot that stands still while the
 * other flows, for frozen votes must not hide behind flowing training. The text
 * is "" where neither does; warn says that it is stale, votes that it is the votes.
 */
export function lag({ training_at: training, voting_at: voting }: Pick<Snapshot, "training_at" | "voting_at">, { now, staleAfter }: Omit<At, "reachable">): Lag {
  if (training === null || voting === null || Math.abs(training - voting) < worthSaying) return { text: "", warn: false, votes: false };
  const votes = voting < training;
  const old = now - Math.min(training, voting);
  return { text: `${votes ? "votes" : "training"} ${duration(old)} old`, warn: isStale(old, staleAfter), votes };
}
