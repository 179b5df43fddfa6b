// Large charts of the asset in the inspector, and of those it is compared with.
// What draws them is loaded when somebody asks for them.

import type uPlot from "uplot";
import { html, nothing, render } from "lit-html";
import { fresh } from "../shared/cells.js";
import { loss, share, tick } from "../shared/format.js";
import type { Fresh } from "../shared/freshness.js";
import { colour, whenThemeChanges } from "../shared/palette.js";
import { compareWith } from "./compare.js";
import { type Line, blank, kept } from "./history.js";
import { type Named, type Palette, Plot, most } from "./plot.js";
import { fades } from "./smooth.js";
import type { Store } from "./store.js";
import { type Series, series } from "./track.js";

const titles: Record<Series, string> = { actor_loss: "Actor loss", critic_loss: "Critic loss", avn_loss: "AVN loss", avn_accuracy: "AVN accuracy" };

/** How far back the charts can look, in seconds. */
const ranges: [number, string][] = [[300, "5 min"], [900, "15 min"], [kept, "All kept"]];
const fewest = 15; // seconds that all that is kept takes at least
const drawEvery = 300; // milliseconds: nobody reads faster, and four charts cost more than a row
const shortest = 2; // seconds that can be zoomed to

/** What the charts ask for. */
export interface LargeAsked { close(): void; compare(names: string[]): void; paint(): void }

export class LargeCharts {
  #box: HTMLElement;
  #store: Store;
  #asked: LargeAsked;
  #plots = new Map<Series, Plot>();
  #library: typeof uPlot | null = null;
  #problem = "";
  #palette: Palette = palette();
  #width = 0;
  #names: string[] = [];
  #range = kept;
  #log = false;
  #smooth = false;
  #drawnAt = -Infinity;
  #zoom: [number, number] | null = null;
  open = false;

  constructor(box: HTMLElement, store: Store, asked: LargeAsked) {
    this.#box = box;
    this.#store = store;
    this.#asked = asked;
    new ResizeObserver(() => this.#resize()).observe(box);
    whenThemeChanges(() => {
      this.#palette = palette();
      for (const plot of this.#plots.values()) plot.repaint();
    });
  }

  /** Opens or closes them. */
  set(open: boolean) {
    if (open === this.open) return;
    this.open = open;
    this.#box.hidden = !open;
    this.#drawnAt = -Infinity;
    if (open) {
      void this.#load();
      return;
    }
    this.#clear();
    this.#zoom = null;
  }

  #clear() {
    for (const plot of this.#plots.values()) plot.destroy();
    this.#plots.clear();
  }

  /** Takes the reader there. */
  focus() {
    this.#box.querySelector<HTMLElement>("h2")?.focus({ preventScroll: true });
    this.#box.scrollIntoView({ block: "nearest" });
  }

  /** Shows assets, the first of them the one that the others are compared with, as long as it is open; now is the hub's time, state how old the first one's numbers are. */
  show(names: string[], now: number, state: Fresh) {
    const other = names.slice(0, most).join() !== this.#names.join();
    if (!this.open || (!other && performance.now() - this.#drawnAt < drawEvery)) return;
    this.#names = names.slice(0, most);
    this.#frame(state);
    if (this.#library === null) return;
    this.#drawnAt = performance.now();
    const whole = (name: string, of: Series): Line => this.#store.histories.get(name)?.whole(of) ?? blank;
    const [from, to] = this.#zoom ?? this.#stretch(now);
    for (const name of series) this.#plot(this.#library, name).draw(this.#names.map((asset): Named => ({ name: asset, line: whole(asset, name) })), from, to);
  }

  /** The seconds that the range says; of all that is kept, those that something is known of. */
  #stretch(now: number): [number, number] {
    if (this.#range < kept) return [now - this.#range, now];
    const firsts = this.#names.map((name) => this.#store.histories.get(name)?.whole("avn_loss").times[0] ?? now);
    return [Math.min(now - fewest, ...firsts), now];
  }

  async #load() {
    if (this.#library !== null) return;
    try {
      this.#library = (await import("/ui/shared/chart.js")).default;
      this.#problem = "";
    } catch {
      this.#problem = "What draws the charts could not be loaded. Close them and try again when there is a connection.";
    }
    this.#again();
  }

  /** Draws with the next frame. */
  #again() {
    this.#drawnAt = -Infinity;
    this.#asked.paint();
  }

  #plot(library: typeof uPlot, name: Series): Plot {
    let plot = this.#plots.get(name);
    if (plot === undefined) {
      const part = (kind: string) => this.#box.querySelector<HTMLElement>(`[data-series="${name}"] ${kind}`) ?? this.#box;
      plot = new Plot(library, part(".plot"), part(".legend").appendChild(document.createElement("div")), this.#columns(), {
        key: "large", log: this.#log && name !== "avn_accuracy", smooth: this.#smooth, palette: () => this.#palette,
        value: name === "avn_accuracy" ? (v) => share(v) : (v) => loss(v), tick: name === "avn_accuracy" ? (v) => share(v) : tick,
        zoom: (from, to) => this.#look(from, to), reset: () => this.#all(),
      });
      this.#plots.set(name, plot);
    }
    return plot;
  }

  #look(from: number, to: number) {
    const middle = (from + to) / 2;
    const half = Math.max(shortest, to - from) / 2;
    this.#zoom = half * 2 > kept ? null : [middle - half, middle + half];
    this.#again();
  }

  #all() {
    this.#zoom = null;
    this.#again();
  }

