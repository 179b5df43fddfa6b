// Node's `ws` as a client, driven by lines.
//
//   ws.mjs publish URL     sends each line of stdin as it is, prints what it receives
//   ws.mjs subscribe URL   prints each message it receives as one line
//
// A publisher prints "open" when it may be fed and "closed" when it has ended well.

import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";

const answerTime = 500; // milliseconds in which an answer that must not come would come

const [, , role, url] = process.argv;
const socket = new WebSocket(url);
socket.on("message", (data) => console.log(data.toString()));
socket.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
await new Promise((open) => socket.once("open", open));

if (role === "publish") {
  console.log("open");
  for await (const line of createInterface({ input: process.stdin })) {
    socket.send(line);
  }
  await sleep(answerTime);
  socket.close(1000);
  await new Promise((closed) => socket.once("close", closed));
  console.log("closed");
}
