// The banners: what a person has to know before anything else.

import { clockTime, plural } from "../shared/format.js";
import { html, nothing, type Piece } from "./show.js";
import type { Word } from "./feed.js";
import type { State } from "./types.js";

interface Said { word: Word; since: number | null; next: number; said: string; retry: () => void; resume: () => void }

export function notices(state: State | null, { word, since, next, said, retry, resume }: Said): Piece {
  return html`
    ${state?.trade?.account.mode === "live" ? html`<div class="banner live" id="live"><b>REAL MONEY.</b> This ranker trades on the live account ${state.trade.account.id} at ${state.trade.account.venue}.</div>` : nothing}
    ${word === "offline" ? lost(since, next, retry) : nothing}
    ${said === "" ? nothing : html`<div class="banner bad" id="said" role="alert">${said}</div>`}
    ${state === null ? nothing : html`${halted(state, word, resume)}${hubLost(state, word)}
      ${state.insecure_allow_anonymous ? html`<div class="banner warn" id="anonymous">This ranker answers anybody: it was started with <code>--insecure-allow-anonymous</code>, so whoever reaches it can read all of this.</div>` : nothing}`}`;
}

/** Only what was lost is read out, not what counts down. */
const lost = (since: number | null, next: number, retry: () => void): Piece => html`<div class="banner bad" id="lost">
  <span><span role="alert">${since === null ? "No connection to the ranker. Nothing was received yet." : `No connection to the ranker since ${clockTime(since)} UTC. Everything below is the last that was received and does not change.`}</span>
  <span class="num" id="lost-next">${next > 0 ? `Next attempt in ${Math.ceil(next)} s.` : "Trying now."}</span></span>
  <button type="button" class="button" id="lost-now" @click=${retry}>Try now</button></div>`;

function halted({ trade }: State, word: Word, resume: () => void): Piece {
  if (trade === null || word === "offline") return nothing;
  const { account, positions, commands } = trade;
  if (account.journal_error !== null) return html`<div class="banner bad" id="journal" role="alert">The journal cannot be written, so nothing is bought: ${account.journal_error}</div>`;
  const { halted } = account;
  if (halted !== null) {
    const open = positions.length === 0 ? "No contract is open." : `${plural(positions.length, "open contract")} ${positions.length === 1 ? "runs" : "run"} to ${positions.length === 1 ? "its" : "their"} end.`;
    return html`<div class="banner bad" id="halted" role="alert"><span>Trading halted at ${clockTime(halted.since)}${trade.venue.speed > 1 ? " of the venue" : ""} by ${halted.by} (${halted.reason}${halted.detail === "" ? "" : `: ${halted.detail}`}). Nothing is bought. ${open}</span>
      ${commands ? html`<button type="button" class="button" id="resume" @click=${resume}>Resume…</button>` : html`<span>quasar trade resume ends it.</span>`}</div>`;
  }
  if (account.standing !== "ACTIVE") return html`<div class="banner warn" id="reducing">Nothing is bought for now: ${account.why.join("; ")}.</div>`;
  return nothing;
}

function hubLost({ hub }: State, word: Word): Piece {
  if (word !== "degraded") return nothing;
  return html`<div class="banner bad" id="hub-lost" role="alert">The ranker has no connection to its hub since ${clockTime(hub.since)} UTC${hub.last_error === null ? "" : ` (${hub.last_error})`}. It keeps trying; what stands below is the last it received.</div>`;
}
