// Which assets a reader sees, and in which sequence.

import type { Described } from "./asset.js";
import type { Column, View } from "./view.js";

/** An asset in the table. What is described of it is worked out when it is asked for: most sequences need none of it. */
export interface Listed { name: string; rank: number | null; described: () => Described }

/** Of all assets, in the order of the ranking, those that the filter lets through, sorted. */
export function arranged(all: Listed[], view: Pick<View, "sort" | "reverse" | "filter" | "state">): Listed[] {
  const words = view.filter.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const any = view.state === "" && words.length === 0;
  const some = any ? all : all.filter((listed) => passes(listed.described(), view.state, words));
  if (view.sort === "rank" || view.sort === "score") return view.reverse ? some.reverse() : some;
  const key = keys[view.sort];
  const way = view.reverse ? -1 : 1;
  return some
    .map((listed) => ({ listed, key: key(listed.described()) }))
    .sort((a, b) => compare(a.key, b.key, way))
    .map(({ listed }) => listed);
}

function passes(d: Described, state: View["state"], words: string[]): boolean {
  const said = says(d);
  return isState(d, state) && words.every((word) => said.includes(word));
}

const says = (d: Described) => `${d.name} ${d.instrument} ${d.signal ?? ""} ${d.source}`.toLowerCase();

function isState(d: Described, state: View["state"]): boolean {
  return state === "" || (state === "suspect" ? d.suspect : d.fresh.state === state);
}

type Key = string | number | null;

const keys: Record<Exclude<Column, "rank" | "score">, (d: Described) => Key> = {
  name: (d) => d.name.toLowerCase(),
  signal: (d) => d.signal,
  votes: (d) => (d.buy === null || d.sell === null ? null : d.buy + d.sell),
  accuracy: (d) => d.accuracy,
  loss: (d) => d.loss,
  steps: (d) => d.stepCount,
  age: (d) => d.age,
};

/** What is not known stands last either way; ties keep the order of the ranking. */
function compare(a: Key, b: Key, way: number): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return a < b ? -way : a > b ? way : 0;
}
