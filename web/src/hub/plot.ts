// One large chart: up to three assets' lines of one series, over time.

import type uPlot from "uplot";
import { html, render } from "lit-html";
import { clockTime, unknown } from "../shared/format.js";
import { gaps } from "../shared/spark.js";
import { type Pinch, listen } from "./fingers.js";
import type { Line } from "./history.js";
import { straight, stretch, ticks } from "./logscale.js";
import { smooth } from "./smooth.js";

/** How many lines a chart has at most: those that can be told apart by their strokes alone. */
export const most = 3;
/** Dashes of the lines, in the order of the assets; style.css has the same for their samples. */
const dashes = [[], [8, 5], [2, 4]];
const widths = [1.8, 1.8, 2.4];
const height = 200;
/** How faint what was published stands behind its average. */
const faint = 0.3;

export interface Named { name: string; line: Line }

/** Colours that the charts are drawn in, read anew when the theme changes. */
export interface Palette { lines: readonly string[]; text: string; grid: string }

/** What a chart shows and tells: value writes a number, zoom(from, to) is what the reader dragged over, reset() that all is to be seen again. */
export interface PlotOptions {
  /** Whether it is drawn over powers of ten. */
  log: boolean;
  /** Whether averages are drawn; the numbers stay those that were published. */
  smooth: boolean;
  value(v: number | null): string;
  /** Writes a number at the axis. */
  tick(v: number): string;
  palette(): Palette;
  zoom(from: number, to: number): void;
  reset(): void;
  /** Charts of one key move their cursors together. */
  key: string;
}

type Values = (number | null | undefined)[];

export class Plot {
  readonly #chart: uPlot;
  readonly #library: typeof uPlot;
  readonly #place: HTMLElement;
  readonly #legend: HTMLElement;
  readonly #options: PlotOptions;
  readonly #gone = new AbortController();
  #lines: readonly Named[] = [];

  /** place holds the chart, legend what its lines are. */
  constructor(library: typeof uPlot, place: HTMLElement, legend: HTMLElement, width: number, options: PlotOptions) {
    this.#library = library;
    this.#place = place;
    this.#legend = legend;
    this.#options = options;
    this.#chart = new library(this.#make(width), [[], ...this.#columns().map(() => [])], place);
    const { signal } = this.#gone; // the place outlives the chart
    place.addEventListener("keydown", (event) => this.#key(event), { signal });
    place.addEventListener("focus", () => this.#say(), { signal });
    listen(this.#chart.over, { read: (x) => this.#point(Math.min(this.#chart.over.clientWidth, Math.max(0, x))), pinch: (first) => this.#pinch(first) });
  }

  #make(width: number): uPlot.Options {
    const { palette, key, reset, log, smooth: averaged } = this.#options;
    const axis: uPlot.Axis = { stroke: () => palette().text, grid: { stroke: () => palette().grid, width: 1 }, ticks: { stroke: () => palette().grid, width: 1 }, font: `12px ${getComputedStyle(document.body).fontFamily}` };
    return {
      width, height, legend: { show: false }, padding: [8, 30, 0, 0],
      tzDate: (at) => this.#library.tzDate(new Date(at * 1000), "Etc/UTC"),
      cursor: {
        y: false, sync: { key, setSeries: false }, drag: { x: true, y: false, setScale: false, dist: 6 }, points: { size: (_, n) => n <= most ? 7 : 0 },
        bind: { dblclick: () => () => { reset(); return null; } },
      },
      scales: { x: { time: true, auto: false }, ...(log && { y: { distr: 4, asinh: straight, range: (_, low, high) => stretch(low, high) } }) },
      axes: [
        { ...axis, space: 80, size: 34, values: (_, splits, __, ___, step) => splits.map((at) => clockTime(at).slice(0, step < 60 ? 8 : 5)) },
        { ...axis, size: 58, ...(log && { splits: (_, __, low, high) => ticks(low, high), filter: (_, splits) => splits }), values: (_, splits) => splits.map((v) => this.#options.tick(v)) },
      ],
      series: [{}, ...this.#columns().map((i, n): uPlot.Series => ({
        stroke: () => palette().lines[i] ?? "", dash: dashes[i] ?? [], width: widths[i] ?? 1, spanGaps: false, alpha: averaged && n < most ? faint : 1,
        points: { show: true, size: 5, filter: (chart) => alone(chart.data[n + 1] as Values), fill: () => palette().lines[i] ?? "" },
      }))],
      hooks: {
        setCursor: [() => this.#show()],
        setSelect: [({ select, posToVal, setSelect }) => {
          if (select.width > 0) this.#options.zoom(posToVal(select.left, "x"), posToVal(select.left + select.width, "x"));
          setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        }],
      },
    };
  }

  /** The line of each column after the times: as published, then averaged. */
  #columns(): number[] {
    const lines = dashes.map((_, i) => i);
    return this.#options.smooth ? [...lines, ...lines] : lines;
  }

  /** Draws lines, of a stretch of time. */
  draw(lines: readonly Named[], from: number, to: number) {
    this.#lines = lines;
    const tables = lines.map(({ line }) => table(line));
    const averages = this.#options.smooth ? tables.map(([at, values]): Table => [at, smooth(at, values)]) : [];
    const [times, ...columns] = this.#library.join([...tables, ...averages]);
    const none = new Array<undefined>(times.length);
    const data = [times, ...this.#columns().map((i, n) => (i < lines.length ? columns[n < most ? i : lines.length + i] : none))] as uPlot.AlignedData;
    this.#chart.batch(() => {
      this.#chart.setData(data, false);
      this.#chart.setScale("x", { min: from, max: to });
    });
    this.#show();
  }

