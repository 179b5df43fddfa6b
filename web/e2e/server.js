// The real binary, as a process of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const binary = process.env.QUASAR_BINARY;

/** A port that was free a moment ago. */
export async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** A command of the binary that serves at a port of 127.0.0.1 until stop or kill. */
export class Server {
  constructor(command, ...flags) {
    if (!binary) throw new Error("QUASAR_BINARY: got nothing, want the path of the quasar binary");
    this.command = command;
    this.flags = flags;
  }

  get url() { return `http://127.0.0.1:${this.port}`; }
  get ws() { return `ws://127.0.0.1:${this.port}`; }

  /** Starts it, at the port it had before if it ran before, and waits until it answers. */
  async start() {
    this.port ??= await freePort();
    this.process = spawn(binary, [this.command, "--listen", `127.0.0.1:${this.port}`, ...this.flags], { stdio: ["ignore", "ignore", "pipe"] });
    this.errors = "";
    this.process.stderr.on("data", (data) => { this.errors += data; });
    this.ended = once(this.process, "exit");
    for (let i = 0; i < 300; i++) {
      if (this.process.exitCode !== null) break;
      try {
        if ((await fetch(this.url + "/health")).ok || this.command === "sim") return this; // which has no /health
      } catch { /* not yet */ }
      await sleep(50);
    }
    await this.kill();
    throw new Error(`quasar ${this.command} does not answer:\n${this.errors}`);
  }

  /** Ends it with -9. */
  async kill() {
    if (!this.process) return;
    this.process.kill("SIGKILL");
    await this.ended;
  }
}
