// Small charts, drawn by hand.

import { html, nothing, svg } from "lit-html";

/** How a small chart is drawn. */
export interface Spark { width: number; height: number; /** What it shows, for those who do not see it. */ label: string; area?: boolean; /** When the values were, and at which times the line is broken up to the next of them; evenly apart and nowhere where they are not given. */ times?: readonly number[]; breaks?: readonly number[]; /** How much lies between the bottom and the top at least, so that noise does not look like a trend. */ least?: number }

/**
 * A line through values, oldest first, with a dot at the newest. A value that is
 * not finite is a gap: a loss that diverged must be seen. Without two finite values
 * it is a dotted line, which promises nothing.
 */
export function spark(values: ArrayLike<number>, { width, height, label, area = false, ...more }: Spark) {
  const drawn = draw(values, width, height, more);
  if (drawn === null) return html`<svg class="spark blank" width=${width} height=${height} role="img" aria-label="${label}: nothing to draw yet"><path d="M0 ${height / 2}H${width}"></path></svg>`;
  return html`<svg class="spark" width=${width} height=${height} role="img" aria-label="${label}: ${drawn.said}">
    ${area ? svg`<path class="spark-area" d=${drawn.area}></path>` : nothing}
    <path class="spark-line" d=${drawn.line}></path>
    ${drawn.end === null ? nothing : svg`<circle class="spark-end" cx=${drawn.end[0]} cy=${drawn.end[1]} r="2.2"></circle>`}
  </svg>`;
}

function draw(values: ArrayLike<number>, width: number, height: number, { least = 0, times, breaks }: Pick<Spark, "least" | "times" | "breaks">) {
  const finite = Array.from(values).filter(Number.isFinite);
  const first = finite[0], last = finite[finite.length - 1];
  if (first === undefined || last === undefined || finite.length < 2) return null;
  const [smallest, largest] = [Math.min(...finite), Math.max(...finite)];
  const spare = Math.max(0, least - (largest - smallest)) / 2;
  const [low, high] = [smallest - spare, largest + spare];
  const pad = 3;
  const share = shares(values.length, times);
  const x = (i: number) => pad + share(i) * (width - 2 * pad);
  const y = (v: number) => (high > low ? pad + ((high - v) / (high - low)) * (height - 2 * pad) : height / 2);
  const ends = gaps(times ?? [], breaks ?? []);
  let line = "", area = "", open = -1;
  const close = (i: number) => {
    if (open < 0) return;
    if (open === i) line += "h0"; // a point alone is a dot
    area += `L${x(i).toFixed(1)} ${height}Z`;
    open = -1;
  };
  for (let i = 0; i < values.length; i++) {
    const v = values[i] as number;
    if (!Number.isFinite(v) || ends.has(i)) close(i - 1);
    if (!Number.isFinite(v)) continue;
    const point = `${x(i).toFixed(1)} ${y(v).toFixed(1)}`;
    line += (open < 0 ? "M" : "L") + point;
    area += (open < 0 ? `M${x(i).toFixed(1)} ${height}L` : "L") + point;
    if (open < 0) open = i;
  }
  close(values.length - 1);
  const newest = values[values.length - 1] as number;
  const end = Number.isFinite(newest) ? [x(values.length - 1), y(newest)] : null;
  return { line, area, end, said: `from ${short(first)} to ${short(last)}${ends.size > 0 ? ", not seen throughout" : ""}` };
}

/** Where each of n values stands, from 0 to 1: by its time, if there are times. */
function shares(n: number, times: readonly number[] | undefined): (i: number) => number {
  const from = times?.[0] ?? 0;
  const span = (times?.[n - 1] ?? 0) - from;
  if (times === undefined || !(span > 0)) return (i) => i / (n - 1);
  return (i) => ((times[i] ?? from) - from) / span;
}

/** The places of the values before which a line is broken. */
export function gaps(times: readonly number[], breaks: readonly number[]): Set<number> {
  const found = new Set<number>();
  for (const at of breaks) {
    const next = times.findIndex((time) => time > at);
    if (next > 0) found.add(next);
  }
  return found;
}

const short = (v: number) => String(Number(v.toPrecision(3)));