  resize(width: number) {
    this.#chart.setSize({ width, height });
  }

  /** Draws again what it shows, in the colours of now. */
  repaint() {
    this.#chart.redraw(false, true);
  }

  destroy() {
    this.#gone.abort();
    this.#chart.destroy();
    this.#legend.remove();
  }

  /** The place in the data that the cursor points at; the newest where it points nowhere. */
  get #index(): number {
    return this.#chart.cursor.idx ?? this.#chart.data[0].length - 1;
  }

  /** What each asset's value was then: the last one before, unless that was not seen. */
  #values(): (number | null)[] {
    return this.#lines.map((_, n) => {
      const values = this.#chart.data[n + 1] as Values;
      let i = this.#index;
      while (i >= 0 && values[i] === undefined) i--;
      return values[i] ?? null;
    });
  }

  #show() {
    const values = this.#values();
    const { idx } = this.#chart.cursor;
    render(html`${this.#lines.map(({ name }, i) => html`<span class="key line-${i}"><svg width="26" height="8" aria-hidden="true"><line x1="1" x2="25" y1="4" y2="4"></line></svg><span class="name">${name}</span> <b class="num">${this.#options.value(values[i] ?? null)}</b></span>`)}<span class="sub num">${idx == null ? "newest" : this.#time()}</span>`, this.#legend);
  }

  #time(): string {
    const at = this.#chart.data[0][this.#index];
    return at === undefined ? unknown : `${clockTime(at)} UTC`;
  }

  /** Tells those who do not see it what it shows at the cursor; only when they moved it, or nobody could listen. */
  #say() {
    const values = this.#values();
    const said = this.#lines.map(({ name }, i) => `${name} ${this.#options.value(values[i] ?? null)}`).join(", ");
    this.#place.setAttribute("aria-valuemax", String(Math.max(0, this.#chart.data[0].length - 1)));
    this.#place.setAttribute("aria-valuenow", String(Math.max(0, this.#index)));
    this.#place.setAttribute("aria-valuetext", `${this.#time()}: ${said}`);
  }

  #key(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = event.shiftKey ? 10 : 1;
    const ways: Record<string, () => void> = {
      ArrowLeft: () => this.#move(this.#index - steps), ArrowRight: () => this.#move(this.#index + steps),
      Home: () => this.#move(0), End: () => this.#move(Infinity),
      "+": () => this.#zoom(0.5), "=": () => this.#zoom(0.5), "-": () => this.#zoom(2), "0": () => this.#options.reset(),
    };
    const way = ways[event.key];
    if (way === undefined) return;
    event.preventDefault();
    way();
    this.#say();
  }

  /** Puts the cursor on a point that is in sight. */
  #move(index: number) {
    const [first, last] = this.#chart.series[0]?.idxs ?? [0, 0];
    const at = this.#chart.data[0][Math.min(last, Math.max(first, index))];
    if (at !== undefined) this.#point(this.#chart.valToPos(at, "x"));
  }

  /** Puts the cursor so many pixels from the left. */
  #point(left: number) {
    // The third argument is not in uPlot's types: it moves the cursors of the other charts, too.
    (this.#chart.setCursor as (at: { left: number; top: number }, fire: boolean, tell: boolean) => void)({ left, top: 10 }, true, true);
  }

  /** Keeps the time under the middle of two fingers there, and as many pixels between two times as the fingers say. */
  #pinch(first: Pinch): (now: Pinch) => void {
    const { min, max } = this.#chart.scales["x"] ?? {};
    const width = this.#chart.over.clientWidth;
    if (min == null || max == null || width === 0) return () => {};
    const at = this.#chart.posToVal(first.middle, "x");
    return ({ middle, apart }) => {
      const pixel = ((max - min) / width) * (first.apart / apart);
      this.#options.zoom(at - middle * pixel, at + (width - middle) * pixel);
    };
  }

  /** Shows so much of what is in sight, around the cursor. */
  #zoom(by: number) {
    const { min, max } = this.#chart.scales["x"] ?? {};
    if (min == null || max == null) return;
    const at = this.#chart.data[0][this.#index] ?? max;
    const middle = Math.min(max, Math.max(min, at));
    this.#options.zoom(middle - (middle - min) * by, middle + (max - middle) * by);
  }
}

type Table = [times: number[], values: (number | null)[]];

/** A line as a table of uPlot, with a null where it is broken. */
function table({ times, values, breaks }: Line): Table {
  const ends = gaps(times, breaks);
  const at: number[] = [], all: (number | null)[] = [];
  times.forEach((time, i) => {
    if (ends.has(i)) {
      at.push((time + (times[i - 1] ?? time)) / 2);
      all.push(null);
    }
    at.push(time);
    const value = values[i] ?? NaN;
    all.push(Number.isFinite(value) ? value : null);
  });
  return [at, all];
}

/** The points between two gaps, which no line shows; undefined is a time of another line and no gap. */
function alone(values: Values): number[] {
  const some: number[] = [];
  values.forEach((v, i) => { if (v !== undefined) some.push(i); });
  return some.filter((at, i) => values[at] !== null && (values[some[i - 1] ?? -1] ?? null) === null && (values[some[i + 1] ?? -1] ?? null) === null);
}
