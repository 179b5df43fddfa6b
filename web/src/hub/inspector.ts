// One asset in full, beside the table or, where there is no room, before it.

import { html, nothing, render } from "lit-html";
import { fresh } from "../shared/cells.js";
import { clockTime, count, duration, loss, rate, share, signed, unknown } from "../shared/format.js";
import { spark } from "../shared/spark.js";
import { type Asset, type Described, connection, describe, isSuspect, reasons, stripped } from "./asset.js";
import { compareWith } from "./compare.js";
import { type History, blank } from "./history.js";
import { far } from "./row.js";
import type { Series } from "./track.js";

/** What the inspector can be asked for: whether there are large charts, of which other assets, and of which there could be. */
export interface Asked {
  large: boolean;
  others: string[];
  all: string[];
  close(): void;
  copyLink(button: HTMLElement): void;
  copyJSON(button: HTMLElement): void;
  enlarge(): void;
  compare(names: string[]): void;
}

/** Shows an asset in box. */
export function inspect(box: HTMLElement, asset: Asset, history: History | undefined, asked: Asked) {
  const d = describe(asset);
  render(html`<div class="head">
    <h2 id="inspector-heading" tabindex="-1">${d.name}</h2><span class="sub">${d.instrument}</span><div class="grow"></div>${fresh(d.fresh)}
    <button class="icon close" type="button" aria-label="Close the inspector" @click=${asked.close}><svg viewBox="0 0 16 16" aria-hidden="true"><line x1="4" y1="4" x2="12" y2="12"></line><line x1="12" y1="4" x2="4" y2="12"></line></svg></button>
  </div>
  <div class="body">
    ${formula(d)}
    <p class="sub said">${inWords(d)}</p>
    ${d.empty === "" ? nothing : html`<p class="said warn" id="empty-accuracy">${d.empty}</p>`}
    ${d.notice === "" ? nothing : html`<p class="said warn" id="notice">${d.notice}</p>`}
    <h3>Training, ${span(history)}</h3>
    ${charts.map(([series, name, show]) => mini(history, series, name, show(asset.snapshot?.training[series] ?? null)))}
    ${enlarged(asked)}
    <h3>Votes</h3>
    ${pairs([["Signal", d.signal ?? unknown], ["Votes", `${count(d.buy)} buy, ${count(d.sell)} sell`], ["Last price", d.price], ["Signal source", d.source || unknown],
      ["Votes changed", ago(asset, asset.snapshot?.voting_at)], ["Training changed", ago(asset, asset.snapshot?.training_at)], ["Steps", steps(d, history, asset.now)]])}
    <h3>Publisher</h3>
    ${pairs(publisher(asset))}
    <div class="row"><button class="button" type="button" @click=${(event: Event) => asked.copyLink(event.currentTarget as HTMLElement)}>Copy link</button>
    <button class="button" type="button" @click=${(event: Event) => asked.copyJSON(event.currentTarget as HTMLElement)}>Copy JSON</button></div>
  </div>`, box);
}

/** The way to the large charts, of this asset or of more. */
const enlarged = ({ large, others, all, enlarge, compare }: Asked) => html`<div class="row larger">
  <button class="button" id="enlarge" type="button" aria-expanded=${large} aria-controls="large" @click=${enlarge}>${large ? "Hide large charts" : "Large charts"}</button>
  ${all.length === 0 ? nothing : compareWith(all, others, compare)}
</div>`;

const pairs = (list: [string, string, boolean?][]) => html`<dl class="pairs">${list.map(([name, value, warn]) => html`<dt>${name}</dt><dd class=${warn ? "num warn" : "num"}>${value}</dd>`)}</dl>`;

/** The formula, worked in the asset's own numbers. */
function formula(d: Described) {
  const first = d.confidence === null ? html`confidence = ${unknown}` : html`confidence = max(${count(d.buy)}, ${count(d.sell)}) / ${count((d.buy ?? 0) + (d.sell ?? 0))} = <b>${share(d.confidence)}</b>`;
  const second = d.score === null ? html`score = ${unknown}, ${d.reason}` : html`score = ${share(d.confidence)} − ${share(d.accuracy)} = <b>${signed(d.score)}</b>`;
  return html`<div class="math" tabindex="0" role="group" aria-label="The score, worked out"><div>${first}</div><div>${second}</div></div>`;
}

