// Small parts of all panels: numbers, intervals and meters.

import { html, nothing, svg, type TemplateResult } from "lit-html";
import { signed, unknown } from "../shared/format.js";
import type { Interval, Side } from "./types.js";

export { html, nothing, svg };
export type Piece = TemplateResult | typeof nothing | string;

/** Money as text that people read: 10,284.60; with a sign where it is a difference. */
export function money(text: string | null | undefined, { sign = false, digits = 2 } = {}): string {
  if (text === null || text === undefined || text === "" || !Number.isFinite(Number(text))) return unknown;
  const value = Number(text);
  const size = Math.abs(value).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  if (value < 0) return `−${size}`;
  return sign && value > 0 ? `+${size}` : size;
}

/** A share as per cent: 52.1 %. */
export const percent = (x: number | null | undefined, digits = 1): string =>
  typeof x === "number" && Number.isFinite(x) ? `${(100 * x).toFixed(digits)} %` : unknown;

/** A share with its sign as per cent. */
export function signedPercent(x: number | null | undefined, digits = 1): string {
  if (typeof x !== "number" || !Number.isFinite(x)) return unknown;
  const size = `${Math.abs(100 * x).toFixed(digits)} %`;
  if (Number.parseFloat(size) === 0) return size;
  return (x < 0 ? "−" : "+") + size;
}

/** Whether a space trains on an index that jumps by construction. */
export const jumps = (name: string): boolean => /^(crash|boom)/i.test(name);

export function sideChip(side: Side | string | null): TemplateResult {
  const word = side ?? unknown;
  const known = side === "BUY" ? "buy" : side === "SELL" ? "sell" : side === "NEUTRAL" ? "neutral" : "none";
  return html`<span class="signal ${known}"><span class="shape" aria-hidden="true"></span>${word}</span>`;
}

/** A part from 0 to 1 of something, with a second part behind it; what is beyond 1 is cut. */
export function meter(label: string, part: number, behind = 0, words = ""): TemplateResult {
  const first = clamp(part), second = clamp(part + behind) - first;
  const tone = part >= 1 ? "bad" : part + behind > 0.8 ? "warn" : "";
  return html`<svg class="meter ${tone}" viewBox="0 0 100 6" preserveAspectRatio="none" role="meter" aria-label=${label} aria-valuemin="0" aria-valuemax="100"
    aria-valuenow=${Math.round(100 * first)} aria-valuetext=${words || nothing}><rect class="track" width="100" height="6"></rect><rect class="used" width=${100 * first} height="6"></rect><rect class="behind" x=${100 * first} width=${100 * second} height="6"></rect></svg>`;
}

export const clamp = (x: number): number => (Number.isFinite(x) ? Math.min(1, Math.max(0, x)) : 0);

/** Where a value stands on an axis from low to high, 0 to 1; beyond it outside of that. */
export interface Axis { low: number; high: number }

/** A round axis around 0 that holds an interval. */
export function fitting(interval: Interval): Axis {
  const most = Math.max(...interval.map(Math.abs));
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].find((one) => most <= one) ?? 100;
  return { low: -step, high: step };
}

const width = 210, height = 26, pad = 9;
const along = (axis: Axis, value: number): number => pad + ((value - axis.low) / (axis.high - axis.low)) * (width - 2 * pad);

/** The ends and the middle of an axis, in numbers. */
export const scale = (axis: Axis): TemplateResult => html`<svg class="scale" width=${width} height="14" role="img" aria-label="axis from ${axis.low} to ${axis.high}">${
  [axis.low, 0, axis.high].map((value) => svg`<text x=${along(axis, value)} y="11">${value === 0 ? "0" : signed(value, axis.high < 1 ? 1 : 0)}</text>`)}</svg>`;

/**
 * A mean with its interval on an axis that others share. What is beyond the axis
 * ends in an arrow, for a line that ends at the edge would look like an end.
 */
export function intervalBar(axis: Axis, mean: number, [low, high]: Interval, { className = "", mark = null as number | null, words = "" } = {}): TemplateResult {
  const x = (value: number) => Math.min(width - pad, Math.max(pad, along(axis, value)));
  const middle = height / 2;
  const beyondLow = low < axis.low, beyondHigh = high > axis.high;
  const inside = mean >= axis.low && mean <= axis.high;
  return html`<svg class="interval ${className}" width=${width} height=${height} viewBox="0 0 ${width} ${height}" role="img" aria-label=${words}>
    ${mark === null ? nothing : svg`<line class="mark" x1=${x(mark)} x2=${x(mark)} y1="2" y2=${height - 2}></line>`}
    <line class="span" x1=${x(low)} x2=${x(high)} y1=${middle} y2=${middle}></line>
    ${beyondLow ? svg`<path class="beyond" d="M${pad - 7} ${middle}l6 -4v8z"></path>` : svg`<line class="end" x1=${x(low)} x2=${x(low)} y1=${middle - 4} y2=${middle + 4}></line>`}
    ${beyondHigh ? svg`<path class="beyond" d="M${width - pad + 7} ${middle}l-6 -4v8z"></path>` : svg`<line class="end high" x1=${x(high)} x2=${x(high)} y1=${middle - 6} y2=${middle + 6}></line>`}
    ${inside ? svg`<circle class="mean" cx=${x(mean)} cy=${middle} r="4.5"></circle>` : nothing}</svg>`;
}

/** A panel that has nothing to show, and says why. */
export const empty = (why: Piece): TemplateResult => html`<p class="none">${why}</p>`;
