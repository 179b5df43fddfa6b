// The large chart, drawn by uPlot, which is loaded only where there is one.

import type uPlot from "uplot";
import type { Point } from "./types.js";

export type Plotter = typeof uPlot;
type Column = (number | null)[];

export class Chart {
  #plot: uPlot | null = null;
  #at: HTMLElement | null = null;
  #theme = "";
  readonly #plotter: Plotter;
  readonly #sizes = new ResizeObserver(() => this.#fit());

  constructor(plotter: Plotter) {
    this.#plotter = plotter;
  }

  /** Draws a curve into an element. */
  show(at: HTMLElement, curve: Point[]): void {
    const data = columns(curve);
    const theme = colour("--accent") + colour("--panel");
    if (this.#plot !== null && this.#at === at && this.#theme === theme) {
      this.#plot.setData(data);
      return;
    }
    this.#sizes.disconnect();
    this.#plot?.destroy();
    this.#at = at;
    this.#theme = theme;
    this.#plot = new this.#plotter({ ...options(this.#plotter), ...size(at) }, data, at);
    this.#sizes.observe(at);
  }

  #fit(): void {
    if (this.#at !== null) this.#plot?.setSize(size(this.#at));
  }
}

const size = (at: HTMLElement) => ({ width: Math.max(200, at.clientWidth), height: innerWidth <= 720 ? 220 : 280 });

const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** The points by the time of the venue, each no earlier than the one before. */
function columns(curve: Point[]): uPlot.AlignedData {
  let last = -Infinity;
  const x = curve.map((p) => (last = Math.max(last, Date.parse(p.at) / 1000)));
  const column = (pick: (p: Point) => number | null): Column => curve.map(pick);
  return [x, column((p) => p.high), column((p) => p.low), column((p) => p.coin_high), column((p) => p.coin_low), column((p) => p.coin_mean), column((p) => p.profit)];
}

/** The time of day in UTC, with the date at midnight. */
function timeOfDay(unix: number): string {
  const text = new Date(unix * 1000).toISOString();
  return text.slice(11, 19) === "00:00:00" ? text.slice(5, 10) : text.slice(17, 19) === "00" ? text.slice(11, 16) : text.slice(11, 19);
}

/** An amount at the axis: 20, −0.5. */
const amount = (value: number): string => (value < 0 ? "−" : "") + Math.abs(value).toLocaleString("en");

function options(plotter: Plotter): Omit<uPlot.Options, "width" | "height"> {
  const mute = colour("--mute"), accent = colour("--accent"), line = colour("--line");
  const stepped = plotter.paths.stepped?.({ align: 1 });
  const series = (label: string, more: uPlot.Series): uPlot.Series => ({ label, points: { show: false }, ...more });
  const axis: uPlot.Axis = { stroke: mute, font: `11px ${getComputedStyle(document.body).fontFamily}`, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  const coin = { stroke: mute, width: 1, dash: [2, 3] };
  return {
    series: [
      {},
      series("shuffled, high", { stroke: "transparent" }), series("shuffled, low", { stroke: "transparent" }),
      series("coins, high", coin), series("coins, low", coin), series("coins, mean", { stroke: mute, width: 1.4, dash: [6, 4] }),
      series("profit", { stroke: accent, width: 2, ...(stepped === undefined ? {} : { paths: stepped }) }),
    ],
    bands: [{ series: [1, 2], fill: accent + "22" }],
    axes: [{ ...axis, grid: { show: false }, space: 70, size: 30, values: (_, ticks) => ticks.map(timeOfDay) }, { ...axis, size: 52, values: (_, ticks) => ticks.map(amount) }],
    legend: { show: false },
    cursor: { show: false },
    tzDate: (unix: number) => plotter.tzDate(new Date(unix * 1000), "Etc/UTC"),
  };
}
