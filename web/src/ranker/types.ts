// What the ranker answers, as far as this page shows it: /api/state and
// /performance. openapi.json has all of it. Money is decimal text, times are Unix
// seconds.

export type Side = "BUY" | "SELL";
export type Interval = [number, number];

export interface Belief { score: number; mean: number; sd: number; interval: Interval }

export interface Row {
  rank: number | null;
  formula_rank: number | null;
  space_name: string;
  score: number | null;
  signal_confidence: number | null;
  avn_accuracy: number | null;
  dominant_signal: string | null;
  reason: string | null;
  belief: Belief | null;
  propensity: number | null;
  tradable: boolean;
  held_back: string[];
  snapshot: {
    updated_at: number | null;
    training_at: number | null;
    voting_at: number | null;
    voting: { buy_count: number | null; sell_count: number | null; signal_source: string | null };
  };
}

export interface Gate {
  open: boolean;
  n: number;
  least: number;
  needed: number | null;
  mean: number | null;
  interval: Interval | null;
  sentence: string;
}

export interface Policy {
  active: string;
  reward: string;
  feedback: string;
  model: string | null;
  ordered_by: string;
  horizon_seconds: number;
  decide_every_seconds: number;
  cost: number;
  labels: { learned: number; dropped: number; pending: number };
  decisions: number;
  gate: Gate;
  notes: string[];
}

export interface Order {
  id: string;
  state: string;
  space_name: string | null;
  side: Side | null;
  symbol: string;
  kind: string;
  contract_id: number | null;
  price: string;
  payout: string | null;
  profit: string | null;
  result: string | null;
  running_profit: string | null;
  running_at: number | null;
  reason: string | null;
  planned_at: number | null;
  purchased_at: number | null;
  expires_at: number | null;
  changed_at: number;
}

export interface Decision {
  id: number;
  timestamp: number;
  space_name: string;
  side: Side;
  explored: boolean;
  eligible: number;
  held_back: Record<string, number>;
  propensity: number;
  belief: Belief | null;
  outcome: { reward: number | null; move: number | null; dropped: string | null } | null;
  order: Order | null;
  refused: { reasons: string[]; details: string[] } | null;
}

export interface Account {
  mode: "paper" | "demo" | "live";
  id: string;
  currency: string;
  venue: string;
  connected: boolean;
  reconciled: boolean;
  balance: string;
  timestamp: number;
  unresolved: string | null;
  standing: "ACTIVE" | "REDUCING" | "HALTED";
  why: string[];
  halted: { reason: string; detail: string; by: string; since: number | null } | null;
  journal_error: string | null;
}

export interface Limits {
  max_stake: string;
  max_open: number;
  max_open_payout: string;
  per_minute: number;
  per_hour: number;
  per_day: number;
  daily_loss: string;
  rolling_loss: string;
  max_drawdown: number;
  loss_streak: number;
  cool_down: number;
  need_evidence: boolean;
}

export interface Used {
  open: number;
  foreign: number;
  open_payout: string;
  minute: number;
  hour: number;
  day: number;
  daily_loss: string;
  rolling_loss: string;
  drawdown: number;
  losses_in_a_row: number;
  at_stake: string;
}

export interface Foreign { id: number; symbol?: string; price: string; expiry?: string }

export interface Trade {
  account: Account;
  reasons: string[];
  venue: { connected: boolean; reconciled: boolean; lag_seconds: number; offset_seconds: number; speed: number };
  limits: Limits;
  used: Used;
  positions: Order[];
  foreign: Foreign[];
  recent: Order[];
  seq: number;
  commands: boolean;
}

export interface State {
  version: string;
  hub_timestamp: number;
  timestamp: number;
  uptime_seconds: number;
  insecure_allow_anonymous: boolean;
  hub: { url: string; connected: boolean; since: number; last_frame_at: number | null; last_error: string | null };
  policy: Policy;
  waiting: string[];
  updates: number;
  stale_after_seconds: number;
  order: string;
  ordered_by: string;
  formula: string;
  rankings: Row[];
  decisions: Decision[];
  trade: Trade | null;
}

export interface Point {
  at: string;
  n: number;
  profit: number;
  low: number | null;
  high: number | null;
  coin_low: number | null;
  coin_high: number | null;
  coin_mean: number | null;
}

export interface ReportRow {
  name: string;
  verdict: { finding: string; sentence: string };
  n: number;
  won: number;
  lost: number;
  win_rate: { rate: number; low: number; high: number } | null;
  break_even: number | null;
  expectancy: { mean: number; low: number; high: number; counted: number; overlapping: number; waiting: number } | null;
  profit: string | null;
  drawdown: { amount: string; share: number | null } | null;
  losing_streak: number;
  coin: { orders: number; mean: number; sd: number; p_at_least: number } | null;
  needed: number | null;
  curve: Point[];
}

export interface Report {
  verdict: { finding: string; sentence: string };
  start: string | null;
  correction: { tests: number; level: number };
  total: ReportRow;
  assets: ReportRow[];
  kinds: ReportRow[];
  policies: ReportRow[];
  apart: { orphans: number; unresolved: number; rejected: number; abandoned: number };
  seed: number;
  runs: number;
}
