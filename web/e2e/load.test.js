// What a page costs its reader, in short; load.js takes as long as one likes.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { View, eventually, launch } from "./browser.js";
import { crowd, measure } from "./load.js";
import { Server } from "./server.js";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

test("500 assets at 10 updates a second leave the main thread to the reader", async (t) => {
  const hub = await new Server("hub", "--stale-after", "120s").start();
  const stop = await crowd(hub, 500, 10);
  const view = await View.open(browser, hub.url);
  try {
    await eventually("rows", async () => (await view.names()).length, 500);
    await sleep(5000);
    const { busy, heaps, nodes } = await measure(view, 10);
    t.diagnostic(`busy ${busy}, heap ${heaps}, nodes ${nodes}`);
    assert.ok(busy < 0.3, `got a main thread that is busy ${Math.round(100 * busy)} % of the time, want less than 30 %`);
    // The first update of each asset makes room for its history, so it is not quite flat yet; make web-load is for that.
    assert.ok(heaps.at(-1) - heaps[0] < 1e6, `got a heap that grew from ${heaps[0]} to ${heaps.at(-1)} bytes, want one that is flat`);
    assert.equal(await view.page.evaluate(() => { // the head stays in sight
      scrollTo(0, 5000);
      return document.querySelector("#assets thead").getBoundingClientRect().top;
    }), 56);
    await sleep(300);
    await view.page.screenshot({ path: new URL("shots/hub-500-light-1440.png", import.meta.url).pathname });
  } finally {
    await stop();
    await view.close();
    await hub.kill();
  }
});
