// The feed of the ranker's page: one poll a second.

import { ServerClock } from "../shared/clock.js";
import { Poller } from "../shared/poll.js";

const every = 1000; // milliseconds

export class Feed {
  /** The newest answer of /api/state, or null. */
  state = null;
  /** The hub's clock, which all ages go by, and the ranker's own. */
  hubClock = new ServerClock();
  ownClock = new ServerClock();

  #poller;
  #changed;
  #failed = false;
  #lastContact = null;

  /** changed() is called after each poll. */
  constructor(changed) {
    this.#changed = changed;
    this.#poller = new Poller("/api/state", () => every, {
      taken: (state) => this.#taken(state),
      same: () => this.#heard(),
      failed: () => {
        this.#failed = true;
        this.#changed();
      },
    });
  }

  start() {
    this.#poller.start();
  }

  /**
   * The connection: {state, since}. The state is "connecting", "live", "degraded"
   * (the ranker answers and has no hub) or "offline"; since is the ranker's time
   * of the last contact, null for none.
   */
  status() {
    return { state: this.#word(), since: this.#lastContact };
  }

  #word() {
    if (this.#failed) return "offline";
    if (this.state === null) return "connecting";
    return this.state.hub.connected ? "live" : "degraded";
  }

  #taken(state) {
    this.state = state;
    this.hubClock.observe(state.hub_timestamp);
    this.ownClock.observe(state.timestamp);
    this.#heard();
  }

  #heard() {
    this.#failed = false;
    this.#lastContact = this.ownClock.now();
    this.#changed();
  }
}
