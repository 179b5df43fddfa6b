// The shapes that hub and ranker speak of, as far as both pages need them. Every
// key is always there; what does not exist is null.

export interface Training {
  training_steps: number | null;
  actor_loss: number | null;
  critic_loss: number | null;
  avn_loss: number | null;
  avn_accuracy: number | null;
}

export interface Voting {
  dominant_signal: string | null;
  buy_count: number | null;
  sell_count: number | null;
  last_price: number | null;
  signal_source: string | null;
}

/** The newest of a space. Times are Unix seconds of the hub's clock. */
export interface Snapshot {
  space_name: string;
  training: Training;
  voting: Voting;
  seq: number;
  updated_at: number | null;
  training_at: number | null;
  voting_at: number | null;
}