function inWords(d: Described): string {
  if (d.score === null || d.confidence === null || d.accuracy === null) return `No score: ${d.reason ?? "unknown"}. The asset stands after all that have one.`;
  const agree = `${count(Math.max(d.buy ?? 0, d.sell ?? 0))} of ${count((d.buy ?? 0) + (d.sell ?? 0))} votes agree; the measured accuracy is ${Math.round(100 * d.accuracy)}\u00a0%.`;
  if (d.score > far) return `${agree} The votes are far surer than the record warrants.`;
  if (d.score < -far) return `${agree} The votes are far less sure than the record would allow.`;
  return `${agree} The two are ${Math.abs(d.score) < 0.1 ? "close together" : "some way apart"}.`;
}

const charts: [Series, string, (v: number | null) => string][] = [
  ["actor_loss", "Actor loss", loss], ["critic_loss", "Critic loss", loss], ["avn_loss", "AVN loss", loss], ["avn_accuracy", "AVN accuracy", share],
];

/** A chart of a coin's accuracy over 200 guesses is to look level: four standard deviations either way. */
const leastAccuracy = 0.28;

function mini(history: History | undefined, series: Series, name: string, value: string) {
  const { values, ...line } = history?.line(series) ?? blank;
  return html`<div class="mini ${series}"><span>${name}</span>${spark(values, { ...line, width: 112, height: 34, label: name, area: true, least: series === "avn_accuracy" ? leastAccuracy : 0 })}<b class="num">${value}</b></div>`;
}

/** How long the page has watched, in words, and whether it was away meanwhile. */
function span(history: History | undefined): string {
  const times = history?.times ?? [];
  const first = times[0], last = times[times.length - 1];
  return first === undefined || last === undefined || last - first < 2 ? "since this page opened" : `last ${duration(last - first)}${history?.broken ? ", with gaps" : ""}`;
}

const ago = ({ now }: Asset, at: number | null | undefined) => (at == null ? "never" : now - at < 1 ? "now" : `${duration(now - at)} ago`);

function steps(d: Described, history: History | undefined, now: number): string {
  const pace = history?.rate(now) ?? null;
  return pace === null ? d.steps : `${d.steps}, ${rate(pace)} /s`;
}

/** What the hub counts of the publisher; what is never a fault is left out while it is 0. */
function publisher(asset: Asset): [string, string, boolean?][] {
  const { book, connected, now, reachable, snapshot } = asset;
  const link: [string, string] = ["Connection", reachable ? connection(book, connected, now) : "not known"];
  const place: [string, string, boolean?][] = [
    ...(asset.elsewhere === null ? [] : [["At the hub", asset.elsewhere] as [string, string]]),
    ...(asset.older.length === 0 ? [] : [["Superseded at", asset.older.join(", "), true] as [string, string, boolean]]),
  ];
  if (book === undefined) return [link, ...place];
  const optional: [string, number][] = [["Superseded", book.superseded], ["Throttled", book.throttled], ["Implausible", book.implausible], ["Not finite", book.non_finite], ["Bad fields", book.field_errors]];
  const last = book.last_rejection;
  return [
    link,
    ...place,
    ["Last frame", ago(asset, Math.max(book.last_frame_at ?? 0, snapshot?.updated_at ?? 0) || null)],
    ["Accepted", count(book.accepted)],
    ["Rejected", count(book.rejected), book.rejected > 0],
    ...(last === null ? [] : [["Last rejection", `${clockTime(last.at)} ${last.reason}`, true] as [string, string, boolean]]),
    ...optional.filter(([, n]) => n > 0).map(([name, n]): [string, string, boolean] => [name, count(n), true]),
    ["Suspect", book.suspect !== null && isSuspect(book, now) ? `since ${clockTime(book.suspect.since)}: ${reasons(book.suspect)}` : "no", isSuspect(book, now)],
    ["Stripped fields", stripped(book)],
    ["Sequence", snapshot === undefined ? unknown : String(snapshot.seq)],
  ];
}
