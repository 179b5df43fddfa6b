// Which limits a person can make tighter here, what stands, and what was typed for it.

import { count } from "../shared/format.js";
import { html, money, percent, type Piece } from "./show.js";
import type { Limits } from "./types.js";

type Unit = "money" | "count" | "percent";

const fields: { key: keyof Limits; name: string; unit: Unit }[] = [
  { key: "max_stake", name: "Stake of one contract", unit: "money" },
  { key: "daily_loss", name: "Loss in a day", unit: "money" },
  { key: "rolling_loss", name: "Loss in 24 h", unit: "money" },
  { key: "max_drawdown", name: "Drawdown, %", unit: "percent" },
  { key: "loss_streak", name: "Losses in a row", unit: "count" },
  { key: "max_open", name: "Open contracts", unit: "count" },
  { key: "max_open_payout", name: "Open payout", unit: "money" },
  { key: "per_minute", name: "Orders in a minute", unit: "count" },
  { key: "per_hour", name: "Orders in an hour", unit: "count" },
  { key: "per_day", name: "Orders in 24 h", unit: "count" },
];

/** What is to be sent, or what is wrong with what was typed. */
export interface Wanted { limits: Partial<Record<keyof Limits, string | number>>; wrong: string }

const forms: Record<Unit, [pattern: RegExp, want: string]> = {
  money: [/^\d{1,12}(\.\d{1,2})?$/, "an amount such as 2.50"],
  count: [/^\d{1,9}$/, "a whole number"],
  percent: [/^\d{1,3}(\.\d{1,4})?$/, "per cent such as 7.5"],
};

/** Reads what was typed, by the names of the limits; what is empty stays as it is. */
export function wanted(now: Limits, typed: (key: string) => string): Wanted {
  const limits: Wanted["limits"] = {};
  const wrong: string[] = [];
  for (const { key, name, unit } of fields) {
    const text = typed(key).trim();
    if (text === "") continue;
    const [pattern, want] = forms[unit];
    const value = unit === "percent" ? Number(text) / 100 : Number(text);
    const before = Number(now[key]);
    if (!pattern.test(text) || value === 0) wrong.push(`${name}: got “${text}”, want ${want}, more than 0.`);
    else if (before >= 0 && value >= before) wrong.push(`${name}: got ${text}, want less than ${shown(now, key, unit)}.`);
    else limits[key] = unit === "money" ? text : value;
  }
  if (wrong.length === 0 && Object.keys(limits).length === 0) wrong.push("Nothing was typed: want one limit or more.");
  return { limits, wrong: wrong.join(" ") };
}

function shown(now: Limits, key: keyof Limits, unit: Unit): string {
  const value = Number(now[key]);
  if (value < 0 || (key === "max_drawdown" && value >= 1)) return "off";
  if (unit === "money") return money(String(value));
  return unit === "percent" ? percent(value) : count(value);
}

/** A line for each limit: its name, what is in force, and a field for what shall be. */
export const lines = (now: Limits): Piece => html`<div class="tighten" role="group" aria-label="Limits: in force, and new">
  <span class="sub" aria-hidden="true">Limit</span><span class="sub" aria-hidden="true">In force</span><span class="sub" aria-hidden="true">New</span>
  ${fields.map(({ key, name, unit }) => html`<label for="tighten-${key}">${name}</label><b class="num" id="tighten-${key}-now">${shown(now, key, unit)}</b>
    <input id="tighten-${key}" name=${key} type="text" inputmode=${unit === "count" ? "numeric" : "decimal"} autocomplete="off" aria-describedby="tighten-${key}-now" placeholder="stays">`)}</div>`;
