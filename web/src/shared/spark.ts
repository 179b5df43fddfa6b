// Small charts, drawn by hand.

import { html, nothing, svg } from "lit-html";

/** How a small chart is drawn. */
export interface Spark { width: number; height: number; /** What it shows, for those who do not see it. */ label: string; area?: boolean; /** The values at the bottom and the top; the smallest and largest shown where they are not given. */ range?: [number, number] }

/**
 * A line through values, oldest first, with a dot at the newest. A value that is
 * not finite is a gap: a loss that diverged must be seen. Without two finite values
 * it is a dotted line, which promises nothing.
 */
export function spark(values: ArrayLike<number>, { width, height, label, area = false, range }: Spark) {
  const drawn = draw(values, width, height, range);
  if (drawn === null) return html`<svg class="spark blank" width=${width} height=${height} role="img" aria-label="${label}: nothing to draw yet"><path d="M0 ${height / 2}H${width}"></path></svg>`;
  return html`<svg class="spark" width=${width} height=${height} role="img" aria-label="${label}: ${drawn.said}">
    ${area ? svg`<path class="spark-area" d=${drawn.area}></path>` : nothing}
    <path class="spark-line" d=${drawn.line}></path>
    ${drawn.end === null ? nothing : svg`<circle class="spark-end" cx=${drawn.end[0]} cy=${drawn.end[1]} r="2.2"></circle>`}
  </svg>`;
}

function draw(values: ArrayLike<number>, width: number, height: number, range?: [number, number]) {
  const finite = Array.from(values).filter(Number.isFinite);
  const first = finite[0], last = finite[finite.length - 1];
  if (first === undefined || last === undefined || finite.length < 2) return null;
  const [low, high] = range ?? [Math.min(...finite), Math.max(...finite)];
  const pad = 3;
  const x = (i: number) => pad + (i * (width - 2 * pad)) / (values.length - 1);
  const y = (v: number) => (high > low ? pad + ((high - v) / (high - low)) * (height - 2 * pad) : height / 2);
  let line = "", area = "", open = -1;
  for (let i = 0; i <= values.length; i++) {
    const v = i < values.length ? (values[i] as number) : NaN;
    if (Number.isFinite(v)) {
      const point = `${x(i).toFixed(1)} ${y(v).toFixed(1)}`;
      line += (open < 0 ? "M" : "L") + point;
      area += (open < 0 ? `M${x(i).toFixed(1)} ${height}L` : "L") + point;
      if (open < 0) open = i;
    } else if (open >= 0) {
      area += `L${x(i - 1).toFixed(1)} ${height}Z`;
      open = -1;
    }
  }
  const newest = values[values.length - 1] as number;
  const end = Number.isFinite(newest) ? [x(values.length - 1), y(newest)] : null;
  return { line, area, end, said: `from ${short(first)} to ${short(last)}` };
}

const short = (v: number) => String(Number(v.toPrecision(3)));
