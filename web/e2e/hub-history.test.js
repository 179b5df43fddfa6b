// What the hub's page has seen, over a reload.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "./browser.js";
import { live, withHub } from "./hub.js";
import { training, voting } from "./publisher.js";

/** Publishes for V75 ten times a second until the function that is returned is called. */
function beat(publisher) {
  let step = 0;
  const timer = setInterval(() => publisher.metrics(training(++step, 0.49 + (step % 3) / 100, 0.2 + (step % 7) / 50), voting(9, 1)), 100);
  return () => clearInterval(timer);
}

/** The line of the AVN loss in the inspector: how many parts it has, and how many points. */
const line = (page) => page.page.evaluate(() => {
  const d = document.querySelector("#inspector .mini.avn_loss .spark-line")?.getAttribute("d") ?? "";
  return { parts: d.split("M").length - 1, points: d.split(/[ML]/).length - 1 };
});
const points = (page, least) => eventually("points", () => line(page), ({ points }) => points >= least);
/** How much of a small chart's height its line takes. */
const taken = (page, series) => page.page.$eval(`#inspector .mini.${series} .spark`, (chart) => chart.querySelector(".spark-line").getBBox().height / chart.height.baseVal.value);
const heading = (page) => page.text("#inspector h3");

withHub("a reload loses nothing of the charts", [], async (hub, { view, publisher }) => {
  const p = await publisher("V75");
  const stop = beat(p);
  const page = await view();
  await points(page, 5);
  await eventually("the vitals", () => page.page.locator("#vitals .spark-line").count(), 2);
  stop(); // so that nothing that is shown after the reload can be new
  const before = await line(page);
  assert.ok(await taken(page, "avn_accuracy") < 0.15, "the noise of an accuracy does not look like a trend");
  await page.page.reload();
  await eventually("the line", () => line(page), ({ points }) => points >= before.points - 1);
  assert.equal((await line(page)).parts, 1);
  assert.doesNotMatch(await heading(page), /gaps/);
  p.metrics(training(1000, 0.5, 0.21), voting(9, 1));
  await eventually("steps", () => page.cell("V75", "c-steps"), (text) => text.startsWith("1,000"));
  assert.equal((await line(page)).parts, 1);
});

withHub("what the page missed while it was away is a gap in the charts", [], async (hub, { view, publisher }) => {
  const stop = beat(await publisher("V75"));
  try {
    const page = await view();
    await points(page, 4);
    await page.page.goto("about:blank");
    await sleep(8000);
    await page.page.goto(hub.url);
    const { points: all } = await points(page, 6);
    assert.equal((await line(page)).parts, 2);
    assert.ok(all >= 6);
    assert.match(await heading(page), /^Training, last \d+ s, with gaps$/);
    await page.shot("hub-gap");
  } finally {
    stop();
  }
});

withHub("another run of the hub begins behind a gap, in an open page and after a reload", [], async (hub, { view, publisher }) => {
  let stop = beat(await publisher("V75"));
  const page = await view();
  await points(page, 3);
  stop();
  await hub.kill();
  await hub.start();
  stop = beat(await publisher("V75"));
  try {
    await live(page);
    await eventually("parts", () => line(page), ({ parts, points }) => parts === 2 && points >= 6);
    await page.page.reload();
    await points(page, 6);
    assert.equal((await line(page)).parts, 2);
  } finally {
    stop();
  }
});

withHub("where the browser keeps nothing the page works as ever", [], async (hub, { view, publisher }) => {
  const stop = beat(await publisher("V75"));
  try {
    const none = await view(hub.url, { before: () => {
      Object.defineProperty(globalThis, "sessionStorage", { get() { throw new DOMException("no storage here", "SecurityError"); } });
    } });
    const full = await view(hub.url, { before: () => {
      Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); };
    } });
    const rubbish = await view(hub.url, { before: () => sessionStorage.setItem("quasar-hub-seen", '{"form":1,"assets":[["V75"') });
    for (const page of [none, full, rubbish]) {
      await points(page, 3);
      await page.page.evaluate(() => { // a page that is hidden keeps what it has, too
        Object.defineProperty(document, "hidden", { value: true, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      });
      await page.page.reload();
      await points(page, 3);
    }
  } finally {
    stop();
  }
});
