// How long it takes from a hub that is not there to a page that shows it.
//
//   QUASAR_BINARY=bin/quasar node web/e2e/paint.js [times]

import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { launch } from "./browser.js";
import { freePort } from "./server.js";

const times = Number(process.argv[2] ?? 9);
const browser = await launch();
const found = [];
try {
  for (let i = 0; i < times; i++) {
    const port = await freePort();
    const context = await browser.newContext(); // with nothing in its cache
    const page = await context.newPage();
    const began = performance.now();
    const hub = spawn(process.env.QUASAR_BINARY, ["hub", "--listen", `127.0.0.1:${port}`], { stdio: "ignore" });
    while (!(await fetch(`http://127.0.0.1:${port}/livez`).then((r) => r.ok, () => false))) await sleep(1);
    const ready = performance.now() - began;
    await page.goto(`http://127.0.0.1:${port}/`, { waitUntil: "commit" });
    await page.waitForFunction(() => document.querySelector("#connection")?.innerText.trim() === "Live stream", undefined, { polling: 5 });
    const shown = performance.now() - began;
    const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN);
    found.push({ ready, paint, shown });
    await context.close();
    hub.kill("SIGKILL");
  }
} finally {
  await browser.close();
}
const median = (key) => found.map((f) => f[key]).sort((a, b) => a - b)[Math.floor(found.length / 2)].toFixed(0);
const worst = (key) => Math.max(...found.map((f) => f[key])).toFixed(0);
for (const [key, what] of [["ready", "from the start of the process to its first answer"], ["paint", "from the navigation to the first contentful paint"], ["shown", "from the start of the process to a page with live data"]]) {
  console.log(`${what}: median ${median(key)} ms, worst of ${found.length} ${worst(key)} ms`);
}
