// The table as a file for a spreadsheet.

import type { Listed } from "./arranged.js";
import type { Snapshot } from "../shared/wire.js";

const header = ["rank", "space_name", "score", "signal_confidence", "avn_accuracy", "dominant_signal", "buy_count", "sell_count", "last_price",
  "signal_source", "training_steps", "actor_loss", "critic_loss", "avn_loss", "state", "updated_at", "training_at", "voting_at", "seq"];

/** What is shown, in its sequence, as CSV (RFC 4180). What is not known is empty. */
export function csv(listed: readonly Listed[], snapshots: Map<string, Snapshot>): string {
  const lines = listed.map(({ name, rank, described }) => {
    const d = described();
    const s = snapshots.get(name);
    return [rank, name, d.score, d.confidence, d.accuracy, d.signal, d.buy, d.sell, s?.voting.last_price, d.source || null, s?.training.training_steps,
      s?.training.actor_loss, s?.training.critic_loss, s?.training.avn_loss, d.fresh.state, s?.updated_at, s?.training_at, s?.voting_at, s?.seq];
  });
  return [header, ...lines].map((line) => line.map(field).join(",")).join("\r\n") + "\r\n";
}

/** A text that a spreadsheet would take for a formula gets a ' before it. */
function field(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Hands a text to the reader as a file. */
export function save(text: string, name: string) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
