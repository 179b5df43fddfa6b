// What the page has seen is kept in the tab over a reload, within bounds. Where
// the browser keeps nothing (a private window, a frame, no room) it is not.

import type { Saved } from "./history.js";
import { series } from "./track.js";
import type { SavedTrends } from "./trends.js";

const key = "quasar-hub-seen";
const form = 1; // of what is kept: another one is not read

/** How many characters are kept at most, and how many a point is thought to take. */
export const mostText = 2_000_000;
const pointText = 48;
const mostPoints = 225; // of an asset: as many as its history has

/** A hub, from its start on: what another one says is another record. */
export interface Run { hub: string; started: number }

/** All that is kept: seen is when the hub was heard last, by its clock. */
export interface Seen { run: Run; seen: number; trends: SavedTrends; assets: Map<string, Saved> }

/** How many points an asset may have where so many assets are kept. */
export const shareOf = (assets: number) => Math.min(mostPoints, Math.floor(mostText / pointText / Math.max(1, assets)));

/** What was kept, or null where nothing was or what is there cannot be read. */
export function recall(): Seen | null {
  try {
    const text = sessionStorage.getItem(key);
    return text === null ? null : parse(text);
  } catch {
    return null;
  }
}

/** Keeps it, or nothing. */
export function store(seen: Seen) {
  try {
    const text = write(seen);
    if (text.length <= mostText) sessionStorage.setItem(key, text);
    else sessionStorage.removeItem(key);
  } catch {
    forget(); // rather nothing than what is out of date
  }
}

function forget() {
  try {
    sessionStorage.removeItem(key);
  } catch { /* there is nothing */ }
}

/** Times are written as tenths of a second since the one before, values to five digits. */
export function write({ run, seen, trends, assets }: Seen): string {
  const brief = (v: number | null) => (v === null ? null : Number(v.toPrecision(5)));
  const packed = [...assets].map(([name, { times, values, breaks }]) => [name, apart(times), values.map((list) => list.map(brief)), breaks]);
  return JSON.stringify({ form, run, seen, trends, assets: packed });
}

/** Reads what write has written; null for anything else. */
export function parse(text: string): Seen | null {
  let all: unknown;
  try {
    all = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(all) || all["form"] !== form || !isRecord(all["run"]) || !isRecord(all["trends"]) || !Array.isArray(all["assets"])) return null;
  const { hub, started } = all["run"];
  const { ingest, latency } = all["trends"];
  if (typeof hub !== "string" || !isNumber(started) || !isNumber(all["seen"]) || !isValues(ingest) || !isValues(latency)) return null;
  const assets = new Map<string, Saved>();
  for (const packed of all["assets"] as unknown[]) {
    const asset = unpack(packed);
    if (asset === null) return null;
    assets.set(...asset);
  }
  return { run: { hub, started }, seen: all["seen"], trends: { ingest, latency }, assets };
}

function unpack(packed: unknown): [string, Saved] | null {
  if (!Array.isArray(packed)) return null;
  const [name, times, values, breaks] = packed as unknown[];
  if (typeof name !== "string" || !isNumbers(times) || !isNumbers(breaks) || !Array.isArray(values) || values.length !== series.length) return null;
  if (!values.every((list): list is (number | null)[] => isValues(list) && list.length === times.length)) return null;
  return [name, { times: joined(times), values, breaks }];
}

function apart(times: number[]): number[] {
  const tenths = times.map((at) => Math.round(at * 10));
  return tenths.map((at, i) => at - (tenths[i - 1] ?? 0));
}

function joined(apart: number[]): number[] {
  let at = 0;
  return apart.map((more) => (at += more) / 10);
}

const isRecord = (x: unknown): x is Record<string, unknown> => typeof x === "object" && x !== null && !Array.isArray(x);
const isNumber = (x: unknown): x is number => typeof x === "number" && Number.isFinite(x);
const isNumbers = (x: unknown): x is number[] => Array.isArray(x) && x.every(isNumber);
const isValues = (x: unknown): x is (number | null)[] => Array.isArray(x) && x.every((v) => v === null || isNumber(v));
