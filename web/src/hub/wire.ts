// The answers of the hub, as far as the page reads them (openapi.json has all).

import type { Snapshot } from "../shared/wire.js";

export interface Suspicion { since: number; until: number; reasons: Record<string, string> }

/** What the hub counts of one publisher. */
export interface Book {
  connected: boolean;
  live_connections: number;
  connects: number;
  connected_at: number | null;
  disconnected_at: number | null;
  last_frame_at: number | null;
  accepted: number;
  rejected: number;
  field_errors: number;
  non_finite: number;
  superseded: number;
  throttled: number;
  stripped: number;
  stripped_fields: Record<string, number>;
  implausible: number;
  suspect: Suspicion | null;
  last_rejection: { at: number; reason: string } | null;
  note: string | null;
}

export interface Subscriber {
  id: number;
  client: string;
  connected_at: number;
  assets: string[] | null;
  compressed: boolean;
  sent: number;
  conflated: number;
  pending: number;
}

export interface HubEvent { at: number; kind: string; space_name: string | null; text: string }

/** How long updates took to reach subscribers, since the hub started: how many in all, and within how many seconds. */
export interface Latency { count: number; within: Record<string, number> }

export interface Stats {
  uptime_seconds: number;
  publishers: number;
  subscribers: number;
  assets: number;
  accepted: number;
  rejected: number;
  field_errors: number;
  non_finite: number;
  stripped: number;
  superseded: number;
  throttled: number;
  implausible: number;
  conflated: number;
  updates_per_second: number;
}

/** What joins the hub to others. */
export interface Engine { members: string[]; problem: string | null; hubs: { hub_id: string; alive: boolean }[] }

/** At which hub the newest connection of a publisher is, and where there are older ones. */
export interface Owner { hub_id: string; superseded_at: string[] }

/** The answer of /api/state. */
export interface State {
  hub_timestamp: number;
  version: string;
  hub_id: string;
  insecure_allow_anonymous?: boolean;
  stale_after_seconds: number;
  /** The ranker's page; null or not there where the hub was told of none. */
  ranker_url?: string | null;
  snapshots: Record<string, Snapshot>;
  rankings: { space_name: string; connected: boolean }[];
  publishers: Record<string, Book>;
  owners?: Record<string, Owner>;
  engine?: Engine;
  subscribers: Subscriber[];
  events: HubEvent[];
  stats: Stats;
  fanout_latency: Latency;
}
