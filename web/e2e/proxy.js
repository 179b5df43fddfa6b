// A proxy between page and server that can do what proxies and networks do:
// refuse WebSockets, or keep them open and deliver nothing more.

import { once } from "node:events";
import http from "node:http";
import net from "node:net";

export class Proxy {
  #held = new Set();
  /** Whether an upgrade is refused. */
  refusing = false;

  static async before(server) {
    const proxy = new Proxy();
    proxy.server = server;
    proxy.http = http.createServer((request, answer) => proxy.#forward(request, answer));
    proxy.http.on("upgrade", (request, socket, head) => proxy.#upgrade(request, socket, head));
    proxy.http.listen(0, "127.0.0.1");
    await once(proxy.http, "listening");
    return proxy;
  }

  get url() { return `http://127.0.0.1:${this.http.address().port}`; }

  /** Lets no more bytes of the open WebSockets through, and does not close them. */
  stall() {
    for (const upstream of this.#held) {
      upstream.unpipe();
      upstream.resume();
    }
  }

  async close() {
    for (const upstream of this.#held) upstream.destroy();
    this.http.closeAllConnections();
    this.http.close();
    await once(this.http, "close");
  }

  #forward(request, answer) {
    const onward = http.request({ host: "127.0.0.1", port: this.server.port, path: request.url, method: request.method, headers: request.headers });
    onward.on("response", (response) => {
      answer.writeHead(response.statusCode, response.headers);
      response.pipe(answer);
    });
    onward.on("error", () => answer.destroy());
    request.pipe(onward);
  }

  #upgrade(request, socket, head) {
    socket.on("error", () => {});
    if (this.refusing) {
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    const upstream = net.connect(this.server.port, "127.0.0.1");
    this.#held.add(upstream);
    upstream.on("error", () => socket.destroy());
    upstream.on("close", () => {
      this.#held.delete(upstream);
      socket.destroy();
    });
    socket.on("close", () => upstream.destroy());
    const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
    upstream.write(`${request.method} ${request.url} HTTP/1.1\r\n${headers}\r\n`);
    upstream.write(head);
    upstream.pipe(socket);
    socket.pipe(upstream);
  }
}
