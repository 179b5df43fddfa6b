// The pictures of the documentation: `quasar demo` after a while, as it looks.
//
//   make pictures

import { mkdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { View, eventually, launch } from "./browser.js";
import { Server, freePort } from "./server.js";

const images = fileURLToPath(new URL("../../docs/images/", import.meta.url));
const minutes = Number(process.env.MINUTES ?? 2);

/** Waits for a moment in which the rows stand in the order of their scores. */
const inOrder = (view) => eventually("scores", () => view.page.$$eval("tbody[data-space] .asset-row .c-score", (cells) =>
  cells.map((cell) => Number.parseFloat(cell.innerText.replace("\u2212", "-")))), (scores) => scores.every((s, i) => i === 0 || scores[i - 1] >= s));

const rankerPort = await freePort();
const demo = new Server("demo", "--ranker-listen", `127.0.0.1:${rankerPort}`, "--seed", "1");
await demo.start();
const browser = await launch();
try {
  await mkdir(images, { recursive: true });
  const ranker = `http://127.0.0.1:${rankerPort}`;
  const seen = await View.open(browser, demo.url, { viewport: { width: 1440, height: 900 } }); // its charts are those of the whole time
  await sleep(minutes * 60_000);
  for (const [name, url, colorScheme] of [["hub", demo.url, "light"], ["hub", demo.url, "dark"], ["ranker", ranker, "light"], ["ranker", ranker, "dark"]]) {
    const view = name === "hub" ? seen : await View.open(browser, url, { viewport: { width: 1440, height: 900 }, colorScheme });
    await view.page.emulateMedia({ colorScheme });
    if (name === "hub" && colorScheme === "dark") await view.page.goto(`${url}/#asset=V75&compare=V100_1s`);
    await sleep(4000);
    if (name === "hub") await inOrder(view); // rows do not jump with every number
    await view.page.screenshot({ path: `${images}${name}-${colorScheme}.png` });
    if (view !== seen) await view.close();
  }
  await seen.close();
} finally {
  await browser.close();
  await demo.kill();
}
