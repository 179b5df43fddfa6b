// A publisher that sends whatever it is told, byte for byte.

import { once } from "node:events";
import WebSocket from "ws";

export class Publisher {
  static async connect(server, space, token) {
    const publisher = new Publisher();
    publisher.socket = new WebSocket(`${server.ws}/ws/publish/${space}`, { headers: token ? { "X-Quasar-Token": token } : {} });
    publisher.socket.on("error", () => {}); // a hub that was killed
    await once(publisher.socket, "open");
    return publisher;
  }

  /** Sends text as it is, or a value as JSON. */
  send(frame) {
    this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  metrics(training, voting) {
    this.send({ type: "metrics", ...(training && { training }), ...(voting && { voting }) });
  }

  async close() {
    if (this.socket.readyState >= WebSocket.CLOSING) return;
    this.socket.close();
    await once(this.socket, "close");
  }
}

/** The two groups of a frame, made of a few numbers. */
export const training = (steps, accuracy, loss = 0.3) => ({ training_steps: steps, actor_loss: loss + 0.2, critic_loss: loss * 2, avn_loss: loss, avn_accuracy: accuracy });
export const voting = (buy, sell, price = 1000, source = "ensemble") => ({
  dominant_signal: buy > sell ? "BUY" : sell > buy ? "SELL" : "NEUTRAL", buy_count: buy, sell_count: sell, last_price: price, signal_source: source,
});
