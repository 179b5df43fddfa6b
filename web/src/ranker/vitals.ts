// What stands on top: whose money it is, whether anything is bought, how old the
// feeds are, and a strip of numbers.

import { age, clockTime, count, duration, plural, unknown } from "../shared/format.js";
import { html, money, nothing, percent, type Piece } from "./show.js";
import type { Feed, Word } from "./feed.js";
import type { Gate, Report, State, Trade } from "./types.js";

const modes = { paper: "Paper: pretended money", demo: "Demo account", live: "REAL MONEY" } as const;

/** Whether nothing is bought before an edge is proven: real money always waits for that. */
const needsEvidence = ({ account, limits }: Trade): boolean => account.mode === "live" || limits.need_evidence;

/** Whether the trader buys, in a word and the colour of a pill. */
export function armed(trade: Trade, gate: Gate): { text: string; tone: string } {
  const { account } = trade;
  if (account.standing === "HALTED") return { text: "Halted", tone: "bad" };
  if (account.standing === "REDUCING") return { text: "Buys nothing for now", tone: "warn" };
  if (!account.connected || !account.reconciled) return { text: account.connected ? "Checking the venue's books" : "No venue", tone: "warn" };
  if (needsEvidence(trade) && !gate.open) return { text: "Armed, waits for evidence", tone: "warn" };
  return { text: "Trading armed", tone: account.mode === "live" ? "bad" : "good" };
}

const pill = (tone: string, text: string, title = ""): Piece =>
  html`<span class="pill ${tone}" title=${title || nothing}><span class="dot" aria-hidden="true"></span><span class="num">${text}</span></span>`;

/** The row of pills under the bar. */
export function control(state: State, feed: Feed, word: Word): Piece {
  const { trade, hub, policy } = state;
  const reachable = word !== "offline" && word !== "connecting";
  const frame = hub.last_frame_at === null ? null : feed.ownClock.now() - hub.last_frame_at;
  const stands = trade === null ? null : armed(trade, policy.gate);
  return html`
    ${trade === null
      ? html`<span class="pill">Trading is off</span>`
      : html`<span class="pill ${trade.account.mode === "live" ? "bad" : "acc"}">${modes[trade.account.mode]}</span>`}
    ${stands === null ? nothing : pill(reachable ? stands.tone : "", reachable ? stands.text : `${stands.text}, when last heard`)}
    ${trade === null ? nothing : venuePill(trade, reachable)}
    ${pill(hub.connected && reachable ? "" : "bad", frame === null ? "No frame of the hub yet" : `Hub feed ${age(frame)}${frame < 1 ? "" : " old"}`, hub.url)}
    <span class="sub">bandit ${policy.active}, reward ${policy.reward}, ${policy.model === null ? "no model file" : `model ${policy.model}`}</span>`;
}

function venuePill({ venue, account }: Trade, reachable: boolean): Piece {
  if (!venue.connected) return pill("bad", `${account.venue} lost`);
  const lag = venue.lag_seconds <= 0 ? "" : `, ticks ${venue.lag_seconds < 1 ? `${Math.round(1000 * venue.lag_seconds)} ms` : `${venue.lag_seconds.toFixed(1)} s`} late`;
  return pill(reachable ? "" : "bad", `${account.venue}${lag}`, `clock off by ${venue.offset_seconds.toFixed(3)} s${venue.speed > 1 ? `; simulated, ${venue.speed} times faster than life` : ""}`);
}

interface Vital { name: string; value: Piece; unit?: string; note: string; warn?: boolean }

const one = ({ name, value, unit = "", note, warn = false }: Vital): Piece =>
  html`<div><dt>${name}</dt><dd>${value}${unit === "" ? nothing : html` <small>${unit}</small>`}</dd><dd class="note ${warn ? "warn" : ""}" title=${note}>${note}</dd></div>`;

/** The strip. Under a profit stands what it proves: a number alone would look like an edge. */
export function vitals(state: State, report: Report | null, feed: Feed): Piece {
  const all = state.trade === null ? withoutTrading(state, feed) : trading(state, state.trade, report);
  return html`<dl class="panel vitals" aria-label="The ranker">${all.map(one)}</dl>`;
}

const findings: Record<string, string> = {
  none: "nothing settled yet", chance: "not distinguishable from chance", loss: "in all, loses money", edge: "in all, evidence of an edge", part: "a part proves nothing",
};

function trading(state: State, { account, used, limits }: Trade, report: Report | null): Vital[] {
  const total = report?.total ?? null;
  const rate = total?.win_rate ?? null;
  const today = Number(used.daily_loss) === 0 ? "0" : String(-Number(used.daily_loss));
  const settled = state.decisions.filter((d) => d.order !== null).length, refused = state.decisions.filter((d) => d.refused !== null).length;
  return [
    { name: "Balance", value: money(account.balance), unit: account.currency, note: report?.start ? `began with ${money(report.start)}` : "what the books add up to" },
    { name: "Today, by UTC", value: money(today, { sign: true }), note: total === null ? "no report yet" : (findings[report?.verdict.finding ?? ""] ?? unknown) },
    {
      name: "Won", value: percent(rate?.rate), note: rate === null || total === null ? "nothing settled yet"
        : `95 %: ${(100 * rate.low).toFixed(0)} to ${(100 * rate.high).toFixed(0)}${total.break_even === null ? "" : `, break-even ${(100 * total.break_even).toFixed(1)}`}`,
    },
    { name: "Drawdown", value: percent(used.drawdown, used.drawdown > 0 && used.drawdown < 0.001 ? 2 : 1), note: limits.max_drawdown >= 1 ? "no limit below all of it" : `limit ${percent(limits.max_drawdown)}` },
    { name: "At stake", value: money(used.at_stake), note: `${plural(used.open, "contract")}${limits.max_open < 0 ? "" : `, limit ${limits.max_open}`}` },
    { name: "Decisions", value: count(state.policy.decisions), note: `lately ${settled} traded, ${refused} refused` },
  ];
}

function withoutTrading(state: State, feed: Feed): Vital[] {
  const { hub, policy, rankings } = state;
  const tradable = rankings.filter((row) => row.tradable).length;
  const now = feed.ownClock.now();
  return [
    { name: "Hub", value: hub.connected ? "Connected" : "Lost", note: `for ${duration(now - hub.since)}, since ${clockTime(hub.since)}`, warn: !hub.connected },
    { name: "Trading", value: "Off", note: "--trade paper trades on paper" },
    { name: "Decisions", value: count(policy.decisions), note: `one every ${duration(policy.decide_every_seconds)} at most` },
    { name: "Outcomes", value: count(policy.labels.learned), note: policy.labels.learned === 0 ? "has learned nothing yet" : `learned, ${count(policy.labels.pending)} to come` },
    { name: "Not held back", value: count(tradable), unit: `of ${count(rankings.length)}`, note: tradable === rankings.length ? "none held back" : `${count(rankings.length - tradable)} held back` },
    { name: "Uptime", value: duration(now - (state.timestamp - state.uptime_seconds)), note: `${plural(state.updates, "update")}, ${state.version}` },
  ];
}