  #choose(range: number) {
    this.#range = range;
    this.#all();
  }

  /** Draws the losses over powers of ten, or evenly again. */
  #scale() {
    this.#log = !this.#log;
    this.#anew();
  }

  /** Draws averages, what was published faintly behind them, or only this again. */
  #average() {
    this.#smooth = !this.#smooth;
    this.#anew();
  }

  /** Makes the charts again: one has the scale and the lines that it was made with. */
  #anew() {
    this.#clear();
    this.#again();
  }

  #resize() {
    const width = this.#columns();
    if (!this.open || width === this.#width) return;
    this.#width = width;
    for (const plot of this.#plots.values()) plot.resize(width);
  }

  #columns(): number {
    const width = this.#box.clientWidth;
    return Math.max(240, Math.floor(width >= 760 ? (width - 48) / 2 : width - 32));
  }

  /** The choice of one more, where the inspector that has it does not stand beside. */
  #more() {
    const [asset, ...others] = this.#names;
    const all = this.#store.names().filter((name) => !this.#names.includes(name)).sort();
    return asset === undefined || all.length === 0 ? nothing : html`<span class="over">${compareWith(all, others, this.#asked.compare)}</span>`;
  }

  /** All but the charts themselves. */
  #frame(state: Fresh) {
    const [asset, ...others] = this.#names;
    render(html`<div class="head"><h2 tabindex="-1">${asset} ${state.state === "live" ? html`<span class="sub">as this page saw it</span>` : fresh(state)}</h2><div class="grow"></div>
      ${others.map((name) => html`<button class="button" type="button" aria-label="Compare no longer with ${name}" @click=${() => this.#asked.compare(others.filter((other) => other !== name))}>${name} ×</button>`)}
      ${this.#more()}
      <button class="button" type="button" aria-pressed=${this.#log} @click=${() => this.#scale()}>Log scale</button>
      <button class="button" type="button" aria-pressed=${this.#smooth} @click=${() => this.#average()}>Smooth</button>
      <div class="choice" role="group" aria-label="Time range">${ranges.map(([range, name]) => html`<button type="button" aria-pressed=${this.#zoom === null && this.#range === range} @click=${() => this.#choose(range)}>${name}</button>`)}</div>
      <button class="button unzoom" type="button" ?disabled=${this.#zoom === null} @click=${() => this.#all()}>Reset zoom</button>
      <button class="button shut" type="button" @click=${() => this.#asked.close()}>Close charts</button></div>
      ${this.#problem === "" ? nothing : html`<p class="none" role="alert">${this.#problem}</p>`}
      <div class="plots">${series.map((name) => html`<figure data-series=${name}><figcaption>${titles[name]}<div class="legend"></div></figcaption><div class="plot" tabindex="0" role="slider" aria-label="${titles[name]} over time" aria-valuemin="0" aria-valuenow="0"></div></figure>`)}</div>
      <p class="none">Drag over a chart to zoom, double click to see all again; one finger reads, two zoom, a double tap shows all; by keyboard ← and → move the cursor, + and − zoom, 0 resets. ${this.#smooth ? `Lines are moving averages that forget in ${fades} s, faint is what was published; numbers are as published. ` : nothing}Times are in UTC; a gap is what was not a number, or what this page did not see.</p>`, this.#box);
  }
}

/** Dark or light: the lines' colours stand in style.css, for their samples, too. */
const palette = (): Palette => ({ lines: [colour("--line-0"), colour("--line-1"), colour("--line-2")], text: colour("--mute"), grid: colour("--line") });
