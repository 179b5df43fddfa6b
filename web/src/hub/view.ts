// What the reader looks at: the order, the sort, the filter and the asset. It
// stands in the address, behind the #, so that a link leads there.

import { isOrder, type Order } from "./rank.js";

export const columns = ["rank", "name", "signal", "votes", "accuracy", "score", "loss", "steps", "age"] as const;
export type Column = (typeof columns)[number];

export const states = ["", "live", "stale", "offline", "suspect"] as const;
export type StateFilter = (typeof states)[number];

export interface View {
  order: Order;
  /** "rank" is the order itself. */
  sort: Column;
  /** Whether the sort is the other way round. */
  reverse: boolean;
  filter: string;
  state: StateFilter;
  /** The name of a space, "" for none. */
  asset: string;
  /** Names of spaces that it is compared with. */
  compare: readonly string[];
}

const orderKey = "quasar-order";

/** Reads a view from an address: what it does not say is as the reader had it last, or as the hub has it. */
export function read(hash: string): View {
  const asked = new URLSearchParams(hash.replace(/^#/, ""));
  const order = asked.get("order") ?? stored();
  const sort = asked.get("sort") ?? "";
  const name = columns.find((column) => column === sort.replace(/^-/, ""));
  return {
    order: isOrder(order) ? order : "desc",
    sort: name ?? "rank",
    reverse: name !== undefined && sort.startsWith("-"),
    filter: asked.get("filter") ?? "",
    state: states.find((state) => state === asked.get("state")) ?? "",
    asset: asked.get("asset") ?? "",
    compare: others(asked.get("compare") ?? ""),
  };
}

/** Two names at most: more lines cannot be told apart. */
const others = (text: string) => [...new Set(text.split(","))].filter((name) => name !== "").slice(0, 2);

/** The same for an address. */
export function write({ order, sort, reverse, filter, state, asset, compare }: View): string {
  const said = new URLSearchParams();
  if (asset !== "") said.set("asset", asset);
  if (asset !== "" && compare.length > 0) said.set("compare", compare.join(","));
  said.set("order", order);
  if (sort !== "rank") said.set("sort", (reverse ? "-" : "") + sort);
  if (filter !== "") said.set("filter", filter);
  if (state !== "") said.set("state", state);
  return `#${said}`;
}

function stored(): string {
  try {
    return localStorage.getItem(orderKey) ?? "desc";
  } catch {
    return "desc"; // a page in a frame may have none
  }
}

/** Keeps an order for the next visit. */
export function keep(order: Order) {
  try {
    localStorage.setItem(orderKey, order);
  } catch { /* then it holds for this visit */ }
}
