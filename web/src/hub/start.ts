// What to do while nothing has been published: commands that work against this
// very hub, wherever it stands.

import type { Store } from "./store.js";
import { byId, setHidden, setText } from "../shared/dom.js";

/** Fills in the hub's own address. */
export function prepareStart(location: Location) {
  const secure = location.protocol === "https:";
  const socket = `${secure ? "wss" : "ws"}://${location.host}`;
  setText(byId("try-command"), `quasar publish V75 --hub ${socket} --dominant-signal BUY --buy-count 7 --sell-count 3 --avn-accuracy 0.81`);
  setText(byId("try-python"), `# curl -O ${location.origin}/sdk/websocket_client.py
from websocket_client import AssetSpacePublisher, TrainingMetrics, VotingMetrics

pub = AssetSpacePublisher("V75", "${socket}/ws/publish/V75")
pub.start()
pub.publish_combined(
    TrainingMetrics(training_steps=1200, avn_accuracy=0.81),
    VotingMetrics(dominant_signal="BUY", buy_count=7, sell_count=3),
)
pub.stop()`);
  for (const button of document.querySelectorAll<HTMLElement>("[data-copy]")) button.addEventListener("click", () => copy(button));
}

async function copy(button: HTMLElement) {
  const source = byId(button.dataset["copy"] ?? "");
  try {
    await navigator.clipboard.writeText(source.textContent);
    setText(button, "Copied");
  } catch {
    getSelection()?.selectAllChildren(source); // for the reader's own keys
    setText(button, "Selected");
  }
  setTimeout(() => setText(button, "Copy"), 2000);
}

/** Shows it while the hub is known to hold nothing. */
export function showStart(store: Store) {
  setHidden(byId("start"), store.books === null || store.names().length > 0);
}
