// What a page costs its reader: a hub with many assets, and the browser's own
// counters of the page that shows them.
//
//   QUASAR_BINARY=bin/quasar node web/e2e/load.js [seconds [assets [updates a second]]]

import { setTimeout as sleep } from "node:timers/promises";
import { View, launch } from "./browser.js";
import { Publisher, training, voting } from "./publisher.js";
import { Server } from "./server.js";

/** Publishes so many updates a second in all, round and round, until stop is called. */
export async function crowd(hub, assets, rate) {
  const publishers = [];
  for (let i = 0; i < assets; i++) publishers.push(await Publisher.connect(hub, `V${String(i).padStart(3, "0")}`));
  const send = (i, n) => publishers[i].metrics(training(1000 + n, 0.3 + (i % 60) / 100, 0.2 + Math.abs(Math.sin(n / 40 + i)) / 4), voting(1 + ((i + n) % 9), 1 + (i % 4), 1000 + i));
  for (let i = 0; i < assets; i++) send(i, 0);
  let n = 0;
  const beat = setInterval(() => send(++n % assets, n), 1000 / rate);
  return async () => {
    clearInterval(beat);
    for (const publisher of publishers) publisher.socket.terminate();
  };
}

/** How busy the main thread is (a share of the time) and how the heap changes (bytes, after a collection), for so many seconds. */
export async function measure(view, seconds) {
  const browser = await view.context.newCDPSession(view.page);
  await browser.send("Performance.setTimeDomain", { timeDomain: "threadTicks" }); // the thread's own time, whatever else the machine does
  await browser.send("Performance.enable");
  await browser.send("HeapProfiler.enable");
  const counters = async () => Object.fromEntries((await browser.send("Performance.getMetrics")).metrics.map(({ name, value }) => [name, value]));
  const heap = async () => {
    await browser.send("HeapProfiler.collectGarbage");
    return (await counters()).JSHeapUsedSize;
  };
  const heaps = [await heap()];
  const before = await counters();
  const started = performance.now();
  const parts = Math.max(1, Math.round(seconds / 60));
  for (let i = 0; i < parts; i++) {
    await sleep((seconds * 1000) / parts);
    if (i < parts - 1) heaps.push(await heap());
  }
  const after = await counters();
  heaps.push(await heap());
  const took = (performance.now() - started) / 1000;
  const part = (name) => (after[name] - before[name]) / took;
  return { busy: part("TaskDuration"), script: part("ScriptDuration"), layout: part("LayoutDuration"), style: part("RecalcStyleDuration"), heaps, nodes: [before.Nodes, after.Nodes] };
}

/** Milliseconds from the start of a hub to the first meaningful paint of its page, and from the request to it. */
export async function firstPaint(browser) {
  const hub = new Server("hub");
  const started = performance.now();
  await hub.start();
  const view = await View.open(browser, hub.url);
  const paint = await view.page.evaluate(() => new Promise((resolve) => {
    const look = () => {
      const entry = performance.getEntriesByName("first-contentful-paint")[0];
      if (entry) resolve(entry.startTime);
      else setTimeout(look, 10);
    };
    look();
  }));
  const all = performance.now() - started;
  await view.close();
  await hub.kill();
  return { paint, all };
}

async function main([seconds = "600", assets = "500", rate = "10"]) {
  const browser = await launch();
  const hub = await new Server("hub", "--stale-after", "120s").start();
  try {
    const stop = await crowd(hub, Number(assets), Number(rate));
    const view = await View.open(browser, hub.url);
    await sleep(10_000);
    const { heaps, ...rest } = await measure(view, Number(seconds));
    console.log(JSON.stringify({ ...rest, heapMB: heaps.map((bytes) => Number((bytes / 1e6).toFixed(2))) }));
    await stop();
    await view.close();
    console.log(JSON.stringify(await firstPaint(browser)));
  } finally {
    await browser.close();
    await hub.kill();
  }
}

if (import.meta.url === `file://${process.argv[1]}`) await main(process.argv.slice(2));
