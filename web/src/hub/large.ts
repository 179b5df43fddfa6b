// Large charts of the asset in the inspector. What draws them is loaded when
// somebody asks for them.

import type uPlot from "uplot";
import { html, render } from "lit-html";
import type { History } from "./history.js";
import type { Series } from "./track.js";

const titles: [Series, string][] = [["actor_loss", "Actor loss"], ["critic_loss", "Critic loss"], ["avn_loss", "AVN loss"], ["avn_accuracy", "AVN accuracy"]];
const height = 190;

export class LargeCharts {
  open = false;
  #box: HTMLElement;
  #plots = new Map<Series, uPlot>();
  #shown = "";
  #width = 0;
  #library: typeof uPlot | null = null;

  constructor(box: HTMLElement) {
    this.#box = box;
  }

  /** Shows the series of an asset, as long as it is open. */
  show(name: string, history: History | undefined) {
    this.#box.hidden = !this.open;
    if (!this.open || history === undefined) return;
    if (this.#library === null) {
      void this.#load(name, history);
      return;
    }
    this.#draw(this.#library, name, history);
  }

  async #load(name: string, history: History) {
    this.#library = (await import("/ui/shared/chart.js")).default;
    this.show(name, history);
  }

  #draw(library: typeof uPlot, name: string, history: History) {
    const width = Math.max(260, Math.floor((this.#box.clientWidth - 48) / (this.#box.clientWidth > 760 ? 2 : 1)));
    if (name !== this.#shown || width !== this.#width) this.#make(library, name, width);
    for (const [series, plot] of this.#plots) plot.setData([[...history.times], history.values(series).map((v) => (Number.isFinite(v) ? v : null))]);
  }

  #make(library: typeof uPlot, name: string, width: number) {
    for (const plot of this.#plots.values()) plot.destroy();
    this.#shown = name;
    this.#width = width;
    render(html`<div class="head"><h2>${name}, as this page saw it</h2></div><div class="plots">${titles.map(([series, title]) => html`<figure data-series=${series}><figcaption>${title}</figcaption><div></div></figure>`)}</div>`, this.#box);
    const style = getComputedStyle(document.documentElement);
    const colour = (variable: string) => style.getPropertyValue(variable).trim();
    const axis = { stroke: colour("--mute"), grid: { stroke: colour("--line") }, ticks: { stroke: colour("--line") }, font: "11px sans-serif" };
    for (const [series] of titles) {
      const place = this.#box.querySelector<HTMLElement>(`[data-series="${series}"] div`);
      if (place === null) continue;
      this.#plots.set(series, new library({
        width, height, legend: { show: false }, cursor: { show: false }, axes: [axis, { ...axis, size: 64 }],
        series: [{}, { stroke: colour(series === "avn_accuracy" ? "--accent" : "--ink2"), width: 1.6, points: { show: false } }],
      }, [[], []], place));
    }
  }
}
